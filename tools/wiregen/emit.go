package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kinds of scalar shapes: the constant of package api, the Go type as a list's element, the Go type as a member.
var kinds = map[string][3]string{
	"string":    {"String", "string", "*string"},
	"character": {"String", "string", "*string"},
	"boolean":   {"Boolean", "bool", "*bool"},
	"integer":   {"Integer", "int", "*int"},
	"long":      {"Long", "int64", "*int64"},
	"double":    {"Double", "float64", "*float64"},
	"timestamp": {"Time", "api.Timestamp", "*api.Timestamp"},
	"blob":      {"Blob", "[]byte", "[]byte"},
}

// goType returns the Go type of a shape as a member of a structure, or as an element of a list or map.
func (g *generator) goType(name string, member bool) (string, error) {
	s := g.model.Shapes[name]
	switch {
	case s.Document:
		return "json.RawMessage", nil
	case s.Type == "structure" && member:
		return "*" + upperFirst(name), nil
	case s.Type == "structure":
		return upperFirst(name), nil
	case s.Type == "list":
		elem, err := g.goType(s.Member.Shape, false)
		return "[]" + elem, err
	case s.Type == "map":
		if g.model.Shapes[s.Key.Shape].Type != "string" {
			return "", fmt.Errorf("map %s: a key that is no string", name)
		}
		elem, err := g.goType(s.Value.Shape, false)
		return "map[string]" + elem, err
	}
	k, ok := kinds[s.Type]
	if !ok {
		return "", fmt.Errorf("shape %s: type %q is not known", name, s.Type)
	}
	if member {
		return k[2], nil
	}
	return k[1], nil
}

func (g *generator) writeStructure(b *bytes.Buffer, name string, s *shape) error {
	fmt.Fprintf(b, "// %s %s\ntype %[1]s struct {\n", upperFirst(name), g.usage(name))
	members := slices.Sorted(maps.Keys(s.Members))
	for _, m := range members {
		r := s.Members[m]
		t, err := g.goType(r.Shape, true)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "%s %s `json:\"%s,omitzero\"`", upperFirst(m), t, m)
		if notes := g.notes(s, m); notes != "" {
			b.WriteString(" // " + notes)
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n\n")
	if g.hides(name) {
		g.writeHiding(b, name)
	}
	fmt.Fprintf(b, "var shape%s = api.Shape{Name: %q, Kind: api.Structure", upperFirst(name), name)
	if s.Sensitive != nil && *s.Sensitive {
		b.WriteString(", Sensitive: true")
	}
	if len(members) > 0 {
		b.WriteString(", Members: []api.Member{\n")
		for i, m := range members {
			fmt.Fprintf(b, "{Name: %q, Field: %d, ", m, i)
			if slices.Contains(s.Required, m) {
				b.WriteString("Required: true, ")
			}
			fmt.Fprintf(b, "Shape: &shape%s},\n", upperFirst(s.Members[m].Shape))
		}
		b.WriteString("}")
	}
	b.WriteString("}\n\n")
	return nil
}

// usage returns the comment of a structure's type: where the structure is used.
func (g *generator) usage(name string) string {
	switch in, out := strings.Join(g.inputs[name], ", "), strings.Join(g.outputs[name], ", "); {
	case in != "" && out != "":
		return "is the input of " + in + " and the output of " + out + "."
	case in != "":
		return "is the input of " + in + "."
	case out != "":
		return "is the output of " + out + "."
	default:
		return "is the structure of that name in the model."
	}
}

// writeHiding writes methods with which fmt and slog print the struct without its secrets.
func (g *generator) writeHiding(b *bytes.Buffer, name string) {
	t := upperFirst(name)
	fmt.Fprintf(b, "// String prints the value without its sensitive parts.\n")
	fmt.Fprintf(b, "func (v %s) String() string { return api.Format(&shape%[1]s, v) }\n\n", t)
	fmt.Fprintf(b, "// GoString is String.\nfunc (v %s) GoString() string { return v.String() }\n\n", t)
	fmt.Fprintf(b, "// LogValue is String, for logs.\n")
	fmt.Fprintf(b, "func (v %s) LogValue() slog.Value { return slog.StringValue(v.String()) }\n\n", t)
}

// hides reports whether a shape or anything in it is sensitive.
func (g *generator) hides(name string) bool {
	s := g.model.Shapes[name]
	if s.Sensitive != nil && *s.Sensitive {
		return true
	}
	return slices.ContainsFunc(s.refs(), func(r ref) bool { return g.hides(r.Shape) })
}

// notes returns the comment of a member: what the model requires of it.
func (g *generator) notes(parent *shape, member string) string {
	var notes []string
	if slices.Contains(parent.Required, member) {
		notes = append(notes, "required")
	}
	s := g.model.Shapes[parent.Members[member].Shape]
	if bounds := s.bounds(); bounds != "" {
		notes = append(notes, bounds)
	}
	if len(s.Enum) > 0 {
		notes = append(notes, upperFirst(parent.Members[member].Shape))
	} else if s.Type == "list" && len(g.model.Shapes[s.Member.Shape].Enum) > 0 {
		notes = append(notes, "of "+upperFirst(s.Member.Shape))
	}
	if s.Sensitive != nil && *s.Sensitive {
		notes = append(notes, "sensitive")
	}
	return strings.Join(notes, ", ")
}

// bounds describes the limits of a shape: "1–128 characters".
func (s *shape) bounds() string {
	unit := map[string]string{"string": " characters", "blob": " bytes", "list": " elements", "map": " entries"}[s.Type]
	switch {
	case s.Min != nil && s.Max != nil && *s.Min == *s.Max:
		return fmt.Sprintf("%d%s", *s.Min, unit)
	case s.Max != nil && s.Min != nil:
		return fmt.Sprintf("%d–%d%s", *s.Min, *s.Max, unit)
	case s.Max != nil:
		return fmt.Sprintf("up to %d%s", *s.Max, unit)
	case s.Min != nil && *s.Min > 0:
		return fmt.Sprintf("at least %d%s", *s.Min, unit)
	}
	return ""
}

// writeShape writes a shape that is not a structure.
func (g *generator) writeShape(b *bytes.Buffer, name string, s *shape) error {
	kind := map[string]string{"list": "List", "map": "Map"}[s.Type]
	if s.Document {
		kind = "Document"
	} else if kind == "" {
		k, ok := kinds[s.Type]
		if !ok {
			return fmt.Errorf("shape %s: type %q is not known", name, s.Type)
		}
		kind = k[0]
	}
	fmt.Fprintf(b, "var shape%s = api.Shape{Name: %q, Kind: api.%s", upperFirst(name), name, kind)
	if s.Sensitive != nil && *s.Sensitive {
		b.WriteString(", Sensitive: true")
	}
	if s.Min != nil {
		fmt.Fprintf(b, ", Min: %d, HasMin: true", *s.Min)
	}
	if s.Max != nil {
		fmt.Fprintf(b, ", Max: %d, HasMax: true", *s.Max)
	}
	if s.Pattern != nil {
		fmt.Fprintf(b, ", Pattern: &%s", g.patterns[*s.Pattern])
	}
	if len(s.Enum) > 0 {
		fmt.Fprintf(b, ", Enum: %#v", s.Enum)
	}
	switch s.Type {
	case "list":
		fmt.Fprintf(b, ", Elem: &shape%s", upperFirst(s.Member.Shape))
	case "map":
		fmt.Fprintf(b, ", Key: &shape%s, Elem: &shape%s", upperFirst(s.Key.Shape), upperFirst(s.Value.Shape))
	}
	b.WriteString("}\n\n")
	return nil
}

func (g *generator) writePattern(b *bytes.Buffer, pattern string) error {
	expr, err := goPattern(pattern)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "var %s = api.Pattern{Source: %s", g.patterns[pattern], quote(pattern))
	if expr != "" {
		fmt.Fprintf(b, ", Expr: %s", quote(expr))
	}
	b.WriteString("}\n\n")
	return nil
}

func (g *generator) writeEnum(b *bytes.Buffer, name string, s *shape) {
	fmt.Fprintf(b, "// Values of %s.\nconst (\n", name)
	for _, value := range s.Enum {
		fmt.Fprintf(b, "%s%s = %q\n", upperFirst(name), camel(value), value)
	}
	b.WriteString(")\n\n")
}

// camel converts an enumerated value to a part of a Go name: ALLOW_USER_AUTH is AllowUserAuth, phone_number PhoneNumber.
func camel(value string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("_-:. /", r) }) {
		if word == strings.ToUpper(word) {
			word = word[:1] + strings.ToLower(word[1:])
		}
		b.WriteString(upperFirst(word))
	}
	return b.String()
}

func quote(s string) string {
	if strings.Contains(s, "`") {
		return fmt.Sprintf("%q", s)
	}
	return "`" + s + "`"
}

func (g *generator) writeService(b *bytes.Buffer) {
	meta := g.model.Metadata
	fmt.Fprintf(b, "// API is the %s.\nvar API = api.Service{\n", g.about)
	fmt.Fprintf(b, "ID: %q,\nVersion: %q,\n", g.id, meta.APIVersion)
	if meta.Protocol == "query" {
		fmt.Fprintf(b, "Protocol: api.Query,\nNamespace: %q,\n", meta.XMLNamespace)
	} else {
		fmt.Fprintf(b, "Protocol: api.JSON,\nTargetPrefix: %q,\n", meta.TargetPrefix)
	}
	fmt.Fprintf(b, "ValidationError: %q,\nOperations: operations,\nErrors: declared,\n}\n\n", g.broken)
	b.WriteString("var declared = []api.Error{\n")
	errors := map[string]bool{}
	for _, o := range g.model.Operations {
		for _, e := range o.Errors {
			errors[e.Shape] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(errors)) {
		code, status := g.wireError(name)
		fmt.Fprintf(b, "{Name: %q, Code: %q, Status: %d},\n", name, code, status)
	}
	b.WriteString("}\n")
}

// wireError returns an error's code and status. The JSON services answer 400 to every client error whatever the model says.
func (g *generator) wireError(name string) (code string, status int) {
	s := g.model.Shapes[name]
	code, status = name, 400
	if s.Fault {
		status = 500
	}
	if g.model.Metadata.Protocol == "query" && s.Error != nil {
		code, status = s.Error.Code, s.Error.HTTPStatusCode
	}
	return code, status
}

func (g *generator) writeOperation(b *bytes.Buffer, o *operation) {
	in := upperFirst(o.Input.Shape)
	fmt.Fprintf(b, "{\nName: %q, Signed: %v,\nInput: &shape%s, NewInput: func() any { return new(%[3]s) },\n",
		o.Name, o.AuthType != "none", in)
	if o.Output != nil {
		out := upperFirst(o.Output.Shape)
		fmt.Fprintf(b, "Output: &shape%s, NewOutput: func() any { return new(%[1]s) },\n", out)
	}
	var names []string
	for _, e := range o.Errors {
		names = append(names, e.Shape)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 0 {
		fmt.Fprintf(b, "Errors: %#v,\n", names)
	}
	b.WriteString("},\n")
}

package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/config"
)

// settingsFile is a file with a request of an API, such as CreateUserPool.
type settingsFile struct {
	path    string
	raw     json.RawMessage
	members []settingsMember
}

// settingsMember is a member of the file and where it is.
type settingsMember struct {
	name, path string // "MinimumLength", "Policies.PasswordPolicy.MinimumLength"
	offset     int64
}

// readSettings reads a file and compares its members with those of the request's shape. A wire ignores members that it does
// not know, as AWS does; in a file an unknown member is a mistake. Errors name file, line and column.
func readSettings(path string, shape *api.Shape) (*settingsFile, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	f := &settingsFile{path: path, raw: raw}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(raw, new(json.RawMessage)); errors.As(err, &syntax) {
		return nil, f.at(max(0, syntax.Offset-1), err) // Offset is behind the byte
	}
	return f, f.value(json.NewDecoder(bytes.NewReader(raw)), shape, "")
}

// value reads the next JSON value. A shape of nil takes any value.
func (f *settingsFile) value(d *json.Decoder, shape *api.Shape, path string) error {
	token, start, err := f.token(d)
	if err != nil {
		return err
	}
	if shape != nil && shape.Kind == api.Document {
		shape = nil
	}
	switch token {
	case json.Delim('{'):
		if shape != nil && shape.Kind != api.Structure && shape.Kind != api.Map {
			return f.at(start, fmt.Errorf("%s takes no object", named(path)))
		}
		return f.object(d, shape, path)
	case json.Delim('['):
		var element *api.Shape
		if shape != nil {
			if shape.Kind != api.List {
				return f.at(start, fmt.Errorf("%s takes no array", named(path)))
			}
			element = shape.Elem
		}
		for d.More() {
			if err := f.value(d, element, path); err != nil {
				return err
			}
		}
		_, err := d.Token() // ]
		return err
	}
	if shape != nil && token != nil && !fits(token, shape.Kind) {
		return f.at(start, fmt.Errorf("%s takes %s", named(path), kinds[shape.Kind]))
	}
	return nil
}

// token reads the next token. It returns where the token starts, too.
func (f *settingsFile) token(d *json.Decoder) (token json.Token, start int64, err error) {
	start = d.InputOffset()
	if token, err = d.Token(); err != nil {
		return nil, 0, err
	}
	for start < int64(len(f.raw)) && strings.IndexByte(" \t\r\n,:", f.raw[start]) >= 0 {
		start++
	}
	return token, start, nil
}

// object reads the members of an object behind its opening brace.
func (f *settingsFile) object(d *json.Decoder, shape *api.Shape, path string) error {
	for d.More() {
		key, at, err := f.token(d)
		if err != nil {
			return err
		}
		name := key.(string) // the decoder has checked it
		var inner *api.Shape
		switch {
		case shape == nil:
		case shape.Kind == api.Map:
			inner = shape.Elem
		default:
			m := shape.Member(name)
			if m == nil {
				return f.at(at, unknownMember(name, path, shape))
			}
			inner = m.Shape
		}
		full := strings.TrimPrefix(path+"."+name, ".")
		f.members = append(f.members, settingsMember{name, full, at})
		if err := f.value(d, inner, full); err != nil {
			return err
		}
	}
	_, err := d.Token() // }
	return err
}

func unknownMember(name, path string, shape *api.Shape) error {
	var known []string
	for _, m := range shape.Members {
		known = append(known, m.Name)
	}
	if near := config.Nearest(name, known); near != "" {
		return fmt.Errorf("%s has no member %q; did you mean %s?", named(path), name, near)
	}
	return fmt.Errorf("%s has no member %q", named(path), name)
}

// named names the value at a path; the whole file is the request.
func named(path string) string {
	if path == "" {
		return "the request"
	}
	return path
}

// kinds says what a value of each kind is written as.
var kinds = map[api.Kind]string{api.Structure: "an object", api.Map: "an object", api.List: "an array", api.String: "a string",
	api.Blob: "a string", api.Boolean: "true or false", api.Integer: "a whole number", api.Long: "a whole number", api.Double: "a number",
	api.Time: "a number"}

// fits reports whether a token that opens no object or array can be a value of the kind.
func fits(token json.Token, kind api.Kind) bool {
	switch kind {
	case api.String, api.Blob:
		_, ok := token.(string)
		return ok
	case api.Boolean:
		_, ok := token.(bool)
		return ok
	case api.Structure, api.Map, api.List:
		return false
	}
	_, ok := token.(float64)
	return ok
}

// at puts file, line and column before an error.
func (f *settingsFile) at(offset int64, err error) error {
	before := f.raw[:min(int(offset), len(f.raw))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:])))
	return fmt.Errorf("%s:%d:%d: %w", f.path, line, column, err)
}

var constraintPath = regexp.MustCompile(`at '([\w.]+)'`)

// locate puts file and, where the error's text names a member of the file, line and column before it.
func (f *settingsFile) locate(err error) error {
	text := err.Error()
	path, best := constraintPath.FindStringSubmatch(text), -1
	for i, m := range f.members {
		switch {
		case path != nil && strings.EqualFold(path[1], m.path):
			return f.at(m.offset, err)
		case regexp.MustCompile(`\b`+regexp.QuoteMeta(m.name)+`\b`).MatchString(text) && (best < 0 || len(m.name) > len(f.members[best].name)):
			best = i
		}
	}
	if best >= 0 {
		return f.at(f.members[best].offset, err)
	}
	return fmt.Errorf("%s: %w", f.path, err)
}

// request returns the file's text, nil without a file.
func (f *settingsFile) request() json.RawMessage {
	if f == nil {
		return nil
	}
	return f.raw
}

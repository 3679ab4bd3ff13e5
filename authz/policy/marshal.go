package policy

import (
	"bytes"
	"encoding/json"
	"unicode/utf16"
)

// MarshalJSON returns the document as a policy, with elements in the order of AWS's documentation, single values without
// a list, and \u escapes for characters that a policy may not contain. Parse returns the same statements for it.
func (d *Document) MarshalJSON() ([]byte, error) {
	o := object{}
	o.text("Version", d.Version)
	o.text("Id", d.ID)
	statements := make([]any, len(d.Statements))
	for i := range d.Statements {
		statements[i] = &d.Statements[i]
	}
	o.add("Statement", statements)
	return o.bytes()
}

// MarshalJSON returns the statement as in a policy.
func (s *Statement) MarshalJSON() ([]byte, error) {
	o := object{}
	o.text("Sid", s.Sid)
	o.add("Effect", s.Effect.word())
	if s.Principal != nil {
		o.add("Principal", s.Principal)
	}
	if s.NotPrincipal != nil {
		o.add("NotPrincipal", s.NotPrincipal)
	}
	o.values("Action", s.Action)
	o.values("NotAction", s.NotAction)
	o.values("Resource", s.Resource)
	o.values("NotResource", s.NotResource)
	if len(s.Condition) > 0 {
		o.add("Condition", conditionObject(s.Condition))
	}
	return o.bytes()
}

// MarshalJSON returns "*" or an object with the types.
func (p *Principals) MarshalJSON() ([]byte, error) {
	if p.Any {
		return []byte(`"*"`), nil
	}
	o := object{}
	o.values("AWS", p.AWS)
	o.values("Federated", p.Federated)
	o.values("Service", p.Service)
	o.values("CanonicalUser", p.CanonicalUser)
	return o.bytes()
}

// conditionObject groups the keys by operator, both in order of first appearance.
func conditionObject(list []Condition) *object {
	o := &object{}
	operators := map[string]*object{}
	for _, c := range list {
		keys := operators[c.Operator]
		if keys == nil {
			keys = &object{}
			operators[c.Operator] = keys
			o.add(c.Operator, keys)
		}
		keys.add(c.Key, compact(c.Values))
	}
	return o
}

// compact replaces a list of one element by the element.
func compact(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	if values == nil {
		return []string{}
	}
	return values
}

// object is a JSON object that keeps its order.
type object struct {
	keys     []string
	contents []any
}

func (o *object) add(key string, value any) {
	o.keys = append(o.keys, key)
	o.contents = append(o.contents, value)
}

func (o *object) text(key, value string) {
	if value != "" {
		o.add(key, value)
	}
}

func (o *object) values(key string, values []string) {
	if values != nil {
		o.add(key, compact(values))
	}
}

// MarshalJSON writes the members in order.
func (o *object) MarshalJSON() ([]byte, error) { return o.bytes() }

func (o *object) bytes() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(key); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // Encode ends with a line break
		b.WriteByte(':')
		if err := e.Encode(o.contents[i]); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return escapeWide(b.Bytes()), nil
}

// escapeWide writes characters beyond U+00FF, which occur in strings only, as \u escapes.
func escapeWide(src []byte) []byte {
	const hex = "0123456789abcdef"
	var out []byte
	unit := func(u rune) {
		out = append(out, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
	}
	for _, r := range string(src) {
		switch {
		case r <= 0xff:
			out = append(out, string(r)...)
		case r <= 0xffff:
			unit(r)
		default:
			hi, lo := utf16.EncodeRune(r)
			unit(hi)
			unit(lo)
		}
	}
	return out
}

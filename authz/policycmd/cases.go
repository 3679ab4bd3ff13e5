package policycmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
)

// testCase is a request and the policies that decide on it.
type testCase struct {
	Name     string
	Line     int
	Layers   *policy.Layers
	Request  *policy.Request
	Expect   string   // "" if the case has no expectation
	Warnings []string // problems that Parse would refuse in its policies, as "line:column: …"
}

var expectations = []string{"allow", "implicitDeny", "explicitDeny"}

// fileError is a mistake in a case file, with its position.
type fileError struct {
	line, column int
	message      string
}

func (e *fileError) Error() string { return fmt.Sprintf("%d:%d: %s", e.line, e.column, e.message) }

// reader reads a case file by tokens, so that the position of each policy is known.
type reader struct {
	src    []byte
	places *policy.Places
	base   int // offset of the decoder's input in src
	decode *json.Decoder
}

func newReader(src []byte) *reader {
	return (&reader{src: src, places: policy.NewPlaces(src, 1, 1)}).within(0, len(src))
}

// within returns a reader of a part of the same file.
func (r *reader) within(start, end int) *reader {
	d := json.NewDecoder(bytes.NewReader(r.src[start:end]))
	d.UseNumber()
	return &reader{r.src, r.places, start, d}
}

func (r *reader) fail(format string, args ...any) error {
	return r.failAt(r.base+int(r.decode.InputOffset()), format, args...)
}

func (r *reader) failAt(offset int, format string, args ...any) error {
	line, column := r.places.At(offset)
	return &fileError{line, column, fmt.Sprintf(format, args...)}
}

// value reads one value and returns its start and end in the file.
func (r *reader) value() (start, end int, err error) {
	var raw json.RawMessage
	if err := r.decode.Decode(&raw); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return 0, 0, r.failAt(r.base+max(int(syntax.Offset)-1, 0), "%v", err)
		}
		return 0, 0, r.fail("%v", err)
	}
	end = r.base + int(r.decode.InputOffset())
	return end - len(raw), end, nil
}

// items calls f for each element of a list, or once for any other value.
func (r *reader) items(f func(start, end int) error) error {
	start, end, err := r.value()
	if err != nil {
		return err
	}
	if r.src[start] != '[' {
		return f(start, end)
	}
	inner := r.within(start, end)
	if _, err := inner.decode.Token(); err != nil {
		return inner.fail("%v", err)
	}
	for inner.decode.More() {
		start, end, err := inner.value()
		if err != nil {
			return err
		}
		if err := f(start, end); err != nil {
			return err
		}
	}
	return nil
}

// members reads an object and calls f for each member; f must read the value. known lists the members allowed, nil means
// any.
func (r *reader) members(known []string, f func(key string) error) error {
	if token, err := r.decode.Token(); err != nil {
		return r.fail("%v", err)
	} else if token != json.Delim('{') {
		return r.fail("expected an object")
	}
	seen := map[string]bool{}
	for r.decode.More() {
		token, err := r.decode.Token()
		if err != nil {
			return r.fail("%v", err)
		}
		key, _ := token.(string)
		switch {
		case known != nil && !slices.Contains(known, key):
			return r.fail("unknown member %q; a case has %q", key, known)
		case seen[key]:
			return r.fail("duplicate member %q; remove one of them", key)
		}
		seen[key] = true
		if err := f(key); err != nil {
			return err
		}
	}
	if _, err := r.decode.Token(); err != nil {
		return r.fail("%v", err)
	}
	return nil
}

// readCases reads a file with a list of cases, or with one case.
func readCases(src []byte) ([]testCase, error) {
	r := newReader(src)
	var out []testCase
	err := r.items(func(start, end int) error {
		line, _ := r.places.At(start)
		c, err := readCase(r.within(start, end))
		c.Line = line
		if c.Name == "" {
			c.Name = fmt.Sprintf("case %d", len(out)+1)
		}
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := r.decode.Token(); err != io.EOF {
		return nil, r.fail("unexpected text after the cases")
	}
	return out, nil
}

func readCase(r *reader) (testCase, error) {
	c := testCase{Layers: &policy.Layers{}, Request: &policy.Request{}}
	asked := false
	known := []string{"name", "policies", "boundary", "session_policy", "request", "expect"}
	err := r.members(known, func(key string) error {
		switch key {
		case "name":
			return r.text(&c.Name)
		case "policies":
			set, _, err := r.policies(&c, "policies")
			c.Layers.Identity = []*policy.Set{set}
			return err
		case "boundary":
			return r.limit(&c, key, &c.Layers.Boundary)
		case "session_policy":
			return r.limit(&c, key, &c.Layers.Session)
		case "request":
			asked = true
			return r.request(&c)
		}
		if err := r.text(&c.Expect); err != nil {
			return err
		}
		if !slices.Contains(expectations, c.Expect) {
			return r.fail("unknown decision %q; write one of %q", c.Expect, expectations)
		}
		return nil
	})
	if err == nil && !asked {
		err = r.fail("the case %q has no request; add one with action and resource", c.Name)
	}
	return c, err
}

func (r *reader) text(to *string) error {
	token, err := r.decode.Token()
	if err != nil {
		return r.fail("%v", err)
	}
	text, ok := token.(string)
	if !ok {
		return r.fail("expected a string")
	}
	*to = text
	return nil
}

// limit reads a boundary or session policies. null means none. A document without statements allows nothing.
func (r *reader) limit(c *testCase, key string, to **policy.Set) error {
	set, n, err := r.policies(c, key)
	if n > 0 {
		*to = set
	}
	return err
}

// policies reads a document or a list of them. A document that AWS would not accept is used as far as it goes, and its
// problems become warnings.
func (r *reader) policies(c *testCase, key string) (set *policy.Set, documents int, err error) {
	var sources []policy.Source
	err = r.items(func(start, end int) error {
		if string(r.src[start:end]) == "null" {
			return nil
		}
		line, column := r.places.At(start)
		d, err := policy.LoadAt(r.src[start:end], policy.Identity, line, column)
		problems, _ := policy.IsInvalid(err)
		if d == nil {
			return errors.New(problems[0].String())
		}
		for _, p := range problems {
			c.Warnings = append(c.Warnings, p.String())
		}
		name := key
		if key == "policies" {
			name = fmt.Sprintf("policies[%d]", len(sources))
		}
		sources = append(sources, policy.Source{Name: name, Document: d})
		return nil
	})
	return policy.Compile(sources...), len(sources), err
}

func (r *reader) request(c *testCase) error {
	err := r.members([]string{"action", "resource", "context"}, func(key string) error {
		switch key {
		case "action":
			return r.text(&c.Request.Action)
		case "resource":
			return r.text(&c.Request.Resource)
		}
		context := policy.MapContext{}
		c.Request.Context = context
		seen := map[string]bool{}
		return r.members(nil, func(key string) error {
			lower := strings.ToLower(key)
			if seen[lower] {
				return r.fail("duplicate context key %q: keys are compared without case", key)
			}
			seen[lower] = true
			values, err := r.values()
			context[key] = values
			return err
		})
	})
	if err == nil && (c.Request.Action == "" || c.Request.Resource == "") {
		err = r.fail("the request of %q needs an action and a resource", c.Name)
	}
	if c.Request.Context == nil {
		c.Request.Context = policy.MapContext{}
	}
	return err
}

// values reads the value of a context key: text, a number, a boolean, or a list of these.
func (r *reader) values() ([]string, error) {
	out := []string{}
	err := r.items(func(start, end int) error {
		var value any
		d := json.NewDecoder(bytes.NewReader(r.src[start:end]))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			return r.failAt(start, "%v", err)
		}
		switch value := value.(type) {
		case string:
			out = append(out, value)
		case json.Number, bool:
			out = append(out, fmt.Sprint(value))
		default:
			return r.failAt(start, "a context value must be a string, a number, a boolean, or a list of these")
		}
		return nil
	})
	return out, err
}

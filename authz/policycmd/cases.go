package policycmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/strictjson"
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

// file is a case file. Its errors name the line and column of the value that is wrong.
type file struct {
	src    []byte
	places *strictjson.Places
}

func (f *file) fail(offset int, format string, args ...any) error {
	line, column := f.places.At(offset)
	return &fileError{line, column, fmt.Sprintf(format, args...)}
}

// items returns the items of a list, or the value itself if it is no list.
func items(n *strictjson.Node) []*strictjson.Node {
	if n.Kind == strictjson.List {
		return n.Items
	}
	return []*strictjson.Node{n}
}

// members calls each for the members of an object. known are the names that it may have; nil for any.
func (f *file) members(n *strictjson.Node, known []string, each func(m *strictjson.Member) error) error {
	if n.Kind != strictjson.Object {
		return f.fail(n.Offset, "expected an object, not %s", n.Kind)
	}
	for i := range n.Members {
		m := &n.Members[i]
		if known != nil && !slices.Contains(known, m.Key) {
			return f.fail(m.Offset, "unknown member %q; a case has %q", m.Key, known)
		}
		if err := each(m); err != nil {
			return err
		}
	}
	return nil
}

// readCases reads a file with a list of cases, or with one case.
func readCases(src []byte) ([]testCase, error) {
	f := &file{src, strictjson.NewPlaces(src, 1, 1)}
	root, err := strictjson.Parse(src)
	if err == nil {
		err = root.Duplicate()
	}
	if err != nil {
		return nil, f.fail(err.Offset, "%s", err.Message)
	}
	var out []testCase
	for i, n := range items(root) {
		c := testCase{Name: fmt.Sprintf("case %d", i+1), Layers: &policy.Layers{}, Request: &policy.Request{}}
		c.Line, _ = f.places.At(n.Offset)
		if err := f.readCase(n, &c); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (f *file) readCase(n *strictjson.Node, c *testCase) error {
	asked := false
	known := []string{"name", "policies", "boundary", "session_policy", "request", "expect"}
	err := f.members(n, known, func(m *strictjson.Member) (err error) {
		switch m.Key {
		case "name":
			err = f.text(m.Value, &c.Name)
		case "policies":
			var set *policy.Set
			set, _, err = f.policies(m, c)
			c.Layers.Identity = []*policy.Set{set}
		case "boundary":
			err = f.limit(m, c, &c.Layers.Boundary)
		case "session_policy":
			err = f.limit(m, c, &c.Layers.Session)
		case "request":
			asked = true
			err = f.request(m.Value, c)
		case "expect":
			err = f.text(m.Value, &c.Expect)
			if err == nil && !slices.Contains(expectations, c.Expect) {
				err = f.fail(m.Value.Offset, "unknown decision %q; write one of %q", c.Expect, expectations)
			}
		}
		return err
	})
	if err == nil && !asked {
		err = f.fail(n.Offset, "the case %q has no request; add one with action and resource", c.Name)
	}
	return err
}

func (f *file) text(n *strictjson.Node, to *string) error {
	if n.Kind != strictjson.String {
		return f.fail(n.Offset, "expected a string, not %s", n.Kind)
	}
	*to = n.Text
	return nil
}

// limit reads a boundary or session policy; null is none, and a document without statements allows nothing.
func (f *file) limit(m *strictjson.Member, c *testCase, to **policy.Set) error {
	set, n, err := f.policies(m, c)
	if n > 0 {
		*to = set
	}
	return err
}

// policies reads a document or a list of documents. A document that Parse refuses is evaluated as Load reads it, and its
// problems become warnings.
func (f *file) policies(m *strictjson.Member, c *testCase) (set *policy.Set, documents int, err error) {
	var sources []policy.Source
	for _, n := range items(m.Value) {
		if n.Kind == strictjson.Null {
			continue
		}
		line, column := f.places.At(n.Offset)
		d, err := policy.LoadAt(f.src[n.Offset:n.End], policy.Identity, line, column)
		problems, _ := policy.IsInvalid(err)
		if d == nil {
			return nil, 0, errors.New(problems[0].String())
		}
		for _, p := range problems {
			c.Warnings = append(c.Warnings, p.String())
		}
		name := m.Key
		if name == "policies" {
			name = fmt.Sprintf("policies[%d]", len(sources))
		}
		sources = append(sources, policy.Source{Name: name, Document: d})
	}
	return policy.Compile(sources...), len(sources), nil
}

func (f *file) request(n *strictjson.Node, c *testCase) error {
	context := policy.MapContext{}
	c.Request.Context = context
	err := f.members(n, []string{"action", "resource", "context"}, func(m *strictjson.Member) error {
		switch m.Key {
		case "action":
			return f.text(m.Value, &c.Request.Action)
		case "resource":
			return f.text(m.Value, &c.Request.Resource)
		}
		seen := map[string]bool{}
		return f.members(m.Value, nil, func(m *strictjson.Member) (err error) {
			lower := strings.ToLower(m.Key)
			if seen[lower] {
				return f.fail(m.Offset, "duplicate context key %q: keys are compared without case", m.Key)
			}
			seen[lower] = true
			context[m.Key], err = f.values(m.Value)
			return err
		})
	})
	if err == nil && (c.Request.Action == "" || c.Request.Resource == "") {
		err = f.fail(n.Offset, "the request of %q needs an action and a resource", c.Name)
	}
	return err
}

// values reads the value of a context key: text, a number, a boolean, or a list of these.
func (f *file) values(n *strictjson.Node) ([]string, error) {
	out := []string{}
	for _, item := range items(n) {
		switch item.Kind {
		case strictjson.String, strictjson.Number, strictjson.Bool:
			out = append(out, item.Text)
		default:
			return nil, f.fail(item.Offset, "a context value must be a string, a number, a boolean, or a list of these")
		}
	}
	return out, nil
}

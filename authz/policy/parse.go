package policy

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/sluicegate/sluice/strictjson"
)

// Parse reads a document. It refuses what AWS refuses when a policy is written, and everything ambiguous: duplicate
// keys, unknown elements and operators, malformed ARNs, values that an operator cannot compare. The error is an
// *Invalid. The text may have at most MaxSource bytes; see CheckSize for AWS's limits.
func Parse(src []byte, kind Kind) (*Document, error) {
	d, err := Load(src, kind)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Load reads a document that is already in effect and may have been written under other rules. If Parse would refuse it,
// Load returns the *Invalid together with the document to use. In that document an Allow with an unknown or repeated
// element does not apply, a Deny still denies, and an invalid value matches nothing. The document is nil only if the
// text is not a JSON object.
func Load(src []byte, kind Kind) (*Document, error) { return LoadAt(src, kind, 1, 1) }

// LoadAt is Load for a document that begins at the line and column of a larger text.
func LoadAt(src []byte, kind Kind, line, column int) (*Document, error) {
	p := &parser{src: src, kind: kind, places: strictjson.NewPlaces(src, line, column)}
	d := p.document()
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int {
			return (a.Line-b.Line)*1e6 + min(a.Column, 1e6) - min(b.Column, 1e6)
		})
		return d, &Invalid{p.problems}
	}
	return d, nil
}

// IsInvalid returns the problems of an *Invalid; ok is false for other errors.
func IsInvalid(err error) ([]Problem, bool) {
	invalid, ok := errors.AsType[*Invalid](err)
	if !ok {
		return nil, false
	}
	return invalid.Problems, true
}

type parser struct {
	src       []byte
	kind      Kind
	places    *strictjson.Places
	problems  []Problem
	variables bool           // the document is of Version2012
	sids      map[string]int // offset of each Sid
}

// MaxSource is the largest document in bytes. AWS's limits, which CheckSize checks, are far smaller; documents that a
// configuration makes may be longer.
const MaxSource = 1 << 20

// full reports whether the limit on problems is reached, so that further checks are unnecessary.
func (p *parser) full() bool { return len(p.problems) >= MaxProblems }

func (p *parser) problem(offset int, path, suggestion, format string, args ...any) {
	if p.full() {
		return
	}
	line, column := p.places.At(offset)
	p.problems = append(p.problems, Problem{line, column, printable(path), printable(fmt.Sprintf(format, args...)), printable(suggestion)})
}

func (p *parser) document() *Document {
	if len(p.src) > MaxSource {
		p.problem(0, "", "", "the document is longer than %d bytes", MaxSource)
		return nil
	}
	p.characters()
	root, err := strictjson.Parse(p.src)
	if err != nil {
		p.problem(err.Offset, "", "", "%s", err.Message)
		return nil
	}
	if root.Kind != strictjson.Object {
		p.problem(root.Offset, "", "", "a policy is an object, not %s", root.Kind)
		return nil
	}
	d := &Document{}
	elements, flawed := p.elements(root, "", []string{"Version", "Id", "Statement"})
	if n := elements["Version"]; n != nil {
		d.Version = p.text(n, "Version")
		if d.Version != Version2012 && d.Version != Version2008 {
			flawed = true
			if n.Kind == strictjson.String {
				p.problem(n.Offset, "Version", fmt.Sprintf("write %q", Version2012), "the language has no version %s", quote(d.Version))
			}
			d.Version = Version2012
		}
	}
	p.variables = d.Version == Version2012
	if n := elements["Id"]; n != nil {
		d.ID = p.text(n, "Id")
	}
	p.statements(d, elements["Statement"], root.Offset)
	for i := range d.Statements {
		d.Statements[i].Flawed = d.Statements[i].Flawed || flawed
	}
	return d
}

// characters refuses text outside the repertoire of policies: tab, line feed, carriage return, U+0020 to U+00FF.
func (p *parser) characters() {
	for i, r := range string(p.src) {
		if r >= 0x20 && r <= 0xff || r == '\t' || r == '\n' || r == '\r' {
			continue
		}
		suggestion := fmt.Sprintf(`write \u%04x`, r)
		if i == 0 && r == '\ufeff' {
			suggestion = "save the file without a byte order mark"
		} else if r == utf8.RuneError {
			suggestion = "save the file as UTF-8"
		} else if r > 0xffff {
			suggestion = "write it as two \\u escapes"
		}
		p.problem(i, "", suggestion, "a policy cannot hold the character %q", r)
		if len(p.problems) >= 3 {
			return // one problem for a text in another script is enough
		}
	}
}

// elements sorts an object's members by name and reports unknown and repeated ones, which make the statement flawed.
func (p *parser) elements(n *strictjson.Node, path string, known []string) (map[string]*strictjson.Node, bool) {
	flawed := false
	found := make(map[string]*strictjson.Node, len(n.Members))
	for _, m := range n.Members {
		at := join(path, m.Key)
		switch {
		case !slices.Contains(known, m.Key):
			flawed = true
			p.problem(m.Offset, at, p.nearest(m.Key, known), "unknown element %s", quote(m.Key))
		case found[m.Key] != nil:
			flawed = true
			p.problem(m.Offset, at, "write one list of values", "the element %s is given twice", quote(m.Key))
			found[m.Key] = widen(m.Key, found[m.Key], m.Value)
		default:
			found[m.Key] = m.Value
		}
	}
	return found, flawed
}

// widen joins two elements so that a flawed Deny covers no less than either of them.
func widen(key string, a, b *strictjson.Node) *strictjson.Node {
	switch key {
	case "Effect":
		if a.Text == "Deny" {
			return a
		}
	case "Action", "Resource", "Statement":
		list := func(n *strictjson.Node) []*strictjson.Node {
			if n.Kind == strictjson.List {
				return n.Items
			}
			return []*strictjson.Node{n}
		}
		return &strictjson.Node{Kind: strictjson.List, Offset: a.Offset, Items: append(list(a), list(b)...)}
	case "NotAction", "NotResource", "Condition", "Principal", "NotPrincipal":
		return &strictjson.Node{Kind: strictjson.Null, Offset: a.Offset}
	}
	return b
}

func join(path, key string) string {
	if len(key) > 60 {
		key = "…"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// text reads a string element.
func (p *parser) text(n *strictjson.Node, path string) string {
	if n.Kind != strictjson.String {
		p.problem(n.Offset, path, "", "should be a string, not %s", n.Kind)
		return ""
	}
	return n.Text
}

func (p *parser) statements(d *Document, n *strictjson.Node, offset int) {
	if n == nil {
		p.problem(offset, "Statement", `add "Statement": [ … ]`, "the policy has no Statement")
		return
	}
	items := []*strictjson.Node{n}
	if n.Kind == strictjson.List {
		items = n.Items
		if len(items) == 0 {
			p.problem(n.Offset, "Statement", "", "the list of statements is empty")
		}
	}
	for i, item := range items {
		path := fmt.Sprintf("Statement[%d]", i)
		if item.Kind != strictjson.Object {
			p.problem(item.Offset, path, "", "a statement is an object, not %s", item.Kind)
			continue
		}
		line, column := p.places.At(item.Offset)
		s := p.statement(item, path)
		s.Line, s.Column = line, column
		d.Statements = append(d.Statements, s)
	}
}

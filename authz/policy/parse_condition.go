package policy

import (
	"fmt"
	"strings"
)

// conditions reads the Condition element. Repeated members are dropped, so that a Deny covers no less.
func (p *parser) conditions(n *node, path string, flawed *bool) []Condition {
	if n.kind != objectNode {
		*flawed = true
		p.problem(n.offset, path, `write {"StringEquals": {"key": "value"}}`, "a condition is an object of operators, not %s", n.kind)
		return nil
	}
	var out []Condition
	operators := map[string]int{}
	for _, m := range n.members {
		operators[m.key]++
	}
	for _, m := range n.members {
		at := join(path, m.key)
		op, ok := parseOperator(m.key)
		switch {
		case operators[m.key] > 1:
			*flawed = true
			p.problem(m.offset, at, "put the keys into one object", "the operator %s is given more than once", quote(m.key))
			continue
		case !ok && !p.full():
			message, suggestion := unknownOperator(m.key)
			p.problem(m.offset, at, suggestion, "%s", message)
		}
		if m.value.kind != objectNode {
			*flawed = true
			p.problem(m.value.offset, at, `write {"key": "value"}`, "an operator holds an object of keys, not %s", m.value.kind)
			continue
		}
		out = append(out, p.keys(m.value, m.key, op, ok, at, flawed)...)
	}
	return out
}

// keys reads the keys of one operator.
func (p *parser) keys(n *node, name string, op operator, known bool, path string, flawed *bool) []Condition {
	count := map[string]int{}
	for _, m := range n.members {
		count[FoldKey(m.key)]++
	}
	var out []Condition
	for _, m := range n.members {
		at := join(path, m.key)
		if count[FoldKey(m.key)] > 1 {
			*flawed = true
			p.problem(m.offset, at, "write one list of values; the case of a key makes no difference",
				"the key %s is given more than once", quote(m.key))
			continue
		}
		c := Condition{Operator: name, Key: m.key, Values: p.conditionValues(m.value, at, flawed)}
		out = append(out, c)
		if p.full() {
			continue
		}
		if message, suggestion := checkKey(m.key); message != "" {
			p.problem(m.offset, at, suggestion, "%s", message)
		}
		if known {
			p.operands(op, c.Values, m.value, at)
		}
	}
	return out
}

// checkKey refuses what can never be present: a key without a prefix and a colon, one with a stray space, and a key of tags
// without a tag. A tag may begin and end with spaces.
func checkKey(key string) (message, suggestion string) {
	prefix, rest, ok := strings.Cut(key, ":")
	name, _, _ := strings.Cut(rest, "/")
	switch {
	case tagMissing(key):
		return quote(key) + " names no tag", "write " + quote(strings.TrimSuffix(key, "/")+"/team") + ", for example"
	case ok && prefix != "" && rest != "" && !strings.ContainsAny(prefix, " \t\r\n") && strings.TrimSpace(name) == name && !strings.Contains(key, "${"):
		return "", ""
	}
	if ok {
		suggestion = nearest(key, globalKeys)
	} else {
		suggestion = nearest("aws:"+key, globalKeys)
	}
	return quote(key) + " is not a context key, which has a prefix and a colon", suggestion
}

// conditionValues reads a value or a list; numbers and booleans may be written without quotes. Of values that are not all
// understood it returns none, and Compile treats a condition without values as one with an unknown operator: AWS's
// documentation has an empty list both hold always and hold for a missing key only.
func (p *parser) conditionValues(n *node, path string, flawed *bool) []string {
	items := []*node{n}
	if n.kind == listNode {
		if items = n.items; len(items) == 0 {
			*flawed = true
			p.problem(n.offset, path, "", "the list of values is empty")
		}
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		switch item.kind {
		case stringNode, numberNode, boolNode:
			out = append(out, item.text)
		default:
			*flawed = true
			p.problem(item.offset, path, "", "a value is a string, a number or a boolean, not %s", item.kind)
			return nil
		}
	}
	return out
}

// operands refuses values that the operator cannot compare with.
func (p *parser) operands(op operator, values []string, n *node, path string) {
	items := []*node{n}
	if n.kind == listNode {
		items = n.items
	}
	if len(items) != len(values) {
		return // already reported
	}
	for i, value := range values {
		at := path
		if n.kind == listNode {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if message, suggestion := op.family.check(value, p.variables); message != "" {
			p.problem(items[i].offset, at, suggestion, "%s", message)
		}
	}
}

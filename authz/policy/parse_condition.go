package policy

import (
	"fmt"
	"strings"

	"github.com/sluicegate/sluice/strictjson"
)

// conditions reads the Condition element. Repeated members are dropped, so that a Deny covers no less.
func (p *parser) conditions(n *strictjson.Node, path string, flawed *bool) []Condition {
	if n.Kind != strictjson.Object {
		*flawed = true
		p.problem(n.Offset, path, `write {"StringEquals": {"key": "value"}}`, "a condition is an object of operators, not %s", n.Kind)
		return nil
	}
	var out []Condition
	operators := map[string]int{}
	for _, m := range n.Members {
		operators[m.Key]++
	}
	for _, m := range n.Members {
		at := join(path, m.Key)
		op, ok := parseOperator(m.Key)
		switch {
		case operators[m.Key] > 1:
			*flawed = true
			p.problem(m.Offset, at, "put the keys into one object", "the operator %s is given more than once", quote(m.Key))
			continue
		case !ok && !p.full():
			message, suggestion := unknownOperator(m.Key)
			p.problem(m.Offset, at, suggestion, "%s", message)
		}
		if m.Value.Kind != strictjson.Object {
			*flawed = true
			p.problem(m.Value.Offset, at, `write {"key": "value"}`, "an operator holds an object of keys, not %s", m.Value.Kind)
			continue
		}
		out = append(out, p.keys(m.Value, m.Key, op, ok, at, flawed)...)
	}
	return out
}

// keys reads the keys of one operator.
func (p *parser) keys(n *strictjson.Node, name string, op operator, known bool, path string, flawed *bool) []Condition {
	count := map[string]int{}
	for _, m := range n.Members {
		count[FoldKey(m.Key)]++
	}
	var out []Condition
	for _, m := range n.Members {
		at := join(path, m.Key)
		if count[FoldKey(m.Key)] > 1 {
			*flawed = true
			p.problem(m.Offset, at, "write one list of values; the case of a key makes no difference",
				"the key %s is given more than once", quote(m.Key))
			continue
		}
		c := Condition{Operator: name, Key: m.Key, Values: p.conditionValues(m.Value, at, flawed)}
		out = append(out, c)
		if p.full() {
			continue
		}
		if message, suggestion := checkKey(m.Key); message != "" {
			p.problem(m.Offset, at, suggestion, "%s", message)
		}
		if known {
			p.operands(op, c.Values, m.Value, at)
		}
	}
	return out
}

// checkKey returns what is wrong with a key: an empty part, a space, a variable, or a key of tags without the tag's
// name. A tag may begin and end with spaces. A key without a prefix is accepted, as in AWS, although no request has it.
func checkKey(key string) (message, suggestion string) {
	prefix, rest, ok := strings.Cut(key, ":")
	name, _, _ := strings.Cut(rest, "/")
	if !ok && key != "" && !strings.ContainsAny(key, " \t\r\n") && !strings.Contains(key, "${") {
		return "", ""
	}
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
func (p *parser) conditionValues(n *strictjson.Node, path string, flawed *bool) []string {
	items := []*strictjson.Node{n}
	if n.Kind == strictjson.List {
		if items = n.Items; len(items) == 0 {
			*flawed = true
			p.problem(n.Offset, path, "", "the list of values is empty")
		}
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		switch item.Kind {
		case strictjson.String, strictjson.Number, strictjson.Bool:
			out = append(out, item.Text)
		default:
			*flawed = true
			p.problem(item.Offset, path, "", "a value is a string, a number or a boolean, not %s", item.Kind)
			return nil
		}
	}
	return out
}

// operands refuses values that the operator cannot compare with.
func (p *parser) operands(op operator, values []string, n *strictjson.Node, path string) {
	items := []*strictjson.Node{n}
	if n.Kind == strictjson.List {
		items = n.Items
	}
	if len(items) != len(values) {
		return // already reported
	}
	for i, value := range values {
		at := path
		if n.Kind == strictjson.List {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if message, suggestion := op.family.check(value, p.variables); message != "" {
			p.problem(items[i].Offset, at, suggestion, "%s", message)
		}
	}
}

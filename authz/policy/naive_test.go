package policy_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// The naive evaluator follows the rules of the documentation literally: no index, no compilation, generic JSON, tables,
// and the standard library's numbers, times and networks. It shares no code with the package, so that both agree only if
// both are right or misread the rules in the same way.

type naiveRequest struct {
	action, resource string
	context          map[string][]string
}

func (r naiveRequest) lookup(key string) []string {
	for k, v := range r.context {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	return nil
}

// naiveVerdict is an effect with the statement that caused it, as "layer/policy/statement".
type naiveVerdict struct {
	effect, statement string
}

// naiveLayer is one layer of a case, read once for many requests.
type naiveLayer struct {
	name     string
	limit    bool
	policies [][]naiveStatement
}

func newNaive(c testCase) []naiveLayer {
	out := []naiveLayer{{name: "identity", limit: true}, {name: "boundary", limit: c.Boundary != nil}, {name: "session", limit: c.SessionPolicy != nil}}
	for i, sources := range [][]json.RawMessage{c.Policies, optional(c.Boundary), optional(c.SessionPolicy)} {
		for _, src := range sources {
			out[i].policies = append(out[i].policies, naiveStatements(src))
		}
	}
	return out
}

func naiveDecide(layers []naiveLayer, c testCase) naiveVerdict {
	r := naiveRequest{c.Request.Action, c.Request.Resource, c.Request.Context}
	allowed := map[string]string{}
	for _, layer := range layers {
		for i, statements := range layer.policies {
			for j, s := range statements {
				if !s.applies(r) {
					continue
				}
				name := layer.name + "/" + strconv.Itoa(i) + "/" + strconv.Itoa(j)
				if s.m["Effect"] == "Deny" {
					return naiveVerdict{"explicitDeny", name}
				}
				if allowed[layer.name] == "" {
					allowed[layer.name] = name
				}
			}
		}
	}
	for _, layer := range layers {
		if layer.limit && allowed[layer.name] == "" {
			return naiveVerdict{"implicitDeny", ""}
		}
	}
	return naiveVerdict{"allow", allowed["identity"]}
}

func optional(src json.RawMessage) []json.RawMessage {
	if src == nil {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(src, &list) == nil {
		return list
	}
	return []json.RawMessage{src}
}

type naiveStatement struct {
	m         map[string]any
	variables bool
}

func naiveStatements(src []byte) []naiveStatement {
	var d map[string]any
	dec := json.NewDecoder(strings.NewReader(string(src)))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		panic(err)
	}
	list, ok := d["Statement"].([]any)
	if !ok {
		list = []any{d["Statement"]}
	}
	var out []naiveStatement
	for _, s := range list {
		out = append(out, naiveStatement{s.(map[string]any), d["Version"] == "2012-10-17"})
	}
	return out
}

func naiveList(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, naiveList(x)...)
		}
		return out
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case bool:
		return []string{strconv.FormatBool(v)}
	}
	panic("not a value of a policy")
}

func (s naiveStatement) applies(r naiveRequest) bool {
	if s.flawed() && s.m["Effect"] != "Deny" {
		return false
	}
	return (s.covered("Action") || s.action(r)) && (s.covered("Resource") || s.resource(r)) && s.conditions(r)
}

func (s naiveStatement) action(r naiveRequest) bool {
	covers := func(values []string) bool {
		for _, v := range values {
			if v == "*" {
				return true
			}
			want, have := strings.SplitN(v, ":", 2), strings.SplitN(r.action, ":", 2)
			if len(want) == 2 && len(have) == 2 && naiveGlob(true, wildcards(want[0]), have[0]) && naiveGlob(true, wildcards(want[1]), have[1]) {
				return true
			}
		}
		return false
	}
	if v, ok := s.m["NotAction"]; ok {
		return !covers(naiveList(v))
	}
	return covers(naiveList(s.m["Action"]))
}

func (s naiveStatement) resource(r naiveRequest) bool {
	matched, unknown := false, false
	values, not := s.m["Resource"], false
	if v, ok := s.m["NotResource"]; ok {
		values, not = v, true
	}
	for _, v := range naiveList(values) {
		if v == "*" {
			matched = true
			continue
		}
		tokens, ok := s.expand(v, r, true)
		if !ok || !s.isARN(v) {
			unknown = true
			continue
		}
		matched = matched || naiveARN(tokens, r.resource, true)
	}
	if !not {
		return matched
	}
	if !matched && unknown {
		return s.m["Effect"] == "Deny"
	}
	return !matched
}

// token is a character of a value: plain, or a wildcard; a substituted one is never a separator of fields.
type token struct {
	char        rune
	wild        bool
	substituted bool
}

func wildcards(text string) []token {
	out := make([]token, 0, len(text))
	for _, c := range text {
		out = append(out, token{char: c, wild: c == '*' || c == '?'})
	}
	return out
}

var naiveVariable = regexp.MustCompile(`^\$\{([^}',]*)(?:, '([^']*)')?\}`)

// expand replaces variables by their values. ok is false if one has no value.
func (s naiveStatement) expand(text string, r naiveRequest, wild bool) ([]token, bool) {
	out := make([]token, 0, len(text)+16)
	end := 0
	for i, c := range text {
		if i < end {
			continue
		}
		var m []string
		if s.variables && strings.HasPrefix(text[i:], "${") {
			m = naiveVariable.FindStringSubmatch(text[i:])
		}
		if m == nil && s.variables && strings.HasPrefix(text[i:], "${") {
			return nil, false // broken
		}
		if m == nil {
			out = append(out, token{char: c, wild: wild && (c == '*' || c == '?')})
			continue
		}
		value := ""
		switch found := r.lookup(m[1]); {
		case m[1] == "*" || m[1] == "?" || m[1] == "$":
			value = m[1]
		case len(found) == 1:
			value = found[0]
		case len(found) == 0 && strings.Contains(m[0], ", '"):
			value = m[2]
		default:
			return nil, false
		}
		for _, c := range value {
			out = append(out, token{c, false, true})
		}
		end = i + len(m[0])
	}
	return out, true
}

// naiveGlob fills a table, column by column, of whether the first i tokens match the first j characters.
func naiveGlob(fold bool, tokens []token, text string) bool {
	column := make([]bool, len(tokens)+1)
	column[0] = true
	for i, t := range tokens {
		column[i+1] = column[i] && t.wild && t.char == '*'
	}
	for _, c := range text {
		before := column[0]
		column[0] = false
		for i, t := range tokens {
			was := column[i+1]
			if t.wild && t.char == '*' {
				column[i+1] = column[i] || was
			} else {
				column[i+1] = before && (t.wild || t.char == c || fold && strings.EqualFold(string(t.char), string(c)))
			}
			before = was
		}
	}
	return column[len(tokens)]
}

func naiveARN(tokens []token, arn string, resource bool) bool {
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) < 6 || !resource && fields[0] != "arn" {
		return false
	}
	own := 0
	for _, t := range tokens {
		if t.char == ':' && !t.substituted {
			own++
		}
	}
	split := [][]token{nil}
	for _, t := range tokens {
		if t.char == ':' && len(split) < 6 && (own < 5 || !t.substituted) {
			split = append(split, nil)
			continue
		}
		split[len(split)-1] = append(split[len(split)-1], t)
	}
	if len(split) < 6 {
		return false
	}
	for i := range fields {
		if !naiveGlob(false, split[i], fields[i]) {
			return false
		}
	}
	return true
}

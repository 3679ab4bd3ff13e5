package policy

import "strings"

// boolFamily compares "true" and "false", in any case.
type boolFamily struct{}

func (boolFamily) check(value string, variables bool) (message, suggestion string) {
	// AWS's documentation contradicts itself on variables in Bool, so a policy that has one is refused.
	if message, suggestion = literalOnly(value, variables, "a boolean"); message != "" {
		return message, suggestion
	}
	if _, ok := parseBool(value); !ok {
		return quote(value) + " is not a boolean", `write "true" or "false"`
	}
	return "", ""
}

func (boolFamily) compile(values []string, _ bool) relation {
	r := &boolRelation{}
	for _, v := range values {
		if b, ok := parseBool(v); ok {
			r.yes = r.yes || b
			r.no = r.no || !b
		}
	}
	return r
}

type boolRelation struct{ yes, no bool }

func (r *boolRelation) holds(value string, _ Context) (match, ok bool) {
	b, ok := parseBool(value)
	return ok && (b && r.yes || !b && r.no), ok
}

func parseBool(text string) (value, ok bool) {
	value = strings.EqualFold(text, "true")
	return value, value || strings.EqualFold(text, "false")
}

package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// stringFamily compares text exactly, or with "*" and "?" when wildcards is set; with case in both.
type stringFamily struct{ wildcards bool }

func (f stringFamily) check(value string, variables bool) (message, suggestion string) {
	return checkTemplate(value, variables, f.wildcards)
}

// checkTemplate refuses broken variables.
func checkTemplate(value string, variables, wildcards bool) (message, suggestion string) {
	if _, _, err := parseTemplate(value, variables, wildcards); err != nil {
		return err.message, err.suggestion
	}
	return "", ""
}

// manyValues is the number of literal values from which on a set is used.
const manyValues = 8

func (f stringFamily) compile(values []string, variables bool) relation {
	r := &stringRelation{}
	for _, v := range values {
		p := newPattern(v, variables, f.wildcards)
		if p.form == wholeForm && len(values) >= manyValues {
			if r.literals == nil {
				r.literals = map[string]struct{}{}
			}
			r.literals[p.text] = struct{}{}
			continue
		}
		r.patterns = append(r.patterns, p)
	}
	return r
}

type stringRelation struct {
	literals map[string]struct{}
	patterns []pattern
}

func (r *stringRelation) holds(value string, ctx Context) (match, ok bool) {
	if _, found := r.literals[value]; found {
		return true, true
	}
	for i := range r.patterns {
		if r.patterns[i].match(value, ctx) == matches {
			return true, true
		}
	}
	return false, true
}

// foldFamily compares text without case, by Unicode's simple folding.
type foldFamily struct{}

func (foldFamily) check(value string, variables bool) (message, suggestion string) {
	return checkTemplate(value, variables, false)
}

func (foldFamily) compile(values []string, variables bool) relation {
	r := &foldRelation{}
	for _, v := range values {
		r.patterns = append(r.patterns, newPattern(v, variables, false))
	}
	return r
}

type foldRelation struct{ patterns []pattern }

func (r *foldRelation) holds(value string, ctx Context) (match, ok bool) {
	for i := range r.patterns {
		if foldMatch(&r.patterns[i], value, ctx) {
			return true, true
		}
	}
	return false, true
}

func foldMatch(p *pattern, value string, ctx Context) bool {
	if p.form == brokenForm {
		return false
	}
	var vals resolved
	if vals.resolve(p.vars, ctx) >= 0 {
		return false
	}
	for _, x := range p.segments[0] {
		text := x.text
		if x.kind == variablePart {
			text = vals.at(x.slot)
		}
		var ok bool
		if value, ok = cutPrefixFold(value, text); !ok {
			return false
		}
	}
	return value == ""
}

// cutPrefixFold removes text from the start of s, compared without case and character by character.
func cutPrefixFold(s, text string) (string, bool) {
	for text != "" {
		if s == "" {
			return s, false
		}
		a, n := cell(s)
		b, m := cell(text)
		if a != b && !foldsTo(a, b) {
			return s, false
		}
		s, text = s[n:], text[m:]
	}
	return s, true
}

// foldsTo reports whether two characters differ in case only.
func foldsTo(a, b rune) bool {
	if a > utf8.MaxRune || b > utf8.MaxRune {
		return false
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}

// literalOnly refuses a variable in a value whose operator has none. IAM User Guide, "Where you can use policy
// variables": String and ARN operators.
func literalOnly(value string, variables bool, what string) (message, suggestion string) {
	if variables && strings.Contains(value, "${") {
		return "a variable is not allowed in " + what, "variables belong to String and Arn operators"
	}
	return "", ""
}

func (r *stringRelation) variables() []variable { return patternVariables(r.patterns) }

func (r *foldRelation) variables() []variable { return patternVariables(r.patterns) }

func patternVariables(patterns []pattern) []variable {
	var out []variable
	for i := range patterns {
		out = append(out, patterns[i].vars...)
	}
	return out
}

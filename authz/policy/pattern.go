package policy

import (
	"strings"
	"unicode/utf8"
)

// pattern is a compiled value of a policy: segments of text between the stars.
type pattern struct {
	source   string // as written
	form     patternForm
	text     string // whole or prefix form: the literal text
	segments [][]part
	vars     []variable
}

type patternForm uint8

const (
	wholeForm   patternForm = iota // literal text
	prefixForm                     // literal text and a star at its end
	generalForm                    // anything else
	brokenForm                     // breaks the rules of variables: matches nothing
)

// newPattern compiles a value.
func newPattern(source string, variables, wildcards bool) pattern {
	parts, vars, err := parseTemplate(source, variables, wildcards)
	if err != nil {
		return pattern{source: source, form: brokenForm}
	}
	return assemble(source, parts, vars)
}

func assemble(source string, parts []part, vars []variable) pattern {
	p := pattern{source: source, form: generalForm, vars: vars}
	start := 0
	for i := range parts {
		if parts[i].kind == starPart {
			p.segments = append(p.segments, parts[start:i])
			start = i + 1
		}
	}
	p.segments = append(p.segments, parts[start:])
	first := p.segments[0]
	if len(first) == 0 || len(first) == 1 && first[0].kind == literalPart {
		switch {
		case len(p.segments) == 1:
			p.form, p.text = wholeForm, p.prefix()
		case len(p.segments) == 2 && len(p.segments[1]) == 0:
			p.form, p.text = prefixForm, p.prefix()
		}
	}
	return p
}

// prefix returns the literal text that all matches begin with.
func (p *pattern) prefix() string {
	if p.form == brokenForm || len(p.segments[0]) == 0 || p.segments[0][0].kind != literalPart {
		return ""
	}
	return p.segments[0][0].text
}

// outcome is the result of matching a pattern.
type outcome uint8

const (
	differs    outcome = iota
	matches            //
	unresolved         // a variable has no value, or the pattern is broken: it matches nothing
)

// match compares all of s with the pattern. It takes time linear in both for any pattern, and allocates only if a
// segment is large and is not found at once (see search).
func (p *pattern) match(s string, ctx Context) outcome {
	switch p.form {
	case wholeForm:
		return outcomeOf(s == p.text)
	case prefixForm:
		return outcomeOf(strings.HasPrefix(s, p.text))
	case brokenForm:
		return unresolved
	case generalForm:
	}
	if len(p.vars) == 0 {
		return outcomeOf(matchSegments(p.segments, s, nil))
	}
	return p.matchVariables(s, ctx)
}

func (p *pattern) matchVariables(s string, ctx Context) outcome {
	var vals resolved
	if vals.resolve(p.vars, ctx) >= 0 {
		return unresolved
	}
	return outcomeOf(matchSegments(p.segments, s, &vals))
}

func outcomeOf(ok bool) outcome {
	if ok {
		return matches
	}
	return differs
}

// matchSegments matches the first segment at the start, the last at the end, and each segment between at its leftmost
// place. The leftmost place is always sufficient, because a star matches any text.
func matchSegments(segments [][]part, s string, vals *resolved) bool {
	s, ok := eatPrefix(segments[0], s, vals)
	if !ok || len(segments) == 1 {
		return ok && s == ""
	}
	last := len(segments) - 1
	s, ok = eatSuffix(segments[last], s, vals)
	for i := 1; ok && i < last; i++ {
		s, ok = search(segments[i], s, vals)
	}
	return ok
}

// eatPrefix removes a match of the segment from the start of s.
func eatPrefix(segment []part, s string, vals *resolved) (string, bool) {
	for i := range segment {
		x := &segment[i]
		if x.kind == onePart {
			if s == "" {
				return s, false
			}
			_, size := utf8.DecodeRuneInString(s)
			s = s[size:]
			continue
		}
		text := x.text
		if x.kind == variablePart {
			text = vals.at(x.slot)
		}
		if !strings.HasPrefix(s, text) {
			return s, false
		}
		s = s[len(text):]
	}
	return s, true
}

// eatSuffix removes a match of the segment from the end of s.
func eatSuffix(segment []part, s string, vals *resolved) (string, bool) {
	for i := len(segment) - 1; i >= 0; i-- {
		x := &segment[i]
		if x.kind == onePart {
			if s == "" {
				return s, false
			}
			_, size := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-size]
			continue
		}
		text := x.text
		if x.kind == variablePart {
			text = vals.at(x.slot)
		}
		if !strings.HasSuffix(s, text) {
			return s, false
		}
		s = s[:len(s)-len(text)]
	}
	return s, true
}

// noContext is the context of patterns without variables.
type noContext struct{}

func (noContext) Lookup(string) Values { return Values{} }

// MatchWildcard reports whether all of s matches the pattern. "*" matches any number of characters, including none, "?"
// matches exactly one, and every other character matches itself. It takes time linear in its input for any pattern.
func MatchWildcard(pattern, s string) bool {
	p := newPattern(pattern, false, true)
	return p.match(s, noContext{}) == matches
}

package policy

import (
	"bytes"
	"strings"
)

// actionPattern is a value of Action in lower case.
type actionPattern struct {
	text    string
	literal bool
}

func newActionPattern(source string) actionPattern {
	text := string(appendLower(nil, source))
	return actionPattern{text, !strings.ContainsAny(text, "*?")}
}

// prefix returns the text before the first wildcard. The pattern must have one.
func (p actionPattern) prefix() string { return p.text[:strings.IndexAny(p.text, "*?")] }

// prefixed reports whether the pattern is a prefix followed by a star.
func (p actionPattern) prefixed() bool {
	return strings.IndexAny(p.text, "*?") == len(p.text)-1 && strings.HasSuffix(p.text, "*")
}

// match compares with an action in lower case. Wildcards do not match the colon after the service; "*" alone matches
// every action.
func (p actionPattern) match(action []byte) bool {
	if p.literal {
		return string(action) == p.text
	}
	if p.text == "*" {
		return true
	}
	i := bytes.IndexByte(action, ':')
	service, name, ok := strings.Cut(p.text, ":")
	return ok && i >= 0 && glob(service, action[:i]) && glob(name, action[i+1:])
}

// glob matches "*" and "?" byte by byte. Actions are short names that the server makes, so backtracking to the last
// star is fast enough.
func glob(pattern string, s []byte) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// appendLower appends ASCII text in lower case.
func appendLower(dst []byte, text string) []byte {
	for i := range len(text) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// resourcePattern is a value of Resource: "*", or an ARN. If the first five fields are literal, the whole value is one
// pattern; otherwise each field is a pattern of its own.
type resourcePattern struct {
	source string
	any    bool
	broken bool
	whole  pattern     // when fields is nil
	fields *[6]pattern //
}

func newResourcePattern(source string, variables bool) resourcePattern {
	r := resourcePattern{source: source}
	if source == "*" {
		r.any = true
		return r
	}
	fields, ok := splitARN(source)
	head := strings.Join(fields[:5], ":")
	if !ok || fields[0] != "arn" || variables && strings.Contains(head, "${") {
		r.broken = true
		return r
	}
	r.whole = newPattern(source, variables, true)
	if strings.ContainsAny(head, "*?") && r.whole.form != brokenForm {
		parts, vars, _ := parseTemplate(source, variables, true)
		split := splitParts(parts, vars)
		r.fields = &split
	}
	return r
}

// prefix returns the literal text that all matching resources begin with.
func (r *resourcePattern) prefix() string {
	if r.any || r.broken {
		return ""
	}
	return r.whole.prefix()
}

func (r *resourcePattern) match(resource string, ctx Context) outcome {
	switch {
	case r.any:
		return matches
	case r.broken:
		return unresolved
	case r.fields == nil:
		return r.whole.match(resource, ctx)
	}
	return r.matchFields(resource, ctx)
}

func (r *resourcePattern) matchFields(resource string, ctx Context) outcome {
	fields, ok := splitARN(resource)
	result := outcomeOf(ok)
	for i := range r.fields {
		switch r.fields[i].match(fields[i], ctx) {
		case unresolved:
			return unresolved
		case differs:
			result = differs
		case matches:
		}
	}
	return result
}

// CoversAction reports whether a value of Action, which may have wildcards, covers the action.
func CoversAction(pattern, action string) bool {
	p := newActionPattern(pattern)
	return p.match(appendLower(nil, action))
}

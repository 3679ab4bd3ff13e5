package token

import (
	"iter"
	"math"
	"strconv"
	"strings"
)

// Claims are a token's claims as its issuer wrote them: a strict JSON object in which no name stands twice, at any
// depth. They are immutable and safe for concurrent use; the zero value has none.
type Claims struct {
	text    string
	extra   string // names that were written with escapes, see member
	members []member
}

// ParseClaims reads a JSON object of at most 65,535 bytes and 16 levels. Duplicate names, broken UTF-8, lone
// surrogates and anything behind the object are errors; the error quotes nothing.
func ParseClaims(text string) (Claims, error) {
	var s scanner
	if err := s.object(text); err != nil {
		return Claims{}, err
	}
	return s.claims(), nil
}

// claims copies what the scanner found.
func (s *scanner) claims() Claims {
	c := Claims{text: s.text, extra: string(s.extra), members: make([]member, len(s.members))}
	copy(c.members, s.members)
	return c
}

// Len returns the number of claims.
func (c *Claims) Len() int { return len(c.members) }

// JSON returns the whole object as the issuer wrote it.
func (c *Claims) JSON() string { return c.text }

// All yields name and JSON text of each claim, in the issuer's order.
func (c *Claims) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, m := range c.members {
			if !yield(c.nameOf(m), c.text[m.valueStart:m.valueEnd]) {
				return
			}
		}
	}
}

// Raw returns the JSON text of a claim's value.
func (c *Claims) Raw(name string) (string, bool) {
	for _, m := range c.members {
		if c.nameOf(m) == name {
			return c.text[m.valueStart:m.valueEnd], true
		}
	}
	return "", false
}

// Values returns a claim as the values of a condition key: a string, number or boolean is one value (a number in the
// issuer's spelling), an array is the values of its strings, numbers and booleans, null is none. An object, alone or
// in an array, is its JSON text. More than one name descends through objects. The second result says whether the claim
// is there.
func (c *Claims) Values(path ...string) ([]string, bool) {
	if len(path) == 0 {
		return nil, false
	}
	raw, ok := c.Raw(path[0])
	for _, name := range path[1:] {
		if !ok || raw[0] != '{' {
			return nil, false
		}
		inner, err := ParseClaims(raw)
		if err != nil {
			return nil, false
		}
		raw, ok = inner.Raw(name)
	}
	if !ok {
		return nil, false
	}
	return valuesOf(raw), true
}

func (c *Claims) nameOf(m member) string {
	if int(m.nameStart) >= len(c.text) {
		return c.extra[int(m.nameStart)-len(c.text) : int(m.nameEnd)-len(c.text)]
	}
	return c.text[m.nameStart:m.nameEnd]
}

// size is what the claims keep alive, in bytes.
func (c *Claims) size() int { return len(c.text) + len(c.extra) + 8*len(c.members) }

func valuesOf(raw string) []string {
	if raw[0] != '[' {
		return appendScalar(nil, raw)
	}
	values := make([]string, 0, 1+strings.Count(raw, ","))
	s := scanner{text: raw, pos: 1, depth: 1}
	s.space()
	for s.peek() != ']' {
		start := s.pos
		if !s.value() {
			return nil // not reached: the text was read before
		}
		values = appendScalar(values, raw[start:s.pos])
		s.space()
		if s.peek() == ',' {
			s.pos++
			s.space()
		}
	}
	return values
}

func appendScalar(values []string, raw string) []string {
	switch raw[0] {
	case '"':
		return append(values, unquote(raw))
	case 'n':
		return values
	}
	return append(values, raw)
}

// unquote gives the value of a JSON string that was read before; without escapes it shares the claims' memory.
func unquote(raw string) string {
	inner := raw[1 : len(raw)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	return string(appendUnescaped(make([]byte, 0, len(inner)), inner))
}

// stringOf wants a string.
func stringOf(raw string) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	return unquote(raw), true
}

// stringsOf wants an array of strings, or one string as an array of one where RFC 7519 section 4.1.3 allows it.
func stringsOf(raw string) ([]string, bool) {
	if raw[0] == '"' {
		return []string{unquote(raw)}, true
	}
	if raw[0] != '[' {
		return nil, false
	}
	values := make([]string, 0, 1+strings.Count(raw, ","))
	s := scanner{text: raw, pos: 1, depth: 1}
	s.space()
	for s.peek() != ']' {
		start := s.pos
		if s.peek() != '"' || !s.value() {
			return nil, false
		}
		values = append(values, unquote(raw[start:s.pos]))
		s.space()
		if s.peek() == ',' {
			s.pos++
			s.space()
		}
	}
	return values, true
}

// dateOf wants a NumericDate (RFC 7519 section 2): seconds since 1970, a fraction allowed and cut off, from 0 to the end
// of the year 9999.
func dateOf(raw string) (int64, bool) {
	const last = 253402300799
	if len(raw) <= 12 {
		var n int64
		for i := 0; i < len(raw); i++ {
			if raw[i] < '0' || raw[i] > '9' {
				return slowDate(raw, last)
			}
			n = n*10 + int64(raw[i]-'0')
		}
		return n, n <= last
	}
	return slowDate(raw, last)
}

func slowDate(raw string, last float64) (int64, bool) {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || f < 0 || f > last {
		return 0, false
	}
	return int64(math.Floor(f)), true
}

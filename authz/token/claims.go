package token

import (
	"bytes"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Claims are a token's claims as its issuer wrote them: a strict JSON object in which no name stands twice, at any
// depth. They are immutable and safe for concurrent use; the zero value has none. A copy shares their memory, which is one
// piece that holds no pointers: a cache full of them costs the garbage collector little.
type Claims struct {
	data  string // the object; the names that were written with escapes, see member; the members, memberSize each
	text  uint16 // length of the object
	names uint16 // where the names end
	kept  uint32 // bytes that data keeps alive
}

// memberSize is how many bytes a member takes in Claims: its four numbers, the lower byte first.
const memberSize = 8

// ParseClaims reads a JSON object of at most 65,535 bytes and 16 levels. Duplicate names, broken UTF-8, lone
// surrogates and anything behind the object are errors; the error quotes nothing.
func ParseClaims(text string) (Claims, error) {
	var s scanner
	if err := s.object(text); err != nil {
		return Claims{}, err
	}
	var b strings.Builder
	b.Grow(len(text) + len(s.extra) + memberSize*len(s.members))
	b.WriteString(text)
	return s.claims(&b), nil
}

// claims puts what the scanner found behind the text, which b holds already. Without growing, b leaves the text where it
// is: strings that were taken from it then share the claims' memory.
func (s *scanner) claims(b *strings.Builder) Claims {
	b.Write(s.extra)
	c := Claims{text: uint16(len(s.text)), names: uint16(b.Len())}
	for _, m := range s.members {
		b.Write([]byte{byte(m.nameStart), byte(m.nameStart >> 8), byte(m.nameEnd), byte(m.nameEnd >> 8),
			byte(m.valueStart), byte(m.valueStart >> 8), byte(m.valueEnd), byte(m.valueEnd >> 8)})
	}
	c.data, c.kept = b.String(), uint32(b.Cap())
	return c
}

// room is how many bytes the claims of a payload need, at most: what stands behind the text included.
func room(payload []byte) int {
	// A member has a colon, and at least five bytes: "":0 and a comma.
	n := len(payload) + memberSize*min(bytes.Count(payload, []byte{':'}), len(payload)/5+1)
	if bytes.IndexByte(payload, '\\') >= 0 {
		n += len(payload)
	}
	return n
}

// Len returns the number of claims.
func (c *Claims) Len() int { return (len(c.data) - int(c.names)) / memberSize }

// JSON returns the whole object as the issuer wrote it.
func (c *Claims) JSON() string { return c.data[:c.text] }

// All yields name and JSON text of each claim, in the issuer's order.
func (c *Claims) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for at := int(c.names); at < len(c.data); at += memberSize {
			if name, raw := c.at(at); !yield(name, raw) {
				return
			}
		}
	}
}

// at gives name and JSON text of the member that is kept there.
func (c *Claims) at(place int) (name, raw string) {
	m := c.data[place : place+memberSize]
	name = c.data[uint16(m[0])|uint16(m[1])<<8 : uint16(m[2])|uint16(m[3])<<8]
	return name, c.data[uint16(m[4])|uint16(m[5])<<8 : uint16(m[6])|uint16(m[7])<<8]
}

// Raw returns the JSON text of a claim's value.
func (c *Claims) Raw(name string) (string, bool) {
	for at := int(c.names); at < len(c.data); at += memberSize {
		if n, raw := c.at(at); n == name {
			return raw, true
		}
	}
	return "", false
}

// Values returns a claim as the values of a condition key: a string, number or boolean is one value (a number in the
// issuer's spelling), an array is the values of its strings, numbers and booleans, null is none. An object, alone or
// in an array, is its JSON text. More than one name descends through objects. The second result says whether the claim
// is there.
func (c *Claims) Values(path ...string) ([]string, bool) {
	raw, ok := c.find(path)
	if !ok {
		return nil, false
	}
	return appendValues(nil, raw), true
}

// find returns the JSON text of the value at the end of a path through nested objects. It shares the claims' memory.
func (c *Claims) find(path []string) (raw string, ok bool) {
	if len(path) == 0 {
		return "", false
	}
	raw, ok = c.Raw(path[0])
	for _, name := range path[1:] {
		if !ok || raw[0] != '{' {
			return "", false
		}
		raw, ok = memberOf(raw, name)
	}
	return raw, ok
}

func memberOf(object, name string) (raw string, ok bool) {
	var s scanner
	if s.object(object) != nil {
		return "", false // not reached: the text was read before
	}
	for _, m := range s.members {
		if s.nameOf(m) == name {
			return object[m.valueStart:m.valueEnd], true
		}
	}
	return "", false
}

// size is what the claims keep alive, in bytes.
func (c *Claims) size() int { return int(c.kept) }

// countOf is how many values a claim has, at most.
func countOf(raw string) int {
	if raw == "" {
		return 0
	}
	if raw[0] != '[' {
		return 1
	}
	return 1 + strings.Count(raw, ",")
}

// appendValues appends a claim's values as Values has them.
func appendValues(values []string, raw string) []string {
	if raw[0] != '[' {
		return appendScalar(values, raw)
	}
	values = slices.Grow(values, countOf(raw))
	s := scanner{text: raw, pos: 1, depth: 1}
	s.space()
	for s.peek() != ']' {
		start := s.pos
		if !s.value() {
			return values // not reached: the text was read before
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

// appendStrings wants an array of strings, or one string as an array of one where RFC 7519 section 4.1.3 allows it.
func appendStrings(values []string, raw string) ([]string, bool) {
	if raw[0] == '"' {
		return append(values, unquote(raw)), true
	}
	if raw[0] != '[' {
		return values, false
	}
	values = slices.Grow(values, countOf(raw))
	s := scanner{text: raw, pos: 1, depth: 1}
	s.space()
	for s.peek() != ']' {
		start := s.pos
		if s.peek() != '"' || !s.value() {
			return values, false
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

package token

import (
	"bytes"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Claims is a strict JSON object, as the issuer of a token wrote it. No object in it has a duplicate name. Claims are
// immutable and safe for concurrent use. The zero value is empty. All data is in one string without pointers, which keeps
// the garbage collector's work small when a cache holds many of them.
type Claims struct {
	data  string // the object, then unescaped names (see member), then the members, memberSize bytes each
	text  uint16 // length of the object
	names uint16 // end of the names
	kept  uint32 // capacity behind data, in bytes
}

// memberSize is the size of a member in Claims.data: four little-endian numbers.
const memberSize = 8

// ParseClaims reads a JSON object of at most 65,535 bytes and 16 levels. It returns an error for duplicate names, invalid
// UTF-8, lone surrogates, and data after the object. The error does not quote the text.
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

// claims appends the names and members to b, which holds the text, and returns the result. If b has enough room, the text
// does not move, so that strings taken from it share the claims' memory.
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

// room returns an upper bound of the bytes that the claims of a payload need.
func room(payload []byte) int {
	// A member has a colon and at least five bytes: "":0 and a comma.
	n := len(payload) + memberSize*min(bytes.Count(payload, []byte{':'}), len(payload)/5+1)
	if bytes.IndexByte(payload, '\\') >= 0 {
		n += len(payload)
	}
	return n
}

// Len returns the number of claims.
func (c *Claims) Len() int { return (len(c.data) - int(c.names)) / memberSize }

// JSON returns the object as the issuer wrote it.
func (c *Claims) JSON() string { return c.data[:c.text] }

// All yields the name and the JSON text of each claim, in the issuer's order.
func (c *Claims) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for at := int(c.names); at < len(c.data); at += memberSize {
			if name, raw := c.at(at); !yield(name, raw) {
				return
			}
		}
	}
}

// at returns the name and the JSON text of the member at an offset in data.
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

// Values returns a claim as the values of a condition key. A string, number or boolean is one value; a number keeps the
// issuer's spelling. An array is the values of its elements. null is no value. An object is its JSON text. A path of
// several names descends through objects. The second result reports whether the claim exists.
func (c *Claims) Values(path ...string) ([]string, bool) {
	raw, ok := c.find(path)
	if !ok {
		return nil, false
	}
	return appendValues(nil, raw), true
}

// find returns the JSON text of the value at the end of a path through nested objects.
func (c *Claims) find(path []string) (raw string, ok bool) {
	if len(path) == 0 {
		return "", false
	}
	if raw, ok = c.Raw(path[0]); !ok && len(path) == 1 && strings.Contains(path[0], "://") {
		return c.below(path[0])
	}
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
		return "", false // cannot happen: the scanner has accepted the text
	}
	for _, m := range s.members {
		if s.nameOf(m) == name {
			return object[m.valueStart:m.valueEnd], true
		}
	}
	return "", false
}

// size returns the number of bytes that the claims keep alive.
func (c *Claims) size() int { return int(c.kept) }

// countOf returns an upper bound of the number of values of a claim.
func countOf(raw string) int {
	if raw == "" {
		return 0
	}
	if raw[0] != '[' {
		return 1
	}
	return 1 + strings.Count(raw, ",")
}

// appendValues appends the values of a claim; see Claims.Values.
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
			return values // cannot happen: the scanner has accepted the text
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

// unquote returns the value of a JSON string that the scanner has accepted. Without escapes, the value shares the memory of
// raw.
func unquote(raw string) string {
	inner := raw[1 : len(raw)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	return string(appendUnescaped(make([]byte, 0, len(inner)), inner))
}

// stringOf returns the value of a JSON string, or false if raw is not a string.
func stringOf(raw string) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	return unquote(raw), true
}

// appendStrings appends the values of an array of strings, or of a single string (RFC 7519 section 4.1.3). It returns
// false for anything else.
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

// dateOf reads a NumericDate (RFC 7519 section 2): seconds since 1970, from 0 to the end of the year 9999. It drops
// fractions.
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

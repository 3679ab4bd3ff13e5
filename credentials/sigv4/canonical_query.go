package sigv4

import (
	"bytes"
	"slices"
	"strings"
)

// The limits of a query: a presigned one with the longest session token, percent-encoded, fits well.
const (
	maxQuery      = 64 << 10
	maxParameters = 1000
)

// parameter is one "key=value" of a query, still encoded.
type parameter struct{ key, value string }

// nextParameter cuts the first parameter off a raw query; empty ones ("&&") are passed over, as every parser does.
func nextParameter(raw string) (p parameter, rest string, ok bool) {
	for raw != "" {
		var one string
		one, raw, _ = cutByte(raw, '&')
		if one == "" {
			continue
		}
		p.key, p.value, _ = cutByte(one, '=')
		return p, raw, true
	}
	return parameter{}, "", false
}

// checkQuery refuses a query that has no canonical form.
func checkQuery(raw string) *Error {
	if len(raw) > maxQuery {
		return &Error{Reason: Malformed, Detail: "the query is too long"}
	}
	if strings.Count(raw, "&") >= maxParameters {
		return &Error{Reason: Malformed, Detail: "the query has too many parameters"}
	}
	for {
		i := strings.IndexByte(raw, '%')
		if i < 0 {
			return nil
		}
		if !percentAt(raw, i) {
			return &Error{Reason: Malformed, Detail: "the query has a bad percent-encoding"}
		}
		raw = raw[i+3:]
	}
}

// unescapeQuery decodes a key or value: %XX, and plus as space. It has been through checkQuery.
func unescapeQuery(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			out = append(out, ' ')
		case '%':
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

// canonicalParameter is where a parameter's canonical key and value lie in a buffer.
type canonicalParameter struct{ start, equals, end int }

// appendQuery appends the canonical query: each key and value decoded once and encoded AWS's way, sorted by key, then by
// value, without the signature itself.
//
// AWS sorts the encoded texts. SDKs that sort the decoded ones (aws-sdk-go does) arrive at another order for keys outside
// ASCII; byDecoded gives theirs. Both orders cover every parameter.
func (s *scratch) appendQuery(dst []byte, raw string, presigned, byDecoded bool) []byte {
	s.parameters = s.parameters[:0]
	begin, sorted := len(dst), true
	for {
		p, rest, ok := nextParameter(raw)
		if !ok {
			break
		}
		raw = rest
		if presigned && (p.key == querySignature || unescapeQuery(p.key) == querySignature) {
			continue
		}
		if len(s.parameters) > 0 {
			dst = append(dst, '&')
		}
		at := canonicalParameter{start: len(dst)}
		dst = appendQueryPart(dst, p.key)
		at.equals = len(dst)
		dst = appendQueryPart(append(dst, '='), p.value)
		at.end = len(dst)
		if n := len(s.parameters); n > 0 && sorted {
			sorted = at.compare(s.parameters[n-1], dst, byDecoded) >= 0
		}
		s.parameters = append(s.parameters, at)
	}
	if sorted { // as clients usually send it
		return dst
	}
	s.encoded = append(s.encoded[:0], dst...)
	slices.SortFunc(s.parameters, func(a, b canonicalParameter) int { return a.compare(b, s.encoded, byDecoded) })
	dst = dst[:begin]
	for i, at := range s.parameters {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, s.encoded[at.start:at.end]...)
	}
	return dst
}

// appendScanned appends the same for a query that a scan has found canonically encoded: nothing is left to do but to leave
// the signature out and to sort.
func (s *scratch) appendScanned(dst []byte, raw string, known *seen) []byte {
	before, after := raw[:known.from], raw[known.to:]
	if known.sorted {
		return append(append(dst, before...), after...)
	}
	s.scanned = s.scanned[:0]
	for _, rest := range [...]string{before, after} {
		for {
			p, more, ok := nextParameter(rest)
			if !ok {
				break
			}
			rest = more
			// Sorted as it comes: there are few, and seldom far from their places.
			i := len(s.scanned)
			for i > 0 && p.before(s.scanned[i-1]) {
				i--
			}
			s.scanned = slices.Insert(s.scanned, i, p)
		}
	}
	for i, p := range s.scanned {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(append(append(dst, p.key...), '='), p.value...)
	}
	return dst
}

// compare orders two parameters in a buffer.
func (at canonicalParameter) compare(other canonicalParameter, in []byte, byDecoded bool) int {
	key, value := in[at.start:at.equals], in[at.equals+1:at.end]
	otherKey, otherValue := in[other.start:other.equals], in[other.equals+1:other.end]
	if byDecoded {
		if c := strings.Compare(unescapeQuery(string(key)), unescapeQuery(string(otherKey))); c != 0 {
			return c
		}
		return strings.Compare(unescapeQuery(string(value)), unescapeQuery(string(otherValue)))
	}
	if c := bytes.Compare(key, otherKey); c != 0 {
		return c
	}
	return bytes.Compare(value, otherValue)
}

// appendQueryPart appends a key or value in canonical encoding.
func appendQueryPart(dst []byte, part string) []byte {
	for i := 0; i < len(part); i++ {
		plain := i
		i = plainRun(part, i, outsideQuery)
		dst = append(dst, part[plain:i]...)
		if i == len(part) {
			break
		}
		c := part[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%':
			c = unhex(part[i+1])<<4 | unhex(part[i+2])
			i += 2
			if unreserved[c] {
				dst = append(dst, c)
				continue
			}
		}
		dst = appendPercent(dst, c)
	}
	return dst
}

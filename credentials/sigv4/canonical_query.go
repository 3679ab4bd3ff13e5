package sigv4

import (
	"bytes"
	"slices"
	"strings"
)

// Limits on a query. A presigned query with the longest session token, percent-encoded, is shorter than maxQuery.
const (
	maxQuery      = 64 << 10
	maxParameters = 1000
)

// parameter is one "key=value" of a query, not decoded.
type parameter struct{ key, value string }

// nextParameter returns the first parameter of a raw query and the rest of the query. It skips empty parameters ("&&").
func nextParameter(raw string) (p parameter, rest string, ok bool) {
	for raw != "" {
		var one string
		one, raw = cutByte(raw, '&')
		if one == "" {
			continue
		}
		p.key, p.value = cutByte(one, '=')
		return p, raw, true
	}
	return parameter{}, "", false
}

// checkQuery returns an error if the query is too long, has too many parameters, or contains an invalid percent-encoding.
func checkQuery(raw string) *Error {
	if len(raw) > maxQuery {
		return refuse(Malformed, "the query is too long")
	}
	if strings.Count(raw, "&") >= maxParameters {
		return refuse(Malformed, "the query has too many parameters")
	}
	for {
		i := strings.IndexByte(raw, '%')
		if i < 0 {
			return nil
		}
		if !percentAt(raw, i) {
			return refuse(Malformed, "the query contains an invalid percent-encoding")
		}
		raw = raw[i+3:]
	}
}

// unescapeQuery decodes a key or value that has passed checkQuery: %XX, and plus as a space.
func unescapeQuery(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	var buffer [128]byte // most credentials fit
	out := buffer[:0]
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		out = append(out, c)
	}
	return string(out)
}

// canonicalParameter is the position of a canonical parameter in a buffer.
type canonicalParameter struct{ start, equals, end int }

// appendQuery appends the canonical form of a query that has passed checkQuery: each key and value decoded and encoded again,
// sorted by key and then by value. If presigned, it omits the signature.
//
// AWS sorts the encoded texts. Some SDKs, such as aws-sdk-go, sort the decoded ones, which makes a difference for keys outside
// ASCII; byDecoded selects their order. Both orders cover every parameter.
func (s *scratch) appendQuery(dst []byte, raw string, presigned, byDecoded bool) []byte {
	s.parameters = s.parameters[:0]
	begin, sorted := len(dst), true
	for raw != "" {
		if raw[0] == '&' {
			raw = raw[1:]
			continue
		}
		before := len(dst)
		if len(s.parameters) > 0 {
			dst = append(dst, '&')
		}
		at := canonicalParameter{start: len(dst)}
		dst, raw = appendQueryPart(dst, raw, '=')
		at.equals = len(dst)
		dst = append(dst, '=')
		if raw != "" && raw[0] == '=' {
			dst, raw = appendQueryPart(dst, raw[1:], '&')
		}
		at.end = len(dst)
		if presigned && string(dst[at.start:at.equals]) == querySignature {
			dst = dst[:before]
			continue
		}
		if n := len(s.parameters); n > 0 && sorted {
			sorted = at.compare(s.parameters[n-1], dst, byDecoded) >= 0
		}
		s.parameters = append(s.parameters, at)
	}
	if sorted { // the usual case
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

// compare compares two parameters of a buffer by key and then by value.
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

// appendQueryPart appends the canonical encoding of the key or value that raw begins with, which ends before an ampersand or
// the byte end. It also returns the rest of raw.
func appendQueryPart(dst []byte, raw string, end byte) ([]byte, string) {
	for {
		n := plainLen(raw)
		dst, raw = append(dst, raw[:n]...), raw[n:]
		if raw == "" || raw[0] == '&' || raw[0] == end {
			return dst, raw
		}
		c := raw[0]
		raw = raw[1:]
		switch c {
		case '+':
			c = ' '
		case '%':
			c = unhex(raw[0])<<4 | unhex(raw[1])
			raw = raw[2:]
		}
		if unreserved(c) {
			dst = append(dst, c)
		} else {
			dst = appendPercent(dst, c)
		}
	}
}

// plainLen returns the length of the longest prefix of s that has only unreserved bytes. It looks at eight bytes at a time,
// because the session token of a presigned request is long.
func plainLen(s string) int {
	n := 0
	for ; len(s)-n >= 8; n += 8 {
		w := s[n : n+8]
		if escaped[w[0]]|escaped[w[1]]|escaped[w[2]]|escaped[w[3]]|escaped[w[4]]|escaped[w[5]]|escaped[w[6]]|escaped[w[7]] != 0 {
			break
		}
	}
	for n < len(s) && unreserved(s[n]) {
		n++
	}
	return n
}

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
			return refuse(Malformed, "the query has a bad percent-encoding")
		}
		raw = raw[i+3:]
	}
}

// unescapeQuery decodes a key or value: %XX, and plus as space. It has been through checkQuery.
func unescapeQuery(s string) string {
	percent, plus := strings.IndexByte(s, '%'), strings.IndexByte(s, '+') >= 0
	if percent < 0 && !plus {
		return s
	}
	var buffer [128]byte
	out := buffer[:0]
	for s != "" {
		if percent < 0 {
			percent = len(s)
		}
		at := len(out)
		out = append(out, s[:percent]...)
		for plus && at < len(out) {
			if out[at] == '+' {
				out[at] = ' '
			}
			at++
		}
		if percent == len(s) {
			break
		}
		out = append(out, unhex(s[percent+1])<<4|unhex(s[percent+2]))
		s = s[percent+3:]
		percent = strings.IndexByte(s, '%')
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
// the signature out and to sort. It reports whether it could, which with many parameters to sort it cannot.
func appendScanned(dst []byte, raw string, known *seen) ([]byte, bool) {
	switch {
	case !known.encoded:
		return dst, false
	case known.sorted:
		return append(append(dst, raw[:known.from]...), raw[known.to:]...), true
	case known.count == 0:
		return dst, false
	}
	// Insertion: there are few, and seldom far from their places.
	places := known.places
	for n := 1; n < int(known.count); n++ {
		at := places[n]
		i := n
		for p := at.in(raw); i > 0 && p.before(places[i-1].in(raw)); i-- {
			places[i] = places[i-1]
		}
		places[i] = at
	}
	for i, at := range places[:known.count] {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, raw[at.start:at.end]...)
	}
	return dst, true
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
		for i < len(part) && unreserved[part[i]] {
			i++
		}
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

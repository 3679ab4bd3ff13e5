package sigv4

import (
	"strconv"
	"strings"
)

// appendHeaders appends the canonical headers of the signed ones, in the order that the client names them. It fails when
// a signed header is not there: some hop took it away.
func (s *scratch) appendHeaders(dst []byte, r *Request, signed []string) ([]byte, *Error) {
	for _, name := range signed {
		dst = append(append(dst, name...), ':')
		values := r.Header[string(s.headerKey(name))]
		switch {
		case name == "host":
			dst = appendHeaderValue(dst, r.Host)
		case len(values) > 0:
			for i, value := range values {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = appendHeaderValue(dst, value)
			}
		case name == "content-length" && r.ContentLength >= 0:
			dst = strconv.AppendInt(dst, r.ContentLength, 10) // servers may keep it out of the header map
		default:
			return nil, &Error{Reason: Mismatch, Detail: "the signed header " + name + " is not in the request"}
		}
		dst = append(dst, '\n')
	}
	return dst, nil
}

// appendHeaderValue trims spaces around a value and makes one space of several inside it.
func appendHeaderValue(dst []byte, value string) []byte {
	value = strings.Trim(value, " \t")
	for {
		i := strings.Index(value, "  ")
		if i < 0 {
			return append(dst, value...)
		}
		dst = append(dst, value[:i+1]...)
		value = strings.TrimLeft(value[i:], " ")
	}
}

// headerKey is the canonical map key of a lower-case name, as net/textproto makes it, in a buffer that the next call
// overwrites: the point is to look a header up without allocating.
func (s *scratch) headerKey(name string) []byte {
	s.key = append(s.key[:0], name...)
	upper := true
	for i, c := range s.key {
		if upper && 'a' <= c && c <= 'z' {
			s.key[i] = c - 'a' + 'A'
		}
		upper = c == '-'
	}
	return s.key
}

// checkAmzHeaders refuses a request whose x-amz-* headers are not all signed: an unsigned one could have been added on
// the way and would change what the request means.
func checkAmzHeaders(r *Request, signed []string) *Error {
	for key := range r.Header {
		if len(key) < len(amzPrefix) || !strings.EqualFold(key[:len(amzPrefix)], amzPrefix) {
			continue
		}
		if !signsHeader(signed, key) {
			return &Error{Reason: UnsignedHeader, Detail: strings.ToLower(key)}
		}
		// Another spelling in the map would be a header beside the one that is looked up and signed.
		if !canonicalKey(key) {
			return &Error{Reason: Malformed, Detail: "the header " + strings.ToLower(key) + " is not in canonical form"}
		}
	}
	return nil
}

const amzPrefix = "X-Amz-"

// canonicalKey reports whether a header map's key is as net/textproto makes it.
func canonicalKey(key string) bool {
	upper := true
	for _, c := range []byte(key) {
		if upper && 'a' <= c && c <= 'z' || !upper && 'A' <= c && c <= 'Z' {
			return false
		}
		upper = c == '-'
	}
	return true
}

// signsHeader reports whether the list has the name, in any case.
func signsHeader(signed []string, name string) bool {
	for _, s := range signed {
		if len(s) == len(name) && strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

package sigv4

import (
	"strconv"
	"strings"
)

// The limits of headers.
const (
	maxHeaders       = 1000 // in a request
	maxSignedHeaders = 64
)

// signedHeader is a name that the client says it has signed, and what the request has under it.
type signedHeader struct {
	name   string
	values []string
}

// loadHeaders takes the signed headers' names in the order that the client gives them, and their values from the request.
// One pass over the header map, whose keys are compared with the names, serves both this and the search for x-amz-* headers
// that are not signed; looking the names up would need them in the map's spelling.
func (s *scratch) loadHeaders(r *Request, signed string) *Error {
	if len(r.Header) > maxHeaders {
		return &Error{Reason: Malformed, Detail: "the request has too many headers"}
	}
	s.signed, s.unsigned = s.signed[:0], ""
	ascending := true
	for more := true; more; {
		if len(s.signed) == maxSignedHeaders {
			return &Error{Reason: Malformed, Detail: "SignedHeaders is too long"}
		}
		var name string
		name, signed, more = nextName(signed)
		ascending = ascending && (len(s.signed) == 0 || s.signed[len(s.signed)-1].name < name)
		s.signed = append(s.signed, signedHeader{name: name})
	}
	if !ascending && s.repeats() {
		return &Error{Reason: Malformed, Detail: "SignedHeaders names a header twice"}
	}
	for key, values := range r.Header {
		h := s.find(key)
		switch {
		case h != nil && h.values == nil && len(values) > 0:
			h.values = values
		case isAmz(key):
			// It could have been added on the way and would change what the request means. The same goes for a second
			// spelling of one that is signed.
			s.unsigned = key
		}
	}
	return nil
}

// repeats reports whether a name stands twice among the signed ones.
func (s *scratch) repeats() bool {
	for i := range s.signed {
		for _, other := range s.signed[:i] {
			if other.name == s.signed[i].name {
				return true
			}
		}
	}
	return false
}

// find returns the signed header that a key of the header map names, or nil.
func (s *scratch) find(key string) *signedHeader {
	for i := range s.signed {
		if h := &s.signed[i]; len(h.name) == len(key) && foldsTo(key, h.name) {
			return h
		}
	}
	return nil
}

// appendHeaders appends the canonical headers of those loaded. It fails when the names are not what they must be: in lower
// case, each of a header that is there (some hop may have taken it away), host among them, and every x-amz-* header of the
// request.
func (s *scratch) appendHeaders(dst []byte, r *Request) ([]byte, *Error) {
	host := false
	for i := range s.signed {
		h := &s.signed[i]
		dst = append(append(dst, h.name...), ':')
		switch {
		case h.name == "host":
			dst, host = appendHeaderValue(dst, r.Host), true
		case h.values != nil:
			dst = appendHeaderValue(dst, h.values[0])
			for _, value := range h.values[1:] {
				dst = appendHeaderValue(append(dst, ','), value)
			}
		case h.name == "content-length" && r.ContentLength >= 0:
			dst = strconv.AppendInt(dst, r.ContentLength, 10) // servers may keep it out of the header map
		default:
			return nil, &Error{Reason: Mismatch, Detail: "a signed header is not in the request"}
		}
		dst = append(dst, '\n')
	}
	if !host {
		return nil, &Error{Reason: UnsignedHeader, Detail: "host"}
	}
	if s.unsigned != "" {
		return nil, &Error{Reason: UnsignedHeader, Detail: strings.ToLower(s.unsigned)}
	}
	return dst, nil
}

// isAmz reports whether a key is x-amz-*, in any case.
func isAmz(key string) bool {
	return len(key) > len("x-amz-") && key[1] == '-' && foldsTo(key[:len("x-amz-")], "x-amz-")
}

// foldsTo reports whether key in lower case is name. They are equally long.
func foldsTo(key, name string) bool {
	i := 0
	for ; i+8 <= len(key) && i+8 <= len(name); i += 8 {
		n := word(name[i:])
		if n^word(key[i:]) != 0 && (n^word(key[i:]))&^lowerCase(n) != 0 {
			return false
		}
	}
	for ; i < len(key); i++ {
		c := key[i]
		if 'A' <= c && c <= 'Z' {
			c |= 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// appendHeaderValue trims spaces around a value and makes one space of several inside it.
func appendHeaderValue(dst []byte, value string) []byte {
	value = trimSpace(value)
	if strings.IndexByte(value, ' ') < 0 {
		return append(dst, value...)
	}
	for {
		i := strings.Index(value, "  ")
		if i < 0 {
			return append(dst, value...)
		}
		dst = append(dst, value[:i+1]...)
		value = strings.TrimLeft(value[i:], " ")
	}
}

// trimSpace cuts the white space that RFC 9110 allows around a header's value.
func trimSpace(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// signs reports whether a list of signed headers has the name, in any case.
func signs(list, name string) bool {
	for more := true; more; {
		var one string
		one, list, more = nextName(list)
		if len(one) == len(name) && foldsTo(name, one) {
			return true
		}
	}
	return false
}

// nextName cuts the first name off a list of signed headers.
func nextName(list string) (name, rest string, more bool) {
	for i := 0; i < len(list); i++ {
		if list[i] == ';' {
			return list[:i], list[i+1:], true
		}
	}
	return list, "", false
}

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
	next   uint8 // the one before with a name of this length, counted from 1, or 0
}

// loadHeaders takes the signed headers' names in the order that the client gives them, and their values from the request.
// One pass over the header map, whose keys are compared with the names, serves both this and the search for x-amz-* headers
// that are not signed; looking the names up would need them in the map's spelling.
func (s *scratch) loadHeaders(r *Request, list string) *Error {
	if len(r.Header) > maxHeaders {
		return refuse(Malformed, "the request has too many headers")
	}
	var byLength [64]uint8 // the last with a name of this length, or 64 more; counted from 1
	n := 0
	for more := true; more; n++ {
		if n == maxSignedHeaders {
			s.signed = s.headers[:n] // to be cleared
			return refuse(Malformed, "SignedHeaders is too long")
		}
		h := &s.headers[n] // field by field: a copied struct would wait for its parts to be written
		end := strings.IndexByte(list, ';')
		if more = end >= 0; more {
			h.name, list = list[:end], list[end+1:]
		} else {
			h.name = list
		}
		last := &byLength[len(h.name)%len(byLength)]
		h.values, h.next = nil, *last
		*last = uint8(n + 1)
	}
	s.signed, s.unsigned = s.headers[:n], ""
	for key, values := range r.Header {
		h := s.find(key, byLength[len(key)%len(byLength)])
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

// find returns the signed header that a key of the header map names, or nil. It looks from the one counted on.
func (s *scratch) find(key string, from uint8) *signedHeader {
	for from > 0 {
		h := &s.signed[from-1]
		if foldsTo(key, h.name) {
			return h
		}
		from = h.next
	}
	return nil
}

// appendHeaders appends the canonical headers of those loaded. It fails when the names are not what they must be: in lower
// case, each once, each of a header that is there (some hop may have taken it away), host among them, and every x-amz-*
// header of the request.
func (s *scratch) appendHeaders(dst []byte, r *Request) ([]byte, *Error) {
	host := false
	for i := range s.signed {
		h := &s.signed[i]
		dst = append(append(dst, h.name...), ':')
		switch {
		case h.name == "host" && !host:
			dst, host = appendHeaderValue(dst, r.Host), true
		case h.values != nil:
			dst = appendHeaderValue(dst, h.values[0])
			for _, value := range h.values[1:] {
				dst = appendHeaderValue(append(dst, ','), value)
			}
		case s.repeats(): // only one of them has got the values
			return nil, refuse(Malformed, "SignedHeaders names a header twice")
		case h.name == "content-length" && r.ContentLength >= 0:
			dst = strconv.AppendInt(dst, r.ContentLength, 10) // servers may keep it out of the header map
		default:
			return nil, refuse(Mismatch, "a signed header is not in the request")
		}
		dst = append(dst, '\n')
	}
	if !host {
		return nil, notSigned("host")
	}
	if s.unsigned != "" {
		return nil, s.unsignedHeaders(r)
	}
	return dst, nil
}

// isAmz reports whether a key is x-amz-*, in any case.
func isAmz(key string) bool {
	return len(key) > len("x-amz-") && key[1] == '-' && foldsTo(key[:len("x-amz-")], "x-amz-")
}

// foldsTo reports whether key, with its ASCII letters in lower case, is name.
func foldsTo(key, name string) bool {
	if len(key) != len(name) {
		return false
	}
	for i := 0; i < len(key); i++ {
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
	if value != "" && (value[0] <= ' ' || value[len(value)-1] <= ' ') {
		value = trimSpace(value)
	}
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
		one, list, more = cutByte(list, ';')
		if len(one) == len(name) && foldsTo(name, one) {
			return true
		}
	}
	return false
}

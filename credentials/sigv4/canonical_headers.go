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

// header is one entry of a request's header map. Going through the map once and then comparing names is faster than
// looking each signed one up, which needs it in the map's spelling.
type header struct {
	key    string
	values []string
	amz    bool // x-amz-*
	signed bool
}

const amzPrefix = "x-amz-"

// loadHeaders copies the header map's entries, not their texts.
func (s *scratch) loadHeaders(r *Request) *Error {
	if len(r.Header) > maxHeaders {
		return &Error{Reason: Malformed, Detail: "the request has too many headers"}
	}
	s.headers = s.headers[:0]
	for key, values := range r.Header {
		amz := len(key) > len(amzPrefix) && key[1] == '-' && foldsTo(key[:len(amzPrefix)], amzPrefix)
		s.headers = append(s.headers, header{key: key, values: values, amz: amz})
	}
	return nil
}

// appendHeaders appends the canonical headers of the signed ones, in the order that the client names them. The headers have
// been loaded. It fails when the names are not what they must be: in lower case, each once, each of a header that is there
// (some hop may have taken it away), host among them, and every x-amz-* header of the request.
func (s *scratch) appendHeaders(dst []byte, r *Request, signed string) ([]byte, *Error) {
	for i := range s.headers {
		s.headers[i].signed = false
	}
	host := false
	for count, more := 0, true; more; count++ {
		if count == maxSignedHeaders {
			return nil, &Error{Reason: Malformed, Detail: "SignedHeaders is too long"}
		}
		var name string
		name, signed, more = nextName(signed)
		dst = append(append(dst, name...), ':')
		if name == "host" && !host {
			dst, host = append(appendHeaderValue(dst, r.Host), '\n'), true
			continue
		}
		h := s.find(name)
		switch {
		case h != nil && h.signed:
			return nil, &Error{Reason: Malformed, Detail: "SignedHeaders names a header twice"}
		case h != nil && len(h.values) > 0:
			h.signed = true
			dst = appendHeaderValue(dst, h.values[0])
			for _, value := range h.values[1:] {
				dst = appendHeaderValue(append(dst, ','), value)
			}
		case name == "content-length" && r.ContentLength >= 0:
			dst = strconv.AppendInt(dst, r.ContentLength, 10) // servers may keep it out of the header map
		default:
			return nil, &Error{Reason: Mismatch, Detail: "a signed header is not in the request"}
		}
		dst = append(dst, '\n')
	}
	if !host {
		return nil, &Error{Reason: UnsignedHeader, Detail: "host"}
	}
	return dst, s.checkAmzHeaders()
}

// checkAmzHeaders refuses an x-amz-* header that has not been signed: it could have been added on the way and would change
// what the request means. So is a second spelling of a signed one in the map, which was not looked at.
func (s *scratch) checkAmzHeaders() *Error {
	for i := range s.headers {
		if h := &s.headers[i]; h.amz && !h.signed {
			return &Error{Reason: UnsignedHeader, Detail: strings.ToLower(h.key)}
		}
	}
	return nil
}

// find returns a header by its lower-case name, or nil.
func (s *scratch) find(name string) *header {
	for i := range s.headers {
		if h := &s.headers[i]; len(h.key) == len(name) && foldsTo(h.key, name) {
			return h
		}
	}
	return nil
}

// foldsTo reports whether key in lower case is name. They are equally long.
func foldsTo(key, name string) bool {
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

package sigv4

import (
	"slices"
	"strconv"
	"strings"
)

// Limits on headers.
const (
	maxHeaders       = 1000 // of a request
	maxSignedHeaders = 255  // the largest that signedHeader.next can count
)

// signedHeader is a name from the list of signed headers, with the values that the request has for it.
type signedHeader struct {
	name   string
	values []string
	next   uint8 // the index plus one of the previous header with a name of this length, or 0
}

// loadHeaders sets s.signed to the headers in list, in the client's order, with their values from the request, and s.unsigned
// to an x-amz-* header that is not in list and must be. One pass over the header map does both. Looking up each name instead would
// need the names in the spelling of the map's keys.
func (s *scratch) loadHeaders(r *Request, list string, presigned bool) *Error {
	if len(r.Header) > maxHeaders {
		return refuse(Malformed, "the request has too many headers")
	}
	var byLength [64]uint8 // by the length of the name modulo 64: the index plus one of the last such header
	n := 0
	for more := true; more; n++ {
		if n == maxSignedHeaders {
			s.signed = s.headers[:n] // for release to clear
			return refuse(Malformed, "SignedHeaders is too long")
		}
		h := &s.headers[n]
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
	s.signed, s.unsigned, s.presigned = s.headers[:n], "", presigned
	s.takesAbsent, s.absent, s.guessed = false, "", false
	for key, values := range r.Header {
		h := s.find(key, byLength[len(key)%len(byLength)])
		switch {
		case h != nil && h.values == nil && len(values) > 0:
			h.values = values
		case isAmz(key) && (h != nil || !s.covers(key)):
			// An unsigned x-amz-* header could have been added on the way and could change the meaning of the request. So
			// could a second spelling of a signed one.
			s.unsigned = key
		}
	}
	return nil
}

// repeats reports whether the list of signed headers has a name twice.
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

// find returns the signed header that a key of the header map names, or nil. It follows the chain that starts at from.
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

// appendHeaders appends the canonical headers. It returns an error if the request has an x-amz-* header that is not signed, which
// S3 tells first, if a name is not in lower case or is repeated, if the request does not have such a header (a proxy may have
// removed it) and the service does not take it as empty, and if host is not signed.
func (s *scratch) appendHeaders(dst []byte, r *Request, f form) ([]byte, *Error) {
	if s.unsigned != "" {
		return nil, s.unsignedHeaders(r)
	}
	host, unique := false, false
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
		case !unique && s.repeats(): // only the first of them has the values
			return nil, refuse(Malformed, "SignedHeaders names a header twice")
		case h.name != strings.ToLower(h.name):
			return nil, absent(h.name) // whatever the request has
		case !s.takesAbsent && !r.keepsOut(h.name):
			return nil, missing(h.name)
		default:
			unique = true // comparing all names again for each absent one would take long
			dst = s.appendKeptOut(dst, r, h.name, f)
		}
		dst = append(dst, '\n')
	}
	if !host {
		return nil, notSigned("host")
	}
	return dst, nil
}

// keepsOut reports whether the request has a header that net/http keeps out of the header map. In HTTP/2, that may be so of Expect.
func (r *Request) keepsOut(name string) bool {
	switch name {
	case "content-length":
		return r.ContentLength >= 0
	case "transfer-encoding":
		return len(r.TransferEncoding) > 0
	case "expect":
		return strings.HasPrefix(r.Proto, "HTTP/2")
	}
	return false
}

// appendKeptOut appends the value of a signed header that is not in the header map. One that the request does not have is empty.
func (s *scratch) appendKeptOut(dst []byte, r *Request, name string, f form) []byte {
	switch {
	case !r.keepsOut(name):
	case name == "content-length":
		return strconv.AppendInt(dst, r.ContentLength, 10)
	case name == "transfer-encoding":
		return append(dst, strings.Join(r.TransferEncoding, ",")...)
	case !f.noExpect:
		s.guessed = true
		return append(dst, "100-continue"...) // the only value that there is
	}
	if s.absent == "" || strings.ContainsAny(name, "_.") { // such names are the ones that proxies drop
		s.absent = name
	}
	return dst
}

// takesAbsent reports whether a service takes a header that SignedHeaders names and that is not in the request as one without a value.
// The client has signed just that, so a header with a value cannot be removed on the way. AWS's other services name the header.
func takesAbsent(service string) bool { return isS3(service) || service == "sts" }

// CloudFrontID is the only x-amz-* header that may come unsigned with any signature: CloudFront adds it to every request. A server
// must not act on it, nor forward it.
const CloudFrontID = "X-Amz-Cf-Id"

// covers reports whether the header with a key need not be in the list of signed headers. The hash of the body may be in an unsigned
// header of a presigned request, because it is the last line of what was signed.
func (s *scratch) covers(key string) bool {
	return s.presigned && key == "X-Amz-Content-Sha256" || key == CloudFrontID
}

// isAmz reports whether a key has the prefix "x-amz-", in any case, and something after it.
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

// appendHeaderValue appends a value without surrounding spaces and with runs of spaces replaced by one space.
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

// trimSpace removes leading and trailing spaces and tabs (OWS in RFC 9110 section 5.6.3).
func trimSpace(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// signs reports whether a list of signed headers contains name.
func signs(list, name string) bool { return slices.Contains(strings.Split(list, ";"), name) }

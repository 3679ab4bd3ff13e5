package authz

import (
	"net/http"
	"slices"
	"strings"
)

// maxHeaderName is the length of the longest identity header name, in bytes.
const maxHeaderName = 128

// IdentityHeaders is a set of header names that only the host may set, such as X-User-Id.
type IdentityHeaders struct {
	folded map[string]struct{}
	sizes  [maxHeaderName + 1]look // by length of the name; most headers need no lookup
}

// look says what a header whose name has a certain length may be.
type look uint8

const (
	lookIdentity look = 1 << iota // an identity header
	lookList                      // one of listHeaders
)

// listHeaders are the headers that list names of others.
var listHeaders = [...]string{"Connection", "Proxy-Connection", "Trailer"}

// NewIdentityHeaders returns the set of the names. Names are compared without case, and with every other sign as '-': CGI
// and many frameworks fold '_' and '-', and PHP folds '.' as well, so that an upstream may read X_User.Id as X-User-Id.
// Names that are empty or too long are left out.
func NewIdentityHeaders(names ...string) *IdentityHeaders {
	s := &IdentityHeaders{folded: make(map[string]struct{}, len(names))}
	for _, name := range names {
		if name == "" || len(name) > maxHeaderName {
			continue
		}
		var buf [maxHeaderName]byte
		s.folded[string(foldName(buf[:], name))] = struct{}{}
		s.sizes[len(name)] |= lookIdentity
	}
	if len(s.folded) > 0 {
		for _, name := range listHeaders {
			s.sizes[len(name)] |= lookList
		}
	}
	return s
}

// Contains reports whether name is an identity header in any spelling.
func (s *IdentityHeaders) Contains(name string) bool {
	if s == nil || len(name) > maxHeaderName || s.sizes[len(name)]&lookIdentity == 0 {
		return false
	}
	var buf [maxHeaderName]byte
	_, ok := s.folded[string(foldName(buf[:], name))]
	return ok
}

// Strip removes the identity headers, in every spelling, from headers or trailers. It removes them from Connection
// headers too, because a proxy deletes what these list, which must not be the header that the host sets (RFC 9110 section
// 7.6.1), and from Trailer headers, which announce them.
func (s *IdentityHeaders) Strip(h http.Header) {
	if s == nil || len(s.folded) == 0 {
		return
	}
	for name := range h { // one pass over the map, which costs more than the checks
		if len(name) > maxHeaderName || s.sizes[len(name)] == 0 {
			continue
		}
		switch {
		case s.Contains(name):
			delete(h, name)
		case slices.Contains(listHeaders[:], name):
			s.unlist(h, name)
		}
	}
}

// unlist removes identity headers from a header that lists names.
func (s *IdentityHeaders) unlist(h http.Header, header string) {
	lines := h[header]
	if len(lines) == 0 || !s.listed(lines) {
		return
	}
	var kept []string
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" && !s.Contains(name) {
				kept = append(kept, name)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, header)
		return
	}
	h[header] = []string{strings.Join(kept, ", ")}
}

func (s *IdentityHeaders) listed(lines []string) bool {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if s.Contains(strings.TrimSpace(name)) {
				return true
			}
		}
	}
	return false
}

// foldName writes name to buf in lower case and with '-' for every other sign. buf must be long enough.
func foldName(buf []byte, name string) []byte {
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case (c < 'a' || 'z' < c) && (c < '0' || '9' < c):
			c = '-'
		}
		buf[i] = c
	}
	return buf[:len(name)]
}

package authz

import (
	"net/http"
	"slices"
	"strings"
)

// maxHeaderName is the longest identity header's name in bytes; a longer name from a client cannot be one.
const maxHeaderName = 128

// IdentityHeaders are the names of headers that only the gate may set, such as X-User-Id.
type IdentityHeaders struct {
	folded map[string]struct{}
	sizes  [maxHeaderName + 1]look // by the name's length: most headers need no look at all
}

// look is what a header of some length may be.
type look uint8

const (
	lookIdentity look = 1 << iota // an identity header
	lookList                      // one of listHeaders
)

// listHeaders list names of other headers.
var listHeaders = [...]string{"Connection", "Proxy-Connection", "Trailer"}

// NewIdentityHeaders makes the set. Names compare without case, and all signs as '-': CGI and many frameworks fold '_' and
// '-', PHP folds '.' as well, so X_User.Id from a client would be read as X-User-Id by the upstream.
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

// Contains reports whether a header's name is an identity header's in any spelling.
func (s *IdentityHeaders) Contains(name string) bool {
	if s == nil || len(name) > maxHeaderName || s.sizes[len(name)]&lookIdentity == 0 {
		return false
	}
	var buf [maxHeaderName]byte
	_, ok := s.folded[string(foldName(buf[:], name))]
	return ok
}

// Strip removes every spelling of the identity headers. It is meant for headers and for trailers alike. A Connection
// header loses the names too: a proxy removes what is listed there, and that must never be the header the gate sets (RFC
// 9110 section 7.6.1). So does a Trailer header, which would announce one.
func (s *IdentityHeaders) Strip(h http.Header) {
	if s == nil || len(s.folded) == 0 {
		return
	}
	for name := range h { // once: going through a map costs more than what is done with each
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

// foldName writes the name in lower case and with '-' for every other sign into buf, which is long enough.
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

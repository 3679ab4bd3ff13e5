package headers

import (
	"net/http"
	"slices"
	"strings"
)

// MaxName is the length of the longest name in a Set, in bytes.
const MaxName = 128

// Set is a set of header names, such as those that only the host may set.
type Set struct {
	folded   map[string]struct{}
	prefixes []string
	kept     *Set // exceptions; nil for none

	// ends and starts are filters: most headers are not in the set, and a lookup in the map takes longer than all other
	// checks.
	ends   [MaxName + 1]uint64 // by length: the classes of the last characters of names and listHeaders
	starts [signClasses]uint64 // by the class of the first character: the classes of the third characters of prefixes
}

// listHeaders are the headers that list names of others.
var listHeaders = [...]string{"Connection", "Proxy-Connection", "Trailer"}

// NewSet returns the set of the names. Names are compared without case, and every character other than a letter or digit
// is equal to '-': CGI and many frameworks fold '_' and '-', and PHP also folds '.', so that an upstream may read
// X_User.Id as X-User-Id. A name that ends in "*" is a prefix of at least three characters. Names that are empty or too
// long are omitted.
func NewSet(names ...string) *Set {
	s := &Set{folded: make(map[string]struct{}, len(names))}
	for _, name := range names {
		if name == "" || len(name) > MaxName {
			continue
		}
		var buf [MaxName]byte
		if prefix, ok := strings.CutSuffix(name, "*"); ok && len(prefix) >= 3 {
			s.prefixes = append(s.prefixes, string(Fold(buf[:], prefix)))
			s.starts[classOf[prefix[0]]] |= 1 << classOf[prefix[2]]
			continue
		}
		s.folded[string(Fold(buf[:], name))] = struct{}{}
		s.expect(name)
	}
	if len(s.folded)+len(s.prefixes) > 0 {
		for _, name := range listHeaders {
			s.expect(name)
		}
	}
	return s
}

// without returns the set without the names in kept.
func (s *Set) without(kept *Set) *Set {
	next := *s
	next.kept = kept
	return &next
}

// expect adds a name to the filter.
func (s *Set) expect(name string) { s.ends[len(name)] |= 1 << classOf[name[len(name)-1]] }

// may reports whether the filter allows a name to be in the set or one of listHeaders.
func (s *Set) may(name string) bool {
	n := len(name)
	if n < 3 || n > MaxName {
		return n > 0 && n < 3 && s.ends[n] != 0
	}
	return s.ends[n]>>classOf[name[n-1]]&1 != 0 || s.starts[classOf[name[0]]]>>classOf[name[2]]&1 != 0
}

// Contains reports whether name is in the set, in any spelling.
func (s *Set) Contains(name string) bool {
	if s == nil || !s.may(name) {
		return false
	}
	var buf [MaxName]byte
	folded := Fold(buf[:], name)
	_, found := s.folded[string(folded)]
	for i := 0; i < len(s.prefixes) && !found; i++ {
		found = len(folded) >= len(s.prefixes[i]) && string(folded[:len(s.prefixes[i])]) == s.prefixes[i]
	}
	return found && !s.kept.Contains(name)
}

// Strip removes the headers of the set, in every spelling, from headers or trailers. It also removes their names from
// Trailer headers, which announce trailers, and the names of all headers from Connection headers: a proxy deletes the headers
// named there (RFC 9110 section 7.6.1), including those that the host sets and those that took part in a decision.
func (s *Set) Strip(h http.Header) {
	if s == nil || len(s.folded)+len(s.prefixes) == 0 {
		return
	}
	for name := range h { // one pass, because iterating over the map takes longer than the checks
		if !s.may(name) {
			continue
		}
		switch {
		case s.Contains(name):
			delete(h, name)
		case name == "Trailer":
			Unlist(h, name, s.Contains)
		case slices.Contains(listHeaders[:], name):
			Unlist(h, name, ownOption)
		}
	}
}

// ownOption reports whether an option of Connection is none of the connection itself, but the name of a header.
func ownOption(name string) bool {
	return !strings.EqualFold(name, "close") && !strings.EqualFold(name, "keep-alive") && !strings.EqualFold(name, "upgrade")
}

// Unlist removes the names for which drop returns true from a header that lists names.
func Unlist(h http.Header, header string, drop func(name string) bool) {
	lines := h[header]
	if len(lines) == 0 || !listed(lines, drop) {
		return
	}
	var kept []string
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" && !drop(name) {
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

func listed(lines []string, drop func(name string) bool) bool {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if drop(strings.TrimSpace(name)) {
				return true
			}
		}
	}
	return false
}

// Fold writes name to buf and returns it, in lower case and with '-' for every character other than a letter or digit.
// buf must be at least as long as name.
func Fold(buf []byte, name string) []byte {
	for i := 0; i < len(name); i++ {
		buf[i] = foldSign(name[i])
	}
	return buf[:len(name)]
}

func foldSign(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case (c < 'a' || 'z' < c) && (c < '0' || '9' < c):
		return '-'
	}
	return c
}

// signClasses is the number of different characters that foldSign returns.
const signClasses = 37

// classOf maps each byte to a number below signClasses. Bytes that foldSign makes equal have the same number.
var classOf = func() (t [256]uint8) {
	for i := range t {
		switch c := foldSign(byte(i)); {
		case c >= 'a':
			t[i] = c - 'a'
		case c >= '0':
			t[i] = 26 + c - '0'
		default:
			t[i] = 36
		}
	}
	return t
}()

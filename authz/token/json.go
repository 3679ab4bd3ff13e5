package token

import (
	"errors"
	"math"
)

// errJSON is the error for text that is not strict JSON. It has no details, because those could quote the token.
var errJSON = errors.New("not strict JSON")

// encoding/json accepts duplicate members and uses the last one, ignores the case of names, and replaces invalid UTF-8.
// With each of these, two readers of one token could see different claims. Hence this scanner.
const (
	maxDepth   = 16
	linearSeen = 32 // members of an object that are compared one by one before a map is made
)

// member holds the offsets of a member's name and value in the text. An offset of a name beyond the text means a name with
// escapes: it is, unescaped, in extra, at the offset minus the length of the text.
type member struct{ nameStart, nameEnd, valueStart, valueEnd uint16 }

// scanner checks and splits a JSON text.
type scanner struct {
	text    string
	pos     int
	depth   int
	extra   []byte   // unescaped names
	stack   []member // members of the open objects, for finding duplicates
	members []member // members of the outermost object
}

// object reads a text that consists of one object. s.members is valid until the scanner is used again.
func (s *scanner) object(text string) error {
	s.text, s.pos, s.depth = text, 0, 0
	s.extra, s.stack, s.members = s.extra[:0], s.stack[:0], s.members[:0]
	if len(text) > math.MaxUint16 {
		return errJSON
	}
	s.space()
	if s.peek() != '{' {
		return errJSON
	}
	if !s.value() {
		return errJSON
	}
	s.space()
	if s.pos != len(s.text) {
		return errJSON
	}
	return nil
}

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// value reads the value that begins at s.pos and moves s.pos to its end.
func (s *scanner) value() bool {
	switch c := s.peek(); {
	case c == '"':
		_, ok := s.str()
		return ok
	case c == '{':
		return s.nest((*scanner).fields)
	case c == '[':
		return s.nest((*scanner).array)
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return false
}

func (s *scanner) nest(read func(*scanner) bool) bool {
	if s.depth == maxDepth {
		return false
	}
	s.depth++
	s.pos++ // opening bracket
	s.space()
	ok := read(s)
	s.depth--
	return ok
}

func (s *scanner) literal(word string) bool {
	if len(s.text)-s.pos < len(word) || s.text[s.pos:s.pos+len(word)] != word {
		return false
	}
	s.pos += len(word)
	return true
}

func (s *scanner) array() bool {
	if s.peek() == ']' {
		s.pos++
		return true
	}
	for {
		if !s.value() {
			return false
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case ']':
			s.pos++
			return true
		default:
			return false
		}
	}
}

// fields reads the members of an object, after its opening bracket.
func (s *scanner) fields() bool {
	base := len(s.stack)
	var bloom [4]uint64          // hashes of the names so far; most new names need no comparison
	var seen map[string]struct{} // the names of a large object, to keep the time linear
	if s.peek() == '}' {
		s.pos++
		return true
	}
	for {
		if s.peek() != '"' {
			return false
		}
		m, ok := s.name()
		if !ok || s.duplicate(base, m, &bloom, &seen) {
			return false
		}
		s.space()
		if s.peek() != ':' {
			return false
		}
		s.pos++
		s.space()
		m.valueStart = uint16(s.pos)
		s.stack = append(s.stack, m)
		if !s.value() {
			return false
		}
		m.valueEnd = uint16(s.pos)
		if s.depth == 1 {
			s.members = append(s.members, m)
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case '}':
			s.pos++
			s.stack = s.stack[:base]
			return true
		default:
			return false
		}
	}
}

// name reads the name of a member.
func (s *scanner) name() (member, bool) {
	start := s.pos + 1
	escaped, ok := s.str()
	if !ok {
		return member{}, false
	}
	end := s.pos - 1
	if escaped {
		offset := len(s.text) + len(s.extra)
		s.extra = appendUnescaped(s.extra, s.text[start:end])
		start, end = offset, len(s.text)+len(s.extra)
		if end > math.MaxUint16 {
			return member{}, false
		}
	}
	return member{nameStart: uint16(start), nameEnd: uint16(end)}, true
}

// duplicate reports whether m has the name of an earlier member of the object, whose members are in s.stack from base on.
func (s *scanner) duplicate(base int, m member, bloom *[4]uint64, seen *map[string]struct{}) bool {
	name := s.nameOf(m)
	var h uint8
	if n := len(name); n > 0 {
		h = uint8(n)*41 ^ name[0] ^ name[n/2]*7 ^ name[n-1]*31
	}
	known := bloom[h>>6]&(1<<(h&63)) != 0
	bloom[h>>6] |= 1 << (h & 63)
	others := s.stack[base:]
	if len(others) < linearSeen {
		if known {
			for _, o := range others {
				if s.nameOf(o) == name {
					return true
				}
			}
		}
		return false
	}
	if *seen == nil {
		*seen = make(map[string]struct{}, 2*linearSeen)
		for _, o := range others {
			(*seen)[s.nameOf(o)] = struct{}{}
		}
	}
	if _, twice := (*seen)[name]; twice {
		return true
	}
	(*seen)[name] = struct{}{}
	return false
}

func (s *scanner) nameOf(m member) string {
	if int(m.nameStart) >= len(s.text) {
		return string(s.extra[int(m.nameStart)-len(s.text) : int(m.nameEnd)-len(s.text)])
	}
	return s.text[m.nameStart:m.nameEnd]
}

// number reads a number (RFC 8259 section 6).
func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && '0' <= s.text[s.pos] && s.text[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

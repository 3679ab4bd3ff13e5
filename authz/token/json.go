package token

import (
	"errors"
	"math"
)

// errJSON is all that is said of a text that is not strict JSON: a position or a quotation would repeat the token.
var errJSON = errors.New("not strict JSON")

// Limits on JSON. encoding/json is not used here because it accepts a member twice and the last one wins, folds the
// case of names, and replaces broken UTF-8: each of those lets two readers of one token see two things.
const (
	maxDepth   = 16
	linearSeen = 32 // members of one object that are compared one by one before a map is made
)

// member is a member of an object: where its name and its value stand in the text. A name that lies behind the text
// was written with escapes; it stands unescaped in extra, at its offset less the text's length.
type member struct{ nameStart, nameEnd, valueStart, valueEnd uint16 }

// scanner reads one JSON text once, from left to right.
type scanner struct {
	text    string
	pos     int
	depth   int
	extra   []byte   // names that were written with escapes
	stack   []member // members of the objects that are open, for finding duplicates
	members []member // members of the outermost object
}

// object reads a text that is one object and nothing else. The members are valid until the scanner is used again.
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

// value reads one value; s.pos is at its first byte before and behind its last byte after.
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
	s.pos++ // the bracket
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

// fields reads the members of one object, whose opening bracket is behind s.pos.
func (s *scanner) fields() bool {
	base := len(s.stack)
	var bloom [4]uint64          // which name hashes have been seen: most names need no comparison
	var seen map[string]struct{} // for large objects, so that many members cost linear time
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

// name reads a member's name.
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

// number reads a number by the grammar of RFC 8259 section 6.
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

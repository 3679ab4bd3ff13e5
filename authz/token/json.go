package token

import (
	"errors"
	"math"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
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

// str reads a string in quotes and reports whether it holds escapes.
func (s *scanner) str() (escaped, ok bool) {
	start, ascii := s.pos+1, true
	for i := start; i < len(s.text); {
		if len(s.text)-i >= 8 { // most of a token is plain text
			plain := plainBytes(s.text[i : i+8])
			if i += plain; plain == 8 {
				continue
			}
		}
		switch c := s.text[i]; {
		case c == '"':
			s.pos = i + 1
			return escaped, ascii || utf8.ValidString(s.text[start:i])
		case c < 0x20:
			return false, false
		case c == '\\':
			n := escapeLen(s.text[i:])
			if n == 0 {
				return false, false
			}
			escaped = true
			i += n
		default:
			if c >= utf8.RuneSelf {
				ascii = false
			}
			i++
		}
	}
	return false, false
}

// plainBytes is how many of the first eight bytes are ASCII and neither a control character, a quotation mark nor a
// backslash: those that come before the first that is. All eight are looked at together. A subtraction that borrows from
// the next byte can mark that one wrongly, but only when its own is marked, which then is the lower one.
func plainBytes(text string) int {
	_ = text[7]
	v := uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
	const each, top = 0x0101010101010101, 0x8080808080808080
	quote, backslash := v^'"'*each, v^'\\'*each
	marked := (v | (v-0x20*each)&^v | (quote-each)&^quote | (backslash-each)&^backslash) & top
	return bits.TrailingZeros64(marked) / 8 // 64 when none is marked
}

// escapeLen gives the length of the escape that text begins with, or 0 when it is none. A surrogate counts only as a
// pair.
func escapeLen(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r, ok := hex4(text[2:])
		if !ok {
			return 0
		}
		if !utf16.IsSurrogate(r) {
			return 6
		}
		if len(text) < 12 || text[6] != '\\' || text[7] != 'u' {
			return 0
		}
		low, ok := hex4(text[8:])
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return 0
		}
		return 12
	}
	return 0
}

func hex4(text string) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// appendUnescaped appends what stands between the quotes of a string that str has accepted.
func appendUnescaped(to []byte, inner string) []byte {
	for i := 0; i < len(inner); {
		if inner[i] != '\\' {
			to = append(to, inner[i])
			i++
			continue
		}
		n := escapeLen(inner[i:])
		switch c := inner[i+1]; c {
		case 'b':
			to = append(to, '\b')
		case 'f':
			to = append(to, '\f')
		case 'n':
			to = append(to, '\n')
		case 'r':
			to = append(to, '\r')
		case 't':
			to = append(to, '\t')
		case 'u':
			r, _ := hex4(inner[i+2:])
			if n == 12 {
				low, _ := hex4(inner[i+8:])
				r = utf16.DecodeRune(r, low)
			}
			to = utf8.AppendRune(to, r)
		default:
			to = append(to, c)
		}
		i += n
	}
	return to
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

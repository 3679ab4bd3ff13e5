package awsjson

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads the tokens of JSON. A method that reads a value expects pos at the value's first byte, where space, open, next
// and name leave it.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

func (s *scanner) syntax() error {
	if s.pos >= len(s.data) {
		return &SerializationError{"Unexpected end of the body"}
	}
	return &SerializationError{fmt.Sprintf("Unexpected character at byte %d of the body", s.pos+1)}
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the byte at pos, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// open enters an object or array. what names the expected value in the message if there is another one.
func (s *scanner) open(bracket byte, what string) error {
	switch c := s.peek(); {
	case c == bracket:
	case c == '{':
		return &SerializationError{"Start of structure or map found where not expected."}
	case c == '[':
		return &SerializationError{"Start of list found where not expected"}
	case c == '"' || c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f' || c == 'n':
		return &SerializationError{"Expected the start of a " + what}
	default:
		return s.syntax()
	}
	s.pos++
	if s.depth++; s.depth > MaxDepth {
		return &SerializationError{fmt.Sprintf("The body nests deeper than %d levels", MaxDepth)}
	}
	return nil
}

// next moves to the next entry of an object or array, and reports whether there is none.
func (s *scanner) next(closing byte, first bool) (done bool, err error) {
	s.space()
	if s.peek() == closing {
		s.pos++
		s.depth--
		return true, nil
	}
	if !first {
		if s.peek() != ',' {
			return false, s.syntax()
		}
		s.pos++
		s.space()
	}
	if s.pos == len(s.data) {
		return false, s.syntax()
	}
	return false, nil
}

// name reads a name and the colon after it, and moves to the value.
func (s *scanner) name() (string, error) {
	if s.peek() != '"' {
		return "", s.syntax()
	}
	name, err := s.string()
	if err != nil {
		return "", err
	}
	if s.space(); s.peek() != ':' {
		return "", s.syntax()
	}
	s.pos++
	if s.space(); s.pos == len(s.data) {
		return "", s.syntax()
	}
	return name, nil
}

// literal consumes the word if it is next.
func (s *scanner) literal(word string) bool {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return false
	}
	s.pos += len(word)
	return true
}

// null consumes null if it is next.
func (s *scanner) null() bool { return s.peek() == 'n' && s.literal("null") }

// number reads a number by the grammar of RFC 8259, which accepts less than strconv.
func (s *scanner) number() (string, error) {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return "", s.syntax()
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return "", s.syntax()
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return "", s.syntax()
		}
	}
	return string(s.data[start:s.pos]), nil
}

func (s *scanner) digits() (n int) {
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
		n++
	}
	return n
}

// string reads a string. Most strings have no escapes and are copied.
func (s *scanner) string() (string, error) {
	s.pos++
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			plain := s.data[start:s.pos]
			if !utf8.Valid(plain) {
				s.pos = start
				return "", s.syntax()
			}
			s.pos++
			return string(plain), nil
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return "", s.syntax()
		}
		s.pos++
	}
	return "", s.syntax()
}

// escaped reads the rest of a string from its first backslash. The string began at start.
func (s *scanner) escaped(start int) (string, error) {
	out := append([]byte(nil), s.data[start:s.pos]...)
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			if !utf8.Valid(out) {
				s.pos = start
				return "", s.syntax()
			}
			s.pos++
			return string(out), nil
		case c < ' ':
			return "", s.syntax()
		case c != '\\':
			out = append(out, c)
			s.pos++
		default:
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return "", s.syntax()
}

// escape reads an escape, or the two of a surrogate pair.
func (s *scanner) escape() (rune, error) {
	s.pos++
	c := s.peek()
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, err := s.hex4()
		if err != nil || !utf16.IsSurrogate(r) {
			return r, err
		}
		if s.literal(`\u`) {
			low, err := s.hex4()
			if err != nil {
				return 0, err
			}
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, nil
			}
		}
	}
	s.pos = min(s.pos, len(s.data))
	return 0, s.syntax()
}

func (s *scanner) hex4() (rune, error) {
	if len(s.data)-s.pos < 4 {
		s.pos = len(s.data)
		return 0, s.syntax()
	}
	n, err := strconv.ParseUint(string(s.data[s.pos:s.pos+4]), 16, 16)
	if err != nil {
		return 0, s.syntax()
	}
	s.pos += 4
	return rune(n), nil
}

// skip reads any value.
func (s *scanner) skip() error {
	switch c := s.peek(); {
	case c == '"':
		_, err := s.string()
		return err
	case c == '-' || c >= '0' && c <= '9':
		_, err := s.number()
		return err
	case c == '{' || c == '[':
		return s.skipInside(c)
	case s.literal("true") || s.literal("false") || s.literal("null"):
		return nil
	}
	return s.syntax()
}

func (s *scanner) skipInside(bracket byte) error {
	if err := s.open(bracket, ""); err != nil {
		return err
	}
	closing := map[byte]byte{'{': '}', '[': ']'}[bracket]
	for first := true; ; first = false {
		done, err := s.next(closing, first)
		if done || err != nil {
			return err
		}
		if bracket == '{' {
			if _, err := s.name(); err != nil {
				return err
			}
		}
		if err := s.skip(); err != nil {
			return err
		}
	}
}

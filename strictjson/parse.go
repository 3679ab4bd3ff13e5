package strictjson

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is the maximum nesting depth of values.
const maxDepth = 32

// Node is a JSON value with its position in the text.
type Node struct {
	Kind        Kind     // which of the fields below count
	Offset, End int      // its first byte, and the one after its last
	Text        string   // a string without its escapes; a number or boolean as written
	Members     []Member // of an object, in the order of the text
	Items       []*Node  // of a list
}

// Member is a member of an object. A name may occur more than once; see Duplicate.
type Member struct {
	Key    string // without its escapes
	Offset int    // of the name
	Value  *Node  // never nil
}

// Kind is the kind of a value.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	String
	Number
	Bool
	List
	Object
)

// String returns the kind with its article, as in "a list".
func (k Kind) String() string {
	return [...]string{"null", "a string", "a number", "a boolean", "a list", "an object"}[k]
}

// Error describes an error in a text and its position.
type Error struct {
	Offset  int    // in bytes, from 0; where the text stops being right
	Message string // a sentence without a full stop
}

func (e *Error) Error() string { return e.Message }

// In returns an error with the line and column of e. src must be the parsed text.
func (e *Error) In(src []byte) error {
	line, column := NewPlaces(src, 1, 1).At(e.Offset)
	return fmt.Errorf("%d:%d: %s", line, column, e.Message)
}

// Duplicate returns an error for the first duplicate name of an object in the tree, or nil if there is none.
func (n *Node) Duplicate() *Error {
	seen := make(map[string]bool, len(n.Members))
	for _, m := range n.Members {
		if seen[m.Key] {
			return &Error{m.Offset, fmt.Sprintf("the member %q is given twice", m.Key)}
		}
		seen[m.Key] = true
		if err := m.Value.Duplicate(); err != nil {
			return err
		}
	}
	for _, item := range n.Items {
		if err := item.Duplicate(); err != nil {
			return err
		}
	}
	return nil
}

type reader struct {
	src []byte
	pos int
	err *Error
}

// Parse parses src, which must be one value. Object names may repeat; see Duplicate.
func Parse(src []byte) (*Node, *Error) {
	r := &reader{src: src}
	r.space()
	n := r.value(0)
	r.space()
	if r.err == nil && r.pos < len(src) {
		r.fail(r.pos, "text after the end of the document")
	}
	return n, r.err
}

func (r *reader) fail(offset int, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{offset, fmt.Sprintf(format, args...)}
	}
}

func (r *reader) space() {
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end.
func (r *reader) peek() byte {
	if r.pos < len(r.src) {
		return r.src[r.pos]
	}
	return 0
}

func (r *reader) value(depth int) *Node {
	n := &Node{Offset: r.pos}
	switch c := r.peek(); {
	case r.pos >= len(r.src):
		r.fail(r.pos, "the document ends where a value should be")
	case depth > maxDepth:
		r.fail(r.pos, "nested deeper than %d levels", maxDepth)
	case c == '{':
		n.Kind = Object
		r.object(n, depth)
	case c == '[':
		n.Kind = List
		r.list(n, depth)
	case c == '"':
		n.Kind, n.Text = String, r.str()
	case c == '-' || c >= '0' && c <= '9':
		n.Kind, n.Text = Number, r.number()
	default:
		r.word(n)
	}
	n.End = r.pos
	return n
}

func (r *reader) word(n *Node) {
	for _, w := range [...]string{"true", "false", "null"} {
		if end := r.pos + len(w); end <= len(r.src) && string(r.src[r.pos:end]) == w {
			r.pos = end
			if w != "null" {
				n.Kind, n.Text = Bool, w
			}
			return
		}
	}
	c, _ := utf8.DecodeRune(r.src[r.pos:])
	r.fail(r.pos, "unexpected %q where a value should be", c)
}

func (r *reader) object(n *Node, depth int) {
	r.pos++
	for r.err == nil {
		r.space()
		if r.peek() == '}' && len(n.Members) == 0 {
			r.pos++
			return
		}
		m := Member{Offset: r.pos}
		if r.peek() != '"' {
			r.fail(r.pos, "expected a member's name in double quotes")
			return
		}
		m.Key = r.str()
		r.space()
		if r.peek() != ':' {
			r.fail(r.pos, "expected a colon after the name %q", m.Key)
			return
		}
		r.pos++
		r.space()
		m.Value = r.value(depth + 1)
		n.Members = append(n.Members, m)
		if r.next('}', "object") {
			return
		}
	}
}

func (r *reader) list(n *Node, depth int) {
	r.pos++
	for r.err == nil {
		r.space()
		if r.peek() == ']' && len(n.Items) == 0 {
			r.pos++
			return
		}
		n.Items = append(n.Items, r.value(depth+1))
		if r.next(']', "list") {
			return
		}
	}
}

// next reads the comma before another element, or the closing byte, for which it returns true.
func (r *reader) next(closing byte, what string) bool {
	r.space()
	switch r.peek() {
	case closing:
		r.pos++
		return true
	case ',':
		r.pos++
		return false
	}
	r.fail(r.pos, "expected a comma or %q in the %s", closing, what)
	return true
}

// number reads a number (RFC 8259 section 6).
func (r *reader) number() string {
	start := r.pos
	digits := func() bool {
		from := r.pos
		for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
			r.pos++
		}
		return r.pos > from
	}
	if r.peek() == '-' {
		r.pos++
	}
	leading := r.pos
	ok := digits() && (r.src[leading] != '0' || r.pos == leading+1)
	if ok && r.peek() == '.' {
		r.pos++
		ok = digits()
	}
	if ok && (r.peek()|0x20) == 'e' {
		r.pos++
		if c := r.peek(); c == '+' || c == '-' {
			r.pos++
		}
		ok = digits()
	}
	if !ok {
		r.fail(start, "not a number")
	}
	return string(r.src[start:r.pos])
}

// str reads a string. The text between escapes must be UTF-8 without control characters.
func (r *reader) str() string {
	start := r.pos
	r.pos++
	var out []byte
	for r.pos < len(r.src) {
		switch c := r.src[r.pos]; {
		case c == '"':
			r.pos++
			return string(out)
		case c == '\\':
			out = r.escape(out)
			if r.err != nil {
				return ""
			}
		case c < 0x20:
			r.fail(r.pos, "a control character in a string")
			return ""
		case c < utf8.RuneSelf:
			out = append(out, c)
			r.pos++
		default:
			_, size := utf8.DecodeRune(r.src[r.pos:])
			if size == 1 {
				r.fail(r.pos, "text that is not UTF-8")
				return ""
			}
			out = append(out, r.src[r.pos:r.pos+size]...)
			r.pos += size
		}
	}
	r.fail(start, "a string without its closing quote")
	return ""
}

var plainEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (r *reader) escape(out []byte) []byte {
	start := r.pos
	r.pos++
	c := r.peek()
	if plain, ok := plainEscapes[c]; ok {
		r.pos++
		return append(out, plain)
	}
	if c != 'u' {
		r.fail(start, "an escape that JSON does not have")
		return out
	}
	first, ok := r.unit()
	if ok && utf16.IsSurrogate(first) {
		var second rune
		if r.peek() == '\\' && r.pos+1 < len(r.src) && r.src[r.pos+1] == 'u' {
			r.pos++
			second, ok = r.unit()
		}
		// A lone surrogate is refused: it is not a character, and JSON parsers treat it differently.
		if first = utf16.DecodeRune(first, second); first == utf8.RuneError {
			ok = false
		}
	}
	if !ok {
		r.fail(start, "an escape that is not a character")
		return out
	}
	return utf8.AppendRune(out, first)
}

// unit reads "uXXXX".
func (r *reader) unit() (rune, bool) {
	if r.pos+5 > len(r.src) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(r.src[r.pos+1:r.pos+5]), 16, 16)
	r.pos += 5
	return rune(v), err == nil
}

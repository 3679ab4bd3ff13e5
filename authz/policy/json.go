package policy

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxSource bounds the text of one document in bytes. AWS's limits, which CheckSize knows, are far below; documents made
// by a configuration may be longer.
const MaxSource = 1 << 20

// maxDepth bounds nesting; a policy needs six levels.
const maxDepth = 32

// node is a JSON value with its place in the text. A decoder of encoding/json would lose positions and duplicate keys.
type node struct {
	kind    nodeKind
	offset  int
	text    string // string, or a number as written
	members []member
	items   []*node
}

type member struct {
	key    string
	offset int
	value  *node
}

type nodeKind uint8

const (
	nullNode nodeKind = iota
	stringNode
	numberNode
	boolNode
	listNode
	objectNode
)

func (k nodeKind) String() string {
	return [...]string{"null", "a string", "a number", "a boolean", "a list", "an object"}[k]
}

// syntaxError is text that is not JSON, at a byte offset.
type syntaxError struct {
	offset  int
	message string
}

type jsonReader struct {
	src []byte
	pos int
	err *syntaxError
}

// readJSON reads one value that fills src.
func readJSON(src []byte) (*node, *syntaxError) {
	r := &jsonReader{src: src}
	r.space()
	n := r.value(0)
	r.space()
	if r.err == nil && r.pos < len(src) {
		r.fail(r.pos, "text after the end of the document")
	}
	return n, r.err
}

func (r *jsonReader) fail(offset int, format string, args ...any) {
	if r.err == nil {
		r.err = &syntaxError{offset, fmt.Sprintf(format, args...)}
	}
}

func (r *jsonReader) space() {
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
func (r *jsonReader) peek() byte {
	if r.pos < len(r.src) {
		return r.src[r.pos]
	}
	return 0
}

func (r *jsonReader) value(depth int) *node {
	n := &node{offset: r.pos}
	switch c := r.peek(); {
	case r.pos >= len(r.src):
		r.fail(r.pos, "the document ends where a value should be")
	case depth > maxDepth:
		r.fail(r.pos, "nested deeper than %d levels", maxDepth)
	case c == '{':
		n.kind = objectNode
		r.object(n, depth)
	case c == '[':
		n.kind = listNode
		r.list(n, depth)
	case c == '"':
		n.kind, n.text = stringNode, r.str()
	case c == '-' || c >= '0' && c <= '9':
		n.kind, n.text = numberNode, r.number()
	default:
		r.word(n)
	}
	return n
}

func (r *jsonReader) word(n *node) {
	for _, w := range [...]string{"true", "false", "null"} {
		if end := r.pos + len(w); end <= len(r.src) && string(r.src[r.pos:end]) == w {
			r.pos = end
			if w != "null" {
				n.kind, n.text = boolNode, w
			}
			return
		}
	}
	c, _ := utf8.DecodeRune(r.src[r.pos:])
	r.fail(r.pos, "unexpected %q where a value should be", c)
}

func (r *jsonReader) object(n *node, depth int) {
	r.pos++
	for r.err == nil {
		r.space()
		if r.peek() == '}' && len(n.members) == 0 {
			r.pos++
			return
		}
		m := member{offset: r.pos}
		if r.peek() != '"' {
			r.fail(r.pos, "a member's name in double quotes should stand here")
			return
		}
		m.key = r.str()
		r.space()
		if r.peek() != ':' {
			r.fail(r.pos, "a colon should follow the name %q", m.key)
			return
		}
		r.pos++
		r.space()
		m.value = r.value(depth + 1)
		n.members = append(n.members, m)
		if r.next('}', "object") {
			return
		}
	}
}

func (r *jsonReader) list(n *node, depth int) {
	r.pos++
	for r.err == nil {
		r.space()
		if r.peek() == ']' && len(n.items) == 0 {
			r.pos++
			return
		}
		n.items = append(n.items, r.value(depth+1))
		if r.next(']', "list") {
			return
		}
	}
}

// next reads the comma before another element, or the closing byte, for which it returns true.
func (r *jsonReader) next(closing byte, what string) bool {
	r.space()
	switch r.peek() {
	case closing:
		r.pos++
		return true
	case ',':
		r.pos++
		return false
	}
	r.fail(r.pos, "a comma or %q should stand here in the %s", closing, what)
	return true
}

// number reads by the grammar of RFC 8259 section 6.
func (r *jsonReader) number() string {
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

// str reads a string; the text between escapes must be UTF-8 without control characters.
func (r *jsonReader) str() string {
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

func (r *jsonReader) escape(out []byte) []byte {
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
		// A lone surrogate is not a character, and JSON readers differ on it, so it is refused.
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
func (r *jsonReader) unit() (rune, bool) {
	if r.pos+5 > len(r.src) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(r.src[r.pos+1:r.pos+5]), 16, 16)
	r.pos += 5
	return rune(v), err == nil
}

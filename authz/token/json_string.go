package token

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a quoted string and reports whether it has escapes.
func (s *scanner) str() (escaped, ok bool) {
	start, ascii := s.pos+1, true
	for i := start; i < len(s.text); {
		if len(s.text)-i >= 8 { // skip plain text, which is most of a token, eight bytes at a time
			m := special(eight(s.text[i:]))
			if i += bits.TrailingZeros64(m) / 8; m == 0 {
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

// eight gives the first eight bytes, the first one lowest.
func eight(text string) uint64 {
	t := text[:8]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}

// special sets the highest bit of the lowest byte in v that is not ASCII, or that is a control character, a quotation mark
// or a backslash. It may set the highest bit of higher bytes by mistake, because subtractions borrow from them.
func special(v uint64) uint64 {
	const each, top = 0x0101010101010101, 0x8080808080808080
	quote, backslash := v^'"'*each, v^'\\'*each
	return (v | (v-0x20*each)&^v | (quote-each)&^quote | (backslash-each)&^backslash) & top
}

// escapeLen returns the length of the escape at the start of text, or 0 if there is none. Surrogates must come in pairs.
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

// appendUnescaped appends the value of a string that str has accepted. inner is the text between the quotes.
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

package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// smallSearch is the product of lengths up to which the plain search is used. It takes a millisecond at most.
const smallSearch = 1 << 19

// search finds the leftmost match of a segment in s and returns the text after it.
func search(segment []part, s string, vals *resolved) (string, bool) {
	if len(segment) == 1 && segment[0].kind == literalPart {
		return searchText(segment[0].text, s)
	}
	length := 0
	for i := range segment {
		switch x := &segment[i]; x.kind {
		case variablePart:
			length += len(vals.at(x.slot))
		case onePart:
			length++
		default:
			length += len(x.text)
		}
	}
	if length*len(s) > smallSearch {
		return searchCells(segment, length, s, vals)
	}
	for {
		if rest, ok := eatPrefix(segment, s, vals); ok {
			return rest, true
		}
		if s == "" {
			return s, false
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
}

// searchText is search for literal text. The standard library's search uses a hash that an attacker can make collide, so
// large inputs use the algorithm of Knuth, Morris and Pratt.
func searchText(text, s string) (string, bool) {
	if len(text)*len(s) <= smallSearch {
		i := strings.Index(s, text)
		if i < 0 {
			return s, false
		}
		return s[i+len(text):], true
	}
	if len(text) > len(s) {
		return s, false
	}
	// Most segments are near the beginning. The table is made only if this segment is not.
	if window := min(len(s), max(4*len(text), smallSearch/len(text))); len(text)*window <= smallSearch {
		if i := strings.Index(s[:window], text); i >= 0 {
			return s[i+len(text):], true
		}
		s = s[window-len(text)+1:]
	}
	border := make([]int32, len(text)) // border[i]: the longest proper border of text[:i+1]
	for i, k := 1, int32(0); i < len(text); i++ {
		for k > 0 && text[i] != text[k] {
			k = border[k-1]
		}
		if text[i] == text[k] {
			k++
		}
		border[i] = k
	}
	for i, k := 0, int32(0); i < len(s); i++ {
		for k > 0 && s[i] != text[k] {
			k = border[k-1]
		}
		if s[i] == text[k] {
			k++
		}
		if int(k) == len(text) {
			return s[i+1:], true
		}
	}
	return s, false
}

// anyCell represents "?" among the characters of a segment.
const anyCell = rune(-1)

// cell decodes the first character of s. Bytes that are not UTF-8 count as one character each and equal no other
// character.
func cell(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		return utf8.MaxRune + 1 + rune(s[0]), 1
	}
	return r, size
}

// searchCells searches a large segment with "?" or variables by the shift-and method: one bit for each character of the
// segment, 64 advanced at once.
func searchCells(segment []part, length int, s string, vals *resolved) (string, bool) {
	cells := cellsOf(segment, length, vals)
	if len(cells) == 0 {
		return s, true
	}
	if len(cells) > len(s) {
		return s, false
	}
	m := newMatcher(cells)
	state, moved := make([]uint64, m.words), make([]uint64, m.words)
	anyMask := m.any[:len(state)]
	goal := (len(cells) - 1) % 64
	for s != "" {
		r, size := cell(s)
		s = s[size:]
		carry := uint64(1)
		if mask, dense := m.masks[r]; dense {
			for w, word := range state {
				state[w] = (word<<1 | carry) & mask[w]
				carry = word >> 63
			}
		} else {
			for w, word := range state {
				moved[w] = word<<1 | carry
				carry = word >> 63
				state[w] = moved[w] & anyMask[w]
			}
			for _, i := range m.places[r] {
				state[i/64] |= moved[i/64] & (1 << (i % 64))
			}
		}
		if state[m.words-1]>>goal&1 == 1 {
			return s, true
		}
	}
	return s, false
}

// cellsOf returns the characters of a segment of the given length in bytes.
func cellsOf(segment []part, length int, vals *resolved) []rune {
	cells := make([]rune, 0, length)
	for i := range segment {
		x := &segment[i]
		text := x.text
		switch x.kind {
		case onePart:
			cells = append(cells, anyCell)
			continue
		case variablePart:
			text = vals.at(x.slot)
		case literalPart, starPart:
		}
		for text != "" {
			r, size := cell(text)
			cells = append(cells, r)
			text = text[size:]
		}
	}
	return cells
}

// matcher contains, for each character, the positions of a segment that it matches.
type matcher struct {
	words  int               // of a mask
	any    []uint64          // the places of anyCell
	masks  map[rune][]uint64 // for frequent characters: their places and those of anyCell
	places map[rune][]int32  // for every character: its places without those of anyCell
}

func newMatcher(cells []rune) *matcher {
	words := (len(cells) + 63) / 64
	m := &matcher{words: words, any: make([]uint64, words), masks: map[rune][]uint64{}, places: map[rune][]int32{}}
	for i, c := range cells {
		if c == anyCell {
			m.any[i/64] |= 1 << (i % 64)
		} else {
			m.places[c] = append(m.places[c], int32(i))
		}
	}
	// A character with more places than there are words gets a mask; at most 64 characters do.
	for c, list := range m.places {
		if len(list) > words {
			mask := slices.Clone(m.any)
			for _, i := range list {
				mask[i/64] |= 1 << (i % 64)
			}
			m.masks[c] = mask
		}
	}
	return m
}

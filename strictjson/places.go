package strictjson

import (
	"bytes"
	"unicode/utf8"
)

// Places turns offsets of a text into lines and columns. Both start at 1; columns count characters. Places counts on from the
// last offset that it was asked for, so that a long line is not scanned again for each. It is not safe for concurrent use.
type Places struct {
	src                  []byte
	line, column         int // where the text begins
	offset, lines, chars int // the last place, and how far it is from there
}

// NewPlaces returns Places for a text that begins at the line and column.
func NewPlaces(src []byte, line, column int) *Places {
	return &Places{src: src, line: line, column: column}
}

// At returns the line and column of an offset, which is at most the length of the text.
func (p *Places) At(offset int) (line, column int) {
	if offset < p.offset {
		p.offset, p.lines, p.chars = 0, 0, 0
	}
	between := p.src[p.offset:offset]
	if n := bytes.Count(between, []byte("\n")); n > 0 {
		p.lines, p.chars = p.lines+n, 0
		between = between[bytes.LastIndexByte(between, '\n')+1:]
	}
	p.chars += utf8.RuneCount(between)
	p.offset = offset
	if p.lines == 0 {
		return p.line, p.column + p.chars
	}
	return p.line + p.lines, 1 + p.chars
}

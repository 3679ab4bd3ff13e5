package strictjson

import (
	"bytes"
	"unicode/utf8"
)

// Places converts offsets of a text to lines and columns. Both start at 1; columns count characters. Places continues
// from the last offset, so that a long line is not scanned again for each one. It is not safe for concurrent use.
type Places struct {
	src                  []byte
	line, column         int // of the beginning of the text
	offset, lines, chars int // the last offset, and its distance from the beginning
}

// NewPlaces returns Places for a text that begins at the line and column.
func NewPlaces(src []byte, line, column int) *Places {
	return &Places{src: src, line: line, column: column}
}

// At returns the line and column of an offset, which must not exceed the length of the text.
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

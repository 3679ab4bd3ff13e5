package decisionlog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line that Read reads, in bytes. Records are far shorter.
const MaxLine = 256 << 10

// Lines counts the lines of a log.
type Lines struct {
	Whole   int // in JSON, those of other loggers too
	Skipped int // too long or no JSON, which the end of a file that is being written may be
}

// Read calls f for each record of a log: lines of JSON, skipping those of other loggers. The record is f's to keep. Errors are f's and r's.
func Read(r io.Reader, f func(line int, record *Record) error) (count Lines, err error) {
	lines := bufio.NewReaderSize(r, MaxLine)
	for n := 1; ; n++ {
		text, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			count.Skipped++
			if err := rest(lines); errors.Is(err, io.EOF) {
				return count, nil
			} else if err != nil {
				return count, err
			}
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return count, err
		}
		switch record, wrong := parse(text); {
		case wrong:
			count.Skipped++
		case record != nil:
			count.Whole++
			if err := f(n, record); err != nil {
				return count, fmt.Errorf("line %d: %w", n, err)
			}
		case len(bytes.TrimSpace(text)) > 0:
			count.Whole++
		}
		if err != nil {
			return count, nil
		}
	}
}

// rest skips the rest of a line.
func rest(lines *bufio.Reader) error {
	for {
		if _, err := lines.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// parse returns the record of a line; nil for a line of another logger.
func parse(text []byte) (record *Record, wrong bool) {
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return nil, false
	}
	var line struct {
		Message  string  `json:"msg"`
		Decision *Record `json:"decision"`
	}
	if !bytes.Contains(text, []byte(`"`+Member+`"`)) {
		return nil, !json.Valid(text)
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return nil, true
	}
	d := line.Decision
	if d == nil || line.Message != Message {
		return nil, false
	}
	if len(d.Targets) == 0 || len(d.Targets) > MaxTargets || d.Decided < 0 || d.Decided >= len(d.Targets) || len(d.Context) > 2*MaxKeys {
		return nil, true
	}
	return d, false
}

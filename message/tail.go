package message

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// TailOptions are the options of Tail. Path and Out are required.
type TailOptions struct {
	Path   string
	Out    io.Writer
	Count  int           // how many of the newest messages to print; 0 means none
	Follow bool          // wait for more until the context ends
	JSON   bool          // print the lines of the file instead of text
	Every  time.Duration // how often Follow looks; 0 means 250 ms
}

// Tail prints the newest messages of an outbox file, the newest last. With Follow it goes on with those that are written later,
// also after the file was truncated or replaced, and waits for a file that does not exist yet. Without Follow a file that does
// not exist is an error.
func Tail(ctx context.Context, o TailOptions) error {
	if o.Every == 0 {
		o.Every = 250 * time.Millisecond
	}
	t := &tail{o: o}
	err := t.begin()
	if !o.Follow || (err != nil && !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	tick := time.NewTicker(o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := t.more(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// tail is a position in an outbox file.
type tail struct {
	o      TailOptions
	file   os.FileInfo // the file that was read last
	offset int64       // the end of the last complete line that was printed
}

// maxLine bounds one line: a mail has at most 20,000 characters, each of which JSON may write with six.
const maxLine = 1 << 20

// begin prints the newest messages of the file as it is.
func (t *tail) begin() error {
	f, err := os.Open(t.o.Path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	if t.file, err = f.Stat(); err != nil {
		return err
	}
	lines, end, err := lastLines(f, t.file.Size(), t.o.Count)
	if err != nil {
		return err
	}
	t.offset = end
	return t.print(lines)
}

// lastLines returns the last complete lines of a file and the offset of their end. It reads the file from its end.
func lastLines(f io.ReaderAt, size int64, count int) (lines [][]byte, end int64, err error) {
	const block = 64 << 10
	var text []byte
	start := size
	for start > 0 && bytes.Count(text, []byte("\n")) <= count && len(text) <= (count+1)*maxLine {
		n := min(block, start)
		part := make([]byte, n, int(n)+len(text))
		if _, err := f.ReadAt(part, start-n); err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		text, start = append(part, text...), start-n
	}
	last := bytes.LastIndexByte(text, '\n')
	end = start + int64(last) + 1
	if last < 0 || count == 0 {
		return nil, end, nil
	}
	lines = bytes.Split(text[:last], []byte("\n"))
	return lines[max(len(lines)-count, 0):], end, nil
}

// more prints the messages that were written since.
func (t *tail) more() error {
	f, err := os.Open(t.o.Path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if t.file == nil || !os.SameFile(t.file, info) || info.Size() < t.offset {
		t.offset = 0 // another file, or an emptied one
	}
	t.file = info
	text, err := io.ReadAll(io.NewSectionReader(f, t.offset, info.Size()-t.offset))
	if err != nil {
		return err
	}
	last := bytes.LastIndexByte(text, '\n')
	if last < 0 {
		return nil
	}
	t.offset += int64(last) + 1
	return t.print(bytes.Split(text[:last], []byte("\n")))
}

func (t *tail) print(lines [][]byte) error {
	for _, text := range lines {
		if len(text) == 0 {
			continue
		}
		shown := string(text)
		if !t.o.JSON {
			var l line
			if err := json.Unmarshal(text, &l); err != nil {
				shown = "(this line is not a message)\n"
			} else {
				shown = l.text()
			}
		}
		if _, err := fmt.Fprintln(t.o.Out, shown); err != nil {
			return err
		}
	}
	return nil
}

// text returns the message as people read it. Control characters are spelled out, since a terminal would act on them.
func (l line) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s  to %s  (%s)\n", l.Time.Format(time.RFC3339), l.Medium, l.Purpose, l.To, l.PoolID)
	if l.Subject != "" {
		fmt.Fprintf(&b, "Subject: %s\n", l.Subject)
	}
	b.WriteString(strings.TrimRight(l.Body, "\n") + "\n")
	return printable(b.String())
}

func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\n' || unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

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
	"strings"
	"time"

	"github.com/sluicegate/sluice/terminal"
)

// TailOptions are the options of Tail. Path and Out are required.
type TailOptions struct {
	Path   string        // of the outbox file
	Out    io.Writer     // gets the text; its first error ends Tail
	Count  int           // how many of the newest messages to print; 0 means none
	Follow bool          // wait for more until the context ends
	JSON   bool          // print the lines of the file instead of text
	Every  time.Duration // how often Follow looks; 0 means 250 ms
}

// Tail prints the newest messages of an outbox file, the newest last. With Follow it continues with those that are written later,
// also after the file was truncated or replaced, and waits for a file that does not exist yet. Without Follow a file that does
// not exist is an error.
func Tail(ctx context.Context, o TailOptions) error {
	if o.Every == 0 {
		o.Every = 250 * time.Millisecond
	}
	t := &tail{o, Reader{path: o.Path, newest: o.Count}}
	err := t.print(t.lines())
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
		if err := t.print(t.lines()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// tail prints what a Reader reads.
type tail struct {
	o TailOptions
	Reader
}

// Reader reads the messages of an outbox file, also after the file was truncated or replaced. It is not safe for concurrent use.
type Reader struct {
	path   string
	newest int         // how many of the existing messages are read at first
	begun  bool        // the file as it was at first has been read, or was not there
	file   os.FileInfo // the file that was read last
	offset int64       // the end of the last complete line that was read
}

// NewReader returns a Reader for the file, of whose messages it reads only the newest at first. 0 means none.
func NewReader(path string, newest int) *Reader { return &Reader{path: path, newest: newest} }

// Read returns the messages that were written since the last call, the newest last. It skips lines that are not messages. While
// there is no file, the error is fs.ErrNotExist.
func (r *Reader) Read() ([]Entry, error) {
	lines, err := r.lines()
	var entries []Entry
	for _, text := range lines {
		var e Entry
		if json.Unmarshal(text, &e) == nil && e.Medium != "" {
			entries = append(entries, e)
		}
	}
	return entries, err
}

// lines returns the complete lines that were written since the last call.
func (r *Reader) lines() ([][]byte, error) {
	begun := r.begun
	r.begun = true
	f, err := os.Open(r.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		r.begun = begun
		return nil, err
	}
	if !begun {
		r.file = info
		lines, end, err := lastLines(f, info.Size(), r.newest)
		r.offset = end
		return lines, err
	}
	if r.file == nil || !os.SameFile(r.file, info) || info.Size() < r.offset {
		r.offset = 0 // another file, or an emptied one
	}
	r.file = info
	text, err := io.ReadAll(io.NewSectionReader(f, r.offset, info.Size()-r.offset))
	if err != nil {
		return nil, err
	}
	last := bytes.LastIndexByte(text, '\n')
	if last < 0 {
		return nil, nil
	}
	r.offset += int64(last) + 1
	return bytes.Split(text[:last], []byte("\n")), nil
}

// maxLine bounds one line: a mail has at most 20,000 characters, each of which JSON may write with six.
const maxLine = 1 << 20

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

func (t *tail) print(lines [][]byte, err error) error {
	if err != nil {
		return err
	}
	for _, text := range lines {
		if len(text) == 0 {
			continue
		}
		shown := string(text)
		if !t.o.JSON {
			var l Entry
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
func (l Entry) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s  to %s  (%s)\n", l.Time.Format(time.RFC3339), l.Medium, l.Purpose, l.To, l.PoolID)
	if l.Subject != "" {
		fmt.Fprintf(&b, "Subject: %s\n", l.Subject)
	}
	if l.Code != "" {
		fmt.Fprintf(&b, "Code: %s  (user %s)\n", l.Code, l.Username)
	}
	b.WriteString(strings.TrimRight(l.Body, "\n") + "\n")
	return terminal.Text(b.String())
}

package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Version is the version of the format that this package writes and reads.
const Version = 1

// title is the first line of the text, with the version.
const title = "sluice user pool archive "

// maxLine is the length of the longest line in bytes. The longest are images of the login pages.
const maxLine = 8 << 20

// ErrDamaged means that a text is not the whole of an archive: it was cut off or altered, or is something else.
var ErrDamaged = errors.New("the archive is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// writer writes lines of kind and record, and counts them.
type writer struct {
	out    *bufio.Writer
	counts map[string]int
	types  map[reflect.Type]reflect.Type // of records to the same without members that are zero
}

func newWriter(out io.Writer) (*writer, error) {
	w := &writer{out: bufio.NewWriterSize(out, 64<<10), counts: map[string]int{}, types: map[reflect.Type]reflect.Type{}}
	_, err := fmt.Fprintf(w.out, "%s%d\n", title, Version)
	return w, err
}

// line writes a record, without the members that are zero.
func (w *writer) line(kind string, record any) error {
	v := reflect.ValueOf(record)
	sparse, ok := w.types[v.Type()]
	if !ok {
		sparse = withoutZeros(v.Type())
		w.types[v.Type()] = sparse
	}
	data, err := json.Marshal(v.Convert(sparse).Interface())
	if err != nil {
		return fmt.Errorf("archive: encoding a record of kind %s: %w", kind, err)
	}
	if len(data)+len(kind)+2 > maxLine {
		return fmt.Errorf("archive: a record of kind %s has %d bytes; at most %d fit", kind, len(data), maxLine)
	}
	w.counts[kind]++
	_, err = fmt.Fprintf(w.out, "%s %s\n", kind, data)
	return err
}

// end writes the last line, which has the number of lines of each kind.
func (w *writer) end() error {
	data, err := json.Marshal(w.counts)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w.out, "end %s\n", data); err != nil {
		return err
	}
	return w.out.Flush()
}

// withoutZeros returns a struct type with the fields of t whose JSON leaves out fields that are zero.
func withoutZeros(t reflect.Type) reflect.Type {
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i)
		fields[i].Tag = `json:",omitzero"`
	}
	return reflect.StructOf(fields)
}

// reader reads what writer wrote.
type reader struct {
	in     *bufio.Reader
	buffer []byte
	counts map[string]int
	number int // of the line that was read last
}

// newReader reads the first line.
func newReader(in io.Reader) (*reader, error) {
	r := &reader{in: bufio.NewReaderSize(in, 64<<10), counts: map[string]int{}}
	line, err := r.raw(len(title) + 16)
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(line, []byte(title))
	if !ok {
		return nil, errors.New("the file is encrypted with age, but is not an archive of a user pool")
	}
	if string(rest) != fmt.Sprint(Version) {
		return nil, fmt.Errorf("the archive has version %.16q of the format; this Sluice reads version %d, so use one that is as new as the Sluice that wrote it", rest, Version)
	}
	return r, nil
}

// raw returns the next line without its end. It is valid until the next call.
func (r *reader) raw(most int) ([]byte, error) {
	r.buffer = r.buffer[:0]
	r.number++
	for {
		part, err := r.in.ReadSlice('\n')
		if len(r.buffer)+len(part) > most {
			return nil, damaged("line %d is longer than %d bytes", r.number, most)
		}
		r.buffer = append(r.buffer, part...)
		switch {
		case err == nil:
			return r.buffer[:len(r.buffer)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, damaged("it ends in line %d, before its end", r.number)
		default:
			return nil, fmt.Errorf("%w: line %d: %w", ErrDamaged, r.number, err)
		}
	}
}

// next returns the kind and the JSON of the next line; done after the last one. They are valid until the next call.
func (r *reader) next() (kind string, data []byte, done bool, err error) {
	line, err := r.raw(maxLine)
	if err != nil {
		return "", nil, false, err
	}
	name, data, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(name) > 64 {
		return "", nil, false, damaged("line %d has no kind", r.number)
	}
	if kind = string(name); kind == "end" {
		return "", nil, true, r.checkEnd(data)
	}
	r.counts[kind]++
	return kind, data, false, nil
}

// checkEnd compares the numbers of lines, and reads on to the end of the encryption, which authenticates that nothing is missing.
func (r *reader) checkEnd(data []byte) error {
	var counts map[string]int
	if err := decode(data, &counts); err != nil {
		return damaged("line %d: %v", r.number, err)
	}
	if !reflect.DeepEqual(counts, r.counts) {
		return damaged("the numbers of records differ from those of its end")
	}
	switch _, err := r.in.ReadByte(); {
	case err == nil:
		return damaged("something follows its end")
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// decode decodes JSON and refuses members that it does not know, so that nothing is lost silently.
func decode(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is data after the value")
	}
	return nil
}

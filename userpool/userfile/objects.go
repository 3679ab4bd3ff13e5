package userfile

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"github.com/sluicegate/sluice/fault"
)

// maxObject limits the JSON of one user, in bytes.
const maxObject = 1 << 20

var (
	errJSON   = errors.New("userfile: the file is not valid JSON of this format")
	errObject = fault.New(fault.InvalidParameter, "The user is not a JSON object of this format.")
)

// objects reads the users of a JSON file: an array of them, one after the other, or the array in a member of one object.
type objects struct {
	buf    *bufio.Reader
	dec    *json.Decoder
	member string
	began  bool
	array  bool
	count  int
}

func newObjects(r io.Reader, member string) *objects {
	b := bufio.NewReaderSize(r, 64<<10)
	return &objects{buf: b, dec: json.NewDecoder(b), member: member}
}

// begin finds the first user.
func (o *objects) begin(first byte) error {
	o.began = true
	if first == '[' {
		_, err := o.dec.Token()
		o.array = true
		return err
	}
	if o.member == "" {
		return nil
	}
	if _, err := o.dec.Token(); err != nil {
		return err
	}
	for o.dec.More() {
		name, err := o.dec.Token()
		if err != nil {
			return err
		}
		if name == o.member {
			open, err := o.dec.Token()
			o.array = true
			if err == nil && open != json.Delim('[') {
				err = errJSON
			}
			return err
		}
		var skipped json.RawMessage
		if err := o.dec.Decode(&skipped); err != nil {
			return err
		}
	}
	return io.EOF
}

// next returns the JSON of the next user, and its number.
func (o *objects) next() (json.RawMessage, int, error) {
	if !o.began {
		first, err := o.first()
		if err == nil {
			err = o.begin(first)
		}
		if err != nil {
			return nil, 0, fileError(err)
		}
	}
	if o.array && !o.dec.More() {
		return nil, 0, io.EOF
	}
	var raw json.RawMessage
	if err := o.dec.Decode(&raw); err != nil {
		return nil, 0, fileError(err)
	}
	o.count++
	return raw, o.count, nil
}

// first returns the first byte of the file that is not a blank, without consuming it.
func (o *objects) first() (byte, error) {
	for {
		b, err := o.buf.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, o.buf.UnreadByte()
		}
	}
}

// fileError hides what a decoder says of the file's contents.
func fileError(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errJSON
	}
	return err
}

// into decodes one user.
func into(raw json.RawMessage, to any) error {
	if len(raw) > maxObject || json.Unmarshal(raw, to) != nil {
		return errObject
	}
	return nil
}

package awsjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/sluicegate/sluice/api"
)

// MaxDepth is how deeply arrays and objects may nest. The models' inputs need fewer than ten levels; documents may need more.
const MaxDepth = 64

// MaxEntries is how many elements of lists and entries of maps a body may have. The longest lists of the models have a few hundred.
// Three bytes, such as {}, in a list become a structure of many words.
const MaxEntries = 20_000

// SerializationError is the error for a body that is not JSON, or whose values are not of the shape's types. Its message may
// be sent to the client; it repeats nothing of the body.
type SerializationError struct{ Message string }

// Error returns the message.
func (e *SerializationError) Error() string { return e.Message }

// Decode decodes data into a pointer to the Go struct of the structure s. An empty body counts as an empty object. An error is
// a *SerializationError, and may leave the struct partly filled.
func Decode(data []byte, s *api.Shape, into any) error {
	d := decoder{scanner: scanner{data: data}}
	d.space()
	if d.pos == len(data) {
		return nil
	}
	if err := d.structure(s, reflect.ValueOf(into).Elem()); err != nil {
		return err
	}
	if d.space(); d.pos != len(data) {
		return d.syntax()
	}
	return nil
}

type decoder struct {
	scanner
	entries int // of all lists and maps so far
}

// entry counts an element of a list or an entry of a map.
func (d *decoder) entry() error {
	if d.entries++; d.entries > MaxEntries {
		return &SerializationError{fmt.Sprintf("The body has more than %d elements in its lists and maps", MaxEntries)}
	}
	return nil
}

func (d *decoder) structure(s *api.Shape, into reflect.Value) error {
	if err := d.open('{', "structure or map"); err != nil {
		return err
	}
	for first := true; ; first = false {
		done, err := d.next('}', first)
		if done || err != nil {
			return err
		}
		name, err := d.name()
		if err != nil {
			return err
		}
		m := s.Member(name)
		switch {
		case m == nil:
			err = d.skip()
		case d.null():
			into.Field(m.Field).SetZero()
		default:
			err = d.value(m.Shape, into.Field(m.Field))
		}
		if err != nil {
			return err
		}
	}
}

// value decodes a value other than null into a member or an element.
func (d *decoder) value(s *api.Shape, into reflect.Value) error {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	switch s.Kind {
	case api.Structure:
		return d.structure(s, into)
	case api.List:
		return d.list(s, into)
	case api.Map:
		return d.mapping(s, into)
	case api.Document:
		return d.document(into)
	default:
		return d.scalar(s, into)
	}
}

func (d *decoder) list(s *api.Shape, into reflect.Value) error {
	if err := d.open('[', "list"); err != nil {
		return err
	}
	list := reflect.MakeSlice(into.Type(), 0, 0)
	element := reflect.New(into.Type().Elem()).Elem()
	for first := true; ; first = false {
		done, err := d.next(']', first)
		if err != nil {
			return err
		}
		if done {
			into.Set(list)
			return nil
		}
		if err := d.entry(); err != nil {
			return err
		}
		if d.null() {
			return &SerializationError{"A list must not hold null"}
		}
		element.SetZero()
		if err := d.value(s.Elem, element); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
}

func (d *decoder) mapping(s *api.Shape, into reflect.Value) error {
	if err := d.open('{', "structure or map"); err != nil {
		return err
	}
	m := reflect.MakeMap(into.Type())
	element := reflect.New(into.Type().Elem()).Elem()
	for first := true; ; first = false {
		done, err := d.next('}', first)
		if err != nil {
			return err
		}
		if done {
			into.Set(m)
			return nil
		}
		name, err := d.name()
		if err == nil {
			err = d.entry()
		}
		if err != nil {
			return err
		}
		if d.null() { // as if it were left out: amazon-cognito-identity-js sends "DEVICE_KEY": null
			m.SetMapIndex(reflect.ValueOf(name), reflect.Value{})
			continue
		}
		element.SetZero()
		if err := d.value(s.Elem, element); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(name), element)
	}
}

// document keeps a value as sent, but without white space between tokens, because Encode writes none.
func (d *decoder) document(into reflect.Value) error {
	start := d.pos
	if err := d.skip(); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, d.data[start:d.pos]); err != nil {
		return d.syntax()
	}
	into.Set(reflect.ValueOf(json.RawMessage(b.Bytes())))
	return nil
}

func (d *decoder) scalar(s *api.Shape, into reflect.Value) error {
	switch c := d.data[d.pos]; {
	case c == '"':
		return d.fromString(s, into)
	case c == '-' || c >= '0' && c <= '9':
		return d.fromNumber(s, into)
	case c == 't' || c == 'f':
		literal := map[byte]string{'t': "true", 'f': "false"}[c]
		if !d.literal(literal) {
			return d.syntax()
		}
		if s.Kind != api.Boolean {
			return mismatch(map[byte]string{'t': "TRUE_VALUE", 'f': "FALSE_VALUE"}[c], s.Kind)
		}
		into.SetBool(c == 't')
		return nil
	case c == '{':
		return &SerializationError{"Start of structure or map found where not expected."}
	case c == '[':
		return &SerializationError{"Start of list found where not expected"}
	default:
		return d.syntax()
	}
}

func (d *decoder) fromString(s *api.Shape, into reflect.Value) error {
	text, err := d.string()
	if err != nil {
		return err
	}
	switch s.Kind {
	case api.String:
		into.SetString(text)
	case api.Blob:
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return &SerializationError{"A blob must be base64"}
		}
		into.SetBytes(b)
	default:
		return mismatch("STRING_VALUE", s.Kind)
	}
	return nil
}

func (d *decoder) fromNumber(s *api.Shape, into reflect.Value) error {
	text, err := d.number()
	if err != nil {
		return err
	}
	switch s.Kind {
	case api.Integer:
		n, ok := integer(text, 32)
		if !ok {
			return mismatch("NUMBER_VALUE", s.Kind)
		}
		into.SetInt(n)
	case api.Long:
		n, ok := integer(text, 64)
		if !ok {
			return mismatch("NUMBER_VALUE", s.Kind)
		}
		into.SetInt(n)
	case api.Double:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return mismatch("NUMBER_VALUE", s.Kind)
		}
		into.SetFloat(f)
	case api.Time:
		var t api.Timestamp
		if t.UnmarshalJSON([]byte(text)) != nil {
			return mismatch("NUMBER_VALUE", s.Kind)
		}
		into.Set(reflect.ValueOf(t))
	default:
		return mismatch("NUMBER_VALUE", s.Kind)
	}
	return nil
}

// integer parses a JSON number without a fraction: 3600, or 3.6e3 as some languages write it.
func integer(text string, bits int) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, bits); err == nil {
		return n, true
	}
	const exact = 1 << 53 // larger integers are not all float64s
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > exact || bits == 32 && int64(int32(f)) != int64(f) {
		return 0, false
	}
	return int64(f), true
}

// javaNames are the names of types in the messages of the live services.
var javaNames = map[api.Kind]string{
	api.String: "a String", api.Boolean: "a Boolean", api.Integer: "an Integer", api.Long: "a Long",
	api.Double: "a Double", api.Time: "a Date", api.Blob: "a Blob",
}

func mismatch(token string, want api.Kind) error {
	return &SerializationError{fmt.Sprintf("%s can not be converted to %s", token, javaNames[want])}
}

package sql

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// row reads the columns of one row from left to right. It keeps the first mismatch in err.
type row struct {
	values []driver.Value
	err    error
}

func (r *row) next() driver.Value {
	if len(r.values) == 0 {
		r.fail("no more columns")
		return nil
	}
	v := r.values[0]
	r.values = r.values[1:]
	return v
}

func (r *row) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("store: reading a row: "+format, args...)
	}
}

func (r *row) text() string {
	switch x := r.next().(type) {
	case nil:
		return ""
	case string:
		return x
	default:
		r.fail("%T is not text", x)
		return ""
	}
}

func (r *row) bytes() []byte {
	switch x := r.next().(type) {
	case nil:
		return nil
	case []byte:
		return x
	default:
		r.fail("%T is not bytes", x)
		return nil
	}
}

func (r *row) number() int {
	if n := r.optional(); n != nil {
		return *n
	}
	return 0
}

func (r *row) optional() *int {
	switch x := r.next().(type) {
	case nil:
		return nil
	case int64:
		n := int(x)
		return &n
	default:
		r.fail("%T is not a number", x)
		return nil
	}
}

// flag reads a column that is true or false, in whichever form the database has for it.
func (r *row) flag() bool {
	switch x := r.next().(type) {
	case nil:
		return false
	case bool:
		return x
	case int64:
		return x != 0
	default:
		r.fail("%T is not true or false", x)
		return false
	}
}

// time reads a column that is a time or milliseconds since 1970.
func (r *row) time() time.Time {
	switch x := r.next().(type) {
	case nil:
		return time.Time{}
	case time.Time:
		return x.UTC()
	case int64:
		return time.UnixMilli(x).UTC()
	default:
		r.fail("%T is not a time", x)
		return time.Time{}
	}
}

func (r *row) raw() json.RawMessage {
	if s := r.text(); s != "" {
		return json.RawMessage(s)
	}
	return nil
}

// into decodes a JSON column. Null leaves the target as it is.
func (r *row) into(target any) {
	s := r.text()
	if s == "" {
		return
	}
	if err := json.Unmarshal([]byte(s), target); err != nil {
		r.fail("JSON: %w", err)
	}
}

// textMap decodes a column that encodedMap wrote. The map is never nil.
func (r *row) textMap() map[string]string {
	m := map[string]string{}
	r.into(&m)
	return m
}

// encoded returns v as JSON text. Maps are sorted by key, so equal values give equal text.
func encoded(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: encoding a column: %w", err)
	}
	return string(b), nil
}

// encodedMap is like encoded, but returns {} for a nil map.
func encodedMap(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	return encoded(m)
}

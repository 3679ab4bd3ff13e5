package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// bound is a Go value as the driver takes it. What is empty or zero among times, bytes and JSON becomes null.
func bound(v any) driver.Value {
	switch x := v.(type) {
	case time.Time:
		if x.IsZero() {
			return nil
		}
		return x.UnixMilli()
	case json.RawMessage:
		if len(x) == 0 {
			return nil
		}
		return string(x)
	case []byte:
		if len(x) == 0 {
			return nil
		}
		return x
	case int:
		return int64(x)
	case *int:
		if x == nil {
			return nil
		}
		return int64(*x)
	case bool:
		if x {
			return int64(1)
		}
		return int64(0)
	default:
		return v
	}
}

// row reads the columns of one row from left to right. The first mismatch is kept in err.
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
		r.err = fmt.Errorf("store/sqlite: reading a row: "+format, args...)
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
		r.fail("%T is not a blob", x)
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

func (r *row) flag() bool { return r.number() != 0 }

func (r *row) time() time.Time {
	switch x := r.next().(type) {
	case nil:
		return time.Time{}
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

// into decodes a JSON column; null leaves the target as it is.
func (r *row) into(target any) {
	s := r.text()
	if s == "" {
		return
	}
	if err := json.Unmarshal([]byte(s), target); err != nil {
		r.fail("JSON: %w", err)
	}
}

// textMap decodes a column that encoded wrote; the map is never nil.
func (r *row) textMap() map[string]string {
	m := map[string]string{}
	r.into(&m)
	return m
}

// encoded is v as JSON text. Maps come out sorted, so equal values give equal text.
func encoded(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store/sqlite: %w", err)
	}
	return string(b), nil
}

// encodedMap is like encoded, with {} for a nil map.
func encodedMap(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	return encoded(m)
}

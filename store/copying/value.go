package copying

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
)

// Table is a table that both stores have.
type Table struct {
	Name    string   // as in SQL, without quotes
	Columns []Column // in the same order for both stores
	Key     []int    // the columns of the primary key, in its order
	parents []string // tables that foreign keys refer to
}

// Column is a column of a table.
type Column struct {
	Name string // as in SQL, without quotes
	Type string // as the catalog names it
}

// key returns the values of the primary key.
func (t *Table) key(r row) []any {
	key := make([]any, len(t.Key))
	for i, column := range t.Key {
		key[i] = r[column]
	}
	return key
}

// columns returns the names of the columns as SQL.
func (t *Table) columns() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = quote(c.Name)
	}
	return strings.Join(names, ", ")
}

// keys returns the names of the columns of the primary key as SQL.
func (t *Table) keys() string {
	names := make([]string, len(t.Key))
	for i, column := range t.Key {
		names[i] = quote(t.Columns[column].Name)
	}
	return strings.Join(names, ", ")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// row is a record in the form that both databases have in common: nil, int64, string or []byte for each column. A boolean is 0 or 1, and
// a time is the milliseconds since 1970, as SQLite keeps them.
type row []any

// size returns about how many bytes a record has.
func (r row) size() (n int) {
	for _, value := range r {
		switch x := value.(type) {
		case string:
			n += len(x)
		case []byte:
			n += len(x)
		}
	}
	return n
}

// compareKeys compares two primary keys as the databases order them: text and bytes by their bytes.
func compareKeys(a, b []any) int {
	for i := range a {
		order := 0
		switch x := a[i].(type) {
		case int64:
			y, _ := b[i].(int64)
			order = cmp.Compare(x, y)
		case string:
			y, _ := b[i].(string)
			order = cmp.Compare(x, y)
		case []byte:
			y, _ := b[i].([]byte)
			order = bytes.Compare(x, y)
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// encode appends a record to text such that no two records have the same form.
func (r row) encode(text []byte) []byte {
	for _, value := range r {
		switch x := value.(type) {
		case nil:
			text = append(text, 'n')
		case int64:
			text = binary.BigEndian.AppendUint64(append(text, 'i'), uint64(x)) //nolint:gosec // G115: the bits
		case string:
			text = append(binary.BigEndian.AppendUint64(append(text, 's'), uint64(len(x))), x...)
		case []byte:
			text = append(binary.BigEndian.AppendUint64(append(text, 'b'), uint64(len(x))), x...)
		}
	}
	return text
}

// sum adds records to a digest.
func sum(h hash.Hash, rows []row) {
	var text []byte
	for _, r := range rows {
		text = r.encode(text[:0])
		h.Write(text)
	}
}

// show returns a primary key for people.
func show(key []any) string {
	var parts []string
	for _, value := range key {
		if raw, ok := value.([]byte); ok {
			value = fmt.Sprintf("%x", raw)
		}
		parts = append(parts, fmt.Sprint(value))
	}
	return strings.Join(parts, " / ")
}

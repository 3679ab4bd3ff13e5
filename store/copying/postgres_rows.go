package copying

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// types returns the types of a table's columns here; those of t may be of the other store.
func (s *postgresSide) types(ctx context.Context, t *Table) (map[string]string, error) {
	found, err := s.query(ctx, `select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`, 2, quote(t.Name))
	types := map[string]string{}
	for _, r := range found {
		types[fmt.Sprint(r[0])] = fmt.Sprint(r[1])
	}
	return types, err
}

// selected returns a column as SQL whose text is that of the common form.
func selected(c Column, kind string) (string, error) {
	switch name := quote(c.Name); kind {
	case "text", "bigint", "integer", "smallint", "bytea":
		return name, nil
	case "boolean":
		return name + "::int", nil
	case "timestamp with time zone":
		return "(extract(epoch from " + name + ") * 1000)::bigint", nil
	default:
		return "", fmt.Errorf("the column %s has the type %s, which this release cannot copy", c.Name, kind)
	}
}

func (s *postgresSide) read(ctx context.Context, t *Table, after []any, limit, bytes int) ([]row, error) {
	types, err := s.types(ctx, t)
	if err != nil {
		return nil, err
	}
	columns, size := make([]string, len(t.Columns)), "0"
	for i, c := range t.Columns {
		if columns[i], err = selected(c, types[c.Name]); err != nil {
			return nil, err
		}
		if kind := types[c.Name]; kind == "text" || kind == "bytea" {
			size += " + coalesce(octet_length(" + quote(c.Name) + "), 0)"
		}
	}
	var where string
	var args []string
	if after != nil {
		casts := make([]string, len(after))
		for i, value := range after {
			kind := types[t.Columns[t.Key[i]].Name]
			casts[i] = fmt.Sprintf("$%d::%s", i+1, kind)
			args = append(args, literal(value, kind))
		}
		where = fmt.Sprintf("where (%s) > (%s)", t.keys(), strings.Join(casts, ", "))
	}
	text := fmt.Sprintf(`select %s from (select *, sum(%s) over (order by %s rows between unbounded preceding and 1 preceding) as "bytes before"
			from (select * from %s %s order by %s limit %d) page) sized
		where coalesce("bytes before", 0) < %d order by %s`,
		strings.Join(columns, ", "), size, t.keys(), quote(t.Name), where, t.keys(), limit, bytes, t.keys())
	rows, err := s.query(ctx, text, len(columns), args...)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for i, c := range t.Columns {
			if r[i], err = parsed(r[i], types[c.Name]); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// parsed returns the text that selected gives in the common form.
func parsed(value any, kind string) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, nil
	}
	switch kind {
	case "text":
		return text, nil
	case "bytea":
		return hex.DecodeString(strings.TrimPrefix(text, `\x`))
	default:
		return strconv.ParseInt(text, 10, 64)
	}
}

// literal returns a value of the common form as text of a type.
func literal(value any, kind string) string {
	switch x := value.(type) {
	case []byte:
		return `\x` + hex.EncodeToString(x)
	case int64:
		switch kind {
		case "boolean":
			return strconv.FormatBool(x != 0)
		case "timestamp with time zone":
			return time.UnixMilli(x).UTC().Format("2006-01-02 15:04:05.000Z07:00")
		}
	}
	return fmt.Sprint(value)
}

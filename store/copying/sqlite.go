package copying

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

// sqliteSide is a store in SQLite. It has the file alone.
type sqliteSide struct{ file *sqlite.File }

// FromSQLite opens a store as a source. The error is sqlite.ErrInUse if a process has it open, and it cannot be opened until Close.
func FromSQLite(path string) (Side, error) {
	f, err := sqlite.OpenFile(path, sqlite.Alone)
	if err != nil {
		return nil, err
	}
	return &sqliteSide{f}, nil
}

// ToSQLite opens a store as a target, and makes it if it does not exist. It cannot be opened until Close.
func ToSQLite(path string) (Side, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		made, err := sqlite.Open(sqlite.Options{Path: path})
		if err != nil {
			return nil, err
		}
		if err := made.Close(); err != nil {
			return nil, err
		}
	}
	return FromSQLite(path)
}

func (s *sqliteSide) Close() error { return s.file.Close() }

// still is true by itself: no other process can open the file.
func (s *sqliteSide) still(context.Context) error { return nil }

func (s *sqliteSide) schema(ctx context.Context) (int, error) {
	version := 0
	err := s.file.Each(ctx, `select max(version) from schema_migrations where version < $1`, []driver.Value{int64(store.UnfinishedCopy)}, func(r []driver.Value) error {
		n, _ := r[0].(int64)
		version = int(n)
		return nil
	})
	return version, err
}

func (s *sqliteSide) tables(ctx context.Context) ([]Table, error) {
	names, err := s.file.Tables(ctx)
	if err != nil {
		return nil, err
	}
	var tables []Table
	for _, name := range names {
		t := Table{Name: name}
		places := map[int]int{}
		if err := s.file.Each(ctx, `select name, type, pk from pragma_table_info($1) order by name`, []driver.Value{name}, func(r []driver.Value) error {
			if place, _ := r[2].(int64); place > 0 {
				places[int(place)] = len(t.Columns)
			}
			t.Columns = append(t.Columns, Column{fmt.Sprint(r[0]), strings.ToLower(fmt.Sprint(r[1]))})
			return nil
		}); err != nil {
			return nil, err
		}
		for i := range len(places) {
			t.Key = append(t.Key, places[i+1])
		}
		if err := s.file.Each(ctx, `select distinct "table" from pragma_foreign_key_list($1)`, []driver.Value{name}, func(r []driver.Value) error {
			t.parents = append(t.parents, fmt.Sprint(r[0]))
			return nil
		}); err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// errEnough ends a query.
var errEnough = errors.New("the records are enough")

func (s *sqliteSide) read(ctx context.Context, t *Table, after []any, limit, bytes int) ([]row, error) {
	text := "select " + t.columns() + " from " + quote(t.Name)
	var args []driver.Value
	if after != nil {
		text += fmt.Sprintf(" where (%s) > (%s)", t.keys(), placeholders(len(after)))
		for _, value := range after {
			args = append(args, value)
		}
	}
	text += fmt.Sprintf(" order by %s limit %d", t.keys(), limit)
	var rows []row
	err := s.file.Each(ctx, text, args, func(values []driver.Value) error {
		r := make(row, len(values))
		for i, value := range values {
			r[i] = value
		}
		rows = append(rows, r)
		if bytes -= r.size(); bytes <= 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}

func (s *sqliteSide) last(ctx context.Context, t *Table) (key []any, err error) {
	err = s.file.Each(ctx, fmt.Sprintf("select %s from %s order by %s limit 1", t.keys(), quote(t.Name), strings.ReplaceAll(t.keys(), ", ", " desc, ")+" desc"), nil, func(r []driver.Value) error {
		for _, value := range r {
			key = append(key, value)
		}
		return nil
	})
	return key, err
}

// transaction runs do in a transaction.
func (s *sqliteSide) transaction(ctx context.Context, do func() error) error {
	if _, err := s.file.Exec(ctx, "begin immediate", nil); err != nil {
		return err
	}
	if err := do(); err != nil {
		_, failed := s.file.Exec(ctx, "rollback", nil)
		return errors.Join(err, failed)
	}
	_, err := s.file.Exec(ctx, "commit", nil)
	return err
}

func (s *sqliteSide) begin(ctx context.Context, tables []Table, restart bool) error {
	return s.transaction(ctx, func() error {
		marked := false
		if err := s.file.Each(ctx, `select 1 from schema_migrations where version = $1`, []driver.Value{int64(store.UnfinishedCopy)}, func([]driver.Value) error {
			marked = true
			return nil
		}); err != nil {
			return err
		}
		if marked && !restart {
			return nil
		}
		for _, t := range slices.Backward(tables) {
			if marked {
				if _, err := s.file.Exec(ctx, "delete from "+quote(t.Name), nil); err != nil {
					return err
				}
				continue
			}
			if key, err := s.last(ctx, &t); err != nil || key != nil {
				return errors.Join(err, fmt.Errorf("%w (%s)", ErrHasData, t.Name))
			}
		}
		if marked {
			return nil
		}
		_, err := s.file.Exec(ctx, `insert into schema_migrations (version, name, applied_at) values ($1, $2, 0)`, []driver.Value{int64(store.UnfinishedCopy), unfinishedName})
		return err
	})
}

// unfinishedName is the name of the mark, for those who look into the table.
const unfinishedName = "a copy of another store that is not finished"

func (s *sqliteSide) write(ctx context.Context, t *Table, rows []row) error {
	text := fmt.Sprintf("insert into %s (%s) values (%s)", quote(t.Name), t.columns(), placeholders(len(t.Columns)))
	return s.transaction(ctx, func() error {
		args := make([]driver.Value, len(t.Columns))
		for _, r := range rows {
			for i, value := range r {
				args[i] = value
			}
			if _, err := s.file.Exec(ctx, text, args); err != nil {
				return fmt.Errorf("the record %s: %w", show(t.key(r)), err)
			}
		}
		return nil
	})
}

func (s *sqliteSide) finish(ctx context.Context) error {
	return s.transaction(ctx, func() error {
		if _, err := s.file.Exec(ctx, `delete from schema_migrations where version = $1`, []driver.Value{int64(store.UnfinishedCopy)}); err != nil {
			return err
		}
		problems, err := s.file.Check(ctx)
		if err == nil && len(problems) > 0 {
			err = fmt.Errorf("the target is not sound: %s", strings.Join(problems, "; "))
		}
		return err
	})
}

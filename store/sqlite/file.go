package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	driverimpl "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrInUse is returned by OpenFile with Alone for a file that another process has open.
var ErrInUse = errors.New("store/sqlite: a process has the file open; stop it first")

// Access says how a File shares the file with processes that have it open.
type Access int

const (
	// Still reads a file that no process writes, such as a backup. It creates no files next to it.
	Still Access = iota
	// Shared reads while processes write.
	Shared
	// Watching is Shared without the right to write. Its last reader leaves the log as it is, also after a kill.
	Watching
	// Alone reads and writes. It refuses a file that a process has open, and keeps others from opening it.
	Alone
)

// File is the file of a store, opened for maintenance: for copies and checks. It is for one goroutine. Other than Open, it leaves the
// schema as it is.
type File struct {
	path string
	*conn
}

// OpenFile opens a file that exists. The error is ErrInUse if access is Alone and a process has the file open.
func OpenFile(path string, access Access) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store/sqlite: %w", err)
	}
	path = Real(path)
	dsn := url.URL{Scheme: "file", Path: path}
	query, setup := "&mode=ro&immutable=1", []string{"pragma query_only = on", "pragma trusted_schema = off"}
	switch access {
	case Shared:
		query, setup = "&mode=rw", readerSetup
	case Watching:
		query, setup = "&mode=ro", readerSetup
	case Alone:
		query, setup = "&mode=rw", []string{"pragma locking_mode = exclusive", "pragma foreign_keys = off", "pragma synchronous = full",
			"pragma trusted_schema = off", "begin immediate", "commit"}
	case Still:
	}
	dsn.RawQuery = dsnOptions + query
	c, err := connectTo(dsn.String(), setup)
	if failed := new(driverimpl.Error); access == Alone && errors.As(err, &failed) && failed.Code()&0xff == sqlite3.SQLITE_BUSY {
		return nil, fmt.Errorf("%w (%s)", ErrInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("store/sqlite: open %s: %w", path, err)
	}
	return &File{path, c}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.close() }

// Each calls each with the columns of every row that a query returns. The slice is valid until each returns; text and bytes in it
// stay valid. Each ends at the first error of each, and returns it.
func (f *File) Each(ctx context.Context, text string, args []driver.Value, each func(row []driver.Value) error) (err error) {
	rows, err := f.Query(ctx, text, args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return ctx.Err()
		}
		if err == nil {
			err = each(row)
		}
		if err != nil {
			return err
		}
	}
}

// Version returns the number of the last migration that was applied. It fails for the file of another program.
func (f *File) Version() (int, error) {
	n, err := number(f.conn, `select count(*) from sqlite_schema where type = 'table' and name = 'schema_migrations'`)
	if err == nil && n == 0 {
		err = errors.New("the file is not a Sluice store")
	}
	if err == nil {
		n, err = number(f.conn, `select coalesce(max(version), 0) from schema_migrations`)
	}
	if err != nil {
		return 0, fmt.Errorf("store/sqlite: %s: %w", f.path, err)
	}
	return int(n), nil
}

// Tables returns the names of the tables in order, without those of SQLite and of litestream.
func (f *File) Tables(ctx context.Context) ([]string, error) {
	var names []string
	err := f.Each(ctx, `select name from sqlite_schema where type = 'table' order by name`, nil, func(row []driver.Value) error {
		if name, _ := row[0].(string); !foreign(name) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// foreign reports whether an object of the schema is none of Sluice's.
func foreign(name string) bool {
	return strings.HasPrefix(name, "sqlite_") || strings.HasPrefix(name, "_litestream_")
}

// Quote returns a name as SQL text.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Rows returns the number of rows of each table.
func (f *File) Rows(ctx context.Context) (map[string]int64, error) {
	tables, err := f.Tables(ctx)
	if err != nil {
		return nil, err
	}
	rows := make(map[string]int64, len(tables))
	for _, name := range tables {
		if rows[name], err = number(f.conn, "select count(*) from "+Quote(name)); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// problemsMax is how many problems Check reports of a kind.
const problemsMax = 20

// Check reads the whole file and returns what is wrong with it, in sentences: damaged pages and indexes, rows whose parent is
// missing, and a schema that is not the one that the migrations of this release make. Nothing means that it is sound. A newer schema
// than this release knows is an error, ErrNewerSchema.
func (f *File) Check(ctx context.Context) (problems []string, err error) {
	err = f.Each(ctx, fmt.Sprintf("pragma integrity_check(%d)", problemsMax), nil, func(row []driver.Value) error {
		if text, _ := row[0].(string); text != "ok" {
			problems = append(problems, "integrity: "+text)
		}
		return nil
	})
	if failed := new(driverimpl.Error); errors.As(err, &failed) {
		return append(problems, "integrity: "+failed.Error()), nil // so damaged that the check itself fails
	}
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	orphans := map[string]int{}
	if err := f.Each(ctx, "pragma foreign_key_check", nil, func(row []driver.Value) error {
		orphans[fmt.Sprintf("rows of %v whose parent in %v is missing", row[0], row[2])]++
		return nil
	}); err != nil {
		return nil, err
	}
	for text, n := range orphans {
		problems = append(problems, fmt.Sprintf("%d %s", n, text))
	}
	differences, err := f.checkSchema(ctx)
	problems = append(problems, differences...)
	slices.Sort(problems)
	return problems, err
}

// checkSchema compares the schema with the one that the same migrations make in an empty file.
func (f *File) checkSchema(ctx context.Context) ([]string, error) {
	version, err := f.Version()
	if err != nil {
		return []string{err.Error()}, nil
	}
	steps, err := released()
	if err != nil {
		return nil, err
	}
	if version > len(steps) {
		return nil, fmt.Errorf("%w: version %d, and this release knows %d", ErrNewerSchema, version, len(steps))
	}
	empty, err := connectTo("file::memory:?"+dsnOptions, nil)
	if err != nil {
		return nil, err
	}
	model := &File{conn: empty}
	defer func() { _ = model.Close() }() // in memory
	for _, text := range append([]string{migrationsTable}, texts(steps[:version])...) {
		if err := empty.script(text); err != nil {
			return nil, err
		}
	}
	want, err := model.objects(ctx)
	if err != nil {
		return nil, err
	}
	have, err := f.objects(ctx)
	if err != nil {
		return nil, err
	}
	var problems []string
	for name, text := range want {
		if have[name] != text {
			problems = append(problems, fmt.Sprintf("schema: %s differs from that of migration %d", name, version))
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			problems = append(problems, fmt.Sprintf("schema: %s is none of Sluice's", name))
		}
	}
	return problems, nil
}

func texts(steps []migration) []string {
	var all []string
	for _, step := range steps {
		all = append(all, step.text)
	}
	return all
}

// objects returns the tables and indexes with the statements that made them.
func (f *File) objects(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	err := f.Each(ctx, `select type || ' ' || name, coalesce(sql, ''), name, tbl_name from sqlite_schema`, nil, func(row []driver.Value) error {
		name, _ := row[2].(string)
		table, _ := row[3].(string)
		if foreign(name) || foreign(table) {
			return nil
		}
		key, _ := row[0].(string)
		text, _ := row[1].(string)
		all[key] = strings.Join(strings.Fields(text), " ")
		return nil
	})
	return all, err
}

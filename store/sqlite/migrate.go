package sqlite

import (
	"context"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	driverimpl "modernc.org/sqlite"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema, forward only. It never changes after its release.
type migration struct {
	version int
	name    string
	text    string
}

// functions gives connections that are made from then on the function sluice_key, which migrations call. It is sql.Key.
var functions = sync.OnceValue(func() error {
	return driverimpl.RegisterDeterministicScalarFunction("sluice_key", 1, func(_ *driverimpl.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("sluice_key of %T, not of a text", args[0])
		}
		return sql.Key(text), nil
	})
})

// released returns the migrations of this build in order. It fails if their numbers are not 1, 2, 3 and so on.
func released() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var steps []migration
	for _, path := range names {
		text, err := migrationFiles.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(path, "migrations/")
		number, _, _ := strings.Cut(name, "_")
		if version, err := strconv.Atoi(number); err != nil || version != len(steps)+1 {
			return nil, fmt.Errorf("migration %s does not follow number %d", name, len(steps))
		}
		steps = append(steps, migration{len(steps) + 1, name, string(text)})
	}
	return steps, nil
}

const migrationsTable = `create table if not exists schema_migrations (
    version    integer primary key not null,
    name       text not null,
    applied_at integer not null
) strict`

// migrate applies the steps that the schema lacks, in one transaction.
func migrate(c *conn, steps []migration, now func() time.Time, log *slog.Logger) (err error) {
	if err := c.control(beginWrite); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.control(rollback))
		}
	}()
	version, err := schemaVersion(c)
	if err != nil {
		return err
	}
	if version == store.UnfinishedCopy {
		return errors.New("a copy of another store to this file has not finished; run sluice store copy again")
	}
	if version > int64(len(steps)) {
		return fmt.Errorf("%w: the file has version %d, this release knows %d; run the release that wrote the file or a newer one",
			ErrNewerSchema, version, len(steps))
	}
	for _, step := range steps[version:] {
		if err := c.script(step.text); err != nil {
			return fmt.Errorf("migration %s: %w", step.name, err)
		}
		args := []driver.Value{int64(step.version), step.name, now().UnixMilli()}
		if _, err := c.Exec(context.Background(),
			`insert into schema_migrations (version, name, applied_at) values ($1, $2, $3)`, args); err != nil {
			return err
		}
		log.Info("schema migrated", "migration", step.name)
	}
	return c.control(commit)
}

// schemaVersion returns the number of the last migration that was applied, 0 for an empty file. It fails for a file of
// another program.
func schemaVersion(c *conn) (int64, error) {
	tables, err := number(c, `select count(*) from sqlite_schema where type = 'table'`)
	if err != nil {
		return 0, err
	}
	ours, err := number(c, `select count(*) from sqlite_schema where type = 'table' and name = 'schema_migrations'`)
	if err != nil {
		return 0, err
	}
	if tables > 0 && ours == 0 {
		return 0, errors.New("the file is an SQLite database of another program; name another file")
	}
	if err := c.script(migrationsTable); err != nil {
		return 0, err
	}
	return number(c, `select coalesce(max(version), 0) from schema_migrations`)
}

// number returns the integer that a query without arguments selects.
func number(c *conn, text string) (n int64, err error) {
	rows, err := c.Query(context.Background(), text, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row, err := rows.Next()
	if err != nil {
		return 0, err
	}
	n, ok := row[0].(int64)
	if !ok {
		return 0, fmt.Errorf("%q returned %T, not an integer", text, row[0])
	}
	return n, nil
}

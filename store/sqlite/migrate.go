package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema, forward only. A released one never changes.
type migration struct {
	version int
	name    string
	text    string
}

// released returns the migrations of this build, 1, 2, 3 …
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

// migrate brings the schema to the last of steps, in one transaction.
func migrate(c *conn, steps []migration, now func() time.Time, log *slog.Logger) (err error) {
	if err := c.control(lite.beginWrite); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.control(lite.rollback))
		}
	}()
	var tables, ours, version int
	err = c.query(`select count(*), coalesce(sum(name = 'schema_migrations'), 0) from sqlite_schema where type = 'table'`,
		func(r *row) error {
			tables, ours = r.number(), r.number()
			return r.err
		})
	if err != nil {
		return err
	}
	if tables > 0 && ours == 0 {
		return errors.New("this is a SQLite database, but not one of Sluice's; name another file")
	}
	if err := c.script(migrationsTable); err != nil {
		return err
	}
	err = c.query(`select coalesce(max(version), 0) from schema_migrations`, func(r *row) error {
		version = r.number()
		return r.err
	})
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: it has %d, known are up to %d; run the release that wrote it, or a newer one",
			ErrNewerSchema, version, len(steps))
	}
	for _, step := range steps[version:] {
		if err := c.script(step.text); err != nil {
			return fmt.Errorf("migration %s: %w", step.name, err)
		}
		if _, err := c.exec(`insert into schema_migrations (version, name, applied_at) values ($1, $2, $3)`,
			step.version, step.name, now()); err != nil {
			return err
		}
		log.Info("schema migrated", "migration", step.name)
	}
	return c.control(lite.commit)
}

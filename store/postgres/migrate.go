package postgres

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store"
)

//go:embed migrations/*.sql migrations/*.online
var migrationFiles embed.FS

// migration is one step of the schema, forward only. It never changes after its release.
type migration struct {
	version    int64
	name       string
	text       string
	compatible int64  // the oldest release, by the last migration that it knows, that works with the schema after this step
	online     string // the same step for tables that are in use; see applyOnline. "" = text locks nothing for long
}

// sum returns the checksum of the step's text.
func (m *migration) sum() string {
	sum := sha256.Sum256([]byte(m.text))
	return hex.EncodeToString(sum[:])
}

// firstVersion is the number of the first migration. The schemas of store/sqlite have the same numbers; the releases before
// had no PostgreSQL.
const firstVersion = 22

// released returns the migrations of this build in order. It fails if their numbers do not follow each other.
func released() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var steps []migration
	for _, path := range names {
		text, err := migrationFiles.ReadFile(path)
		if err != nil {
			return nil, err
		}
		step := migration{version: firstVersion + int64(len(steps)), name: strings.TrimPrefix(path, "migrations/"), text: string(text)}
		number, _, _ := strings.Cut(step.name, "_")
		if version, err := strconv.ParseInt(number, 10, 64); err != nil || version != step.version {
			return nil, fmt.Errorf("migration %s does not have the number %d", step.name, step.version)
		}
		_, rest, _ := strings.Cut(step.text, "\n-- compatible ")
		line, _, _ := strings.Cut(rest, "\n")
		if step.compatible, err = strconv.ParseInt(line, 10, 64); err != nil || step.compatible > step.version {
			return nil, fmt.Errorf("migration %s does not say, as -- compatible N, which releases work with it", step.name)
		}
		online, err := migrationFiles.ReadFile(strings.TrimSuffix(path, "sql") + "online")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		step.online = string(online)
		steps = append(steps, step)
	}
	return steps, nil
}

const (
	// migrationLock is the number of the advisory lock that a process holds while it migrates: "sluice" in ASCII.
	migrationLock = 0x736c75696365

	// migrationLimit bounds how long Open takes, with the building of indexes over large tables.
	migrationLimit = time.Hour

	lockLimit   = "5s" // how long a migration waits for a table, with others waiting behind it
	lockPoll    = 200 * time.Millisecond
	lockPause   = 2 * time.Second // before it tries again
	lockTimeout = "55P03"         // lock_not_available
	deadlock    = "40P01"         // deadlock_detected: the other one has read a table and wants to write to it

	migrationsTable = `create table if not exists schema_migrations (
    version    bigint primary key,
    name       text collate "C" not null,
    sum        text collate "C" not null,
    compatible bigint not null,
    applied_at timestamptz not null
)`
)

// migrate applies the steps that the schema lacks, those without an online form in one transaction. Of several processes that start at once
// one does, and the others wait for it.
func migrate(ctx context.Context, s *settings, steps []migration, o Options) (err error) {
	pg, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w; %s", store.ErrUnavailable, err, advice(err))
	}
	defer func() { err = errors.Join(err, pg.Close(ctx)) }()
	if encoding := pg.ParameterStatus("server_encoding"); encoding != "UTF8" {
		return fmt.Errorf("the database has the encoding %s; create one with encoding 'UTF8'", encoding)
	}
	short, cancel := context.WithTimeout(ctx, s.statement)
	defer cancel()
	missing, err := lacking(short, pg, steps)
	if err != nil || len(missing) == 0 {
		return unreachable(err)
	}
	if o.Existing && len(missing) == len(steps) {
		return ErrEmpty
	}
	for {
		online, err := apply(ctx, pg, s, steps, o)
		if err == nil && online != nil {
			err = applyOnline(ctx, pg, s, online, steps, o)
		}
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && (e.Code == lockTimeout || e.Code == deadlock) {
			o.Logger.Warn("the schema waits: another transaction has held a table for long; see pg_stat_activity", "error", err)
			err = rest(ctx, lockPause)
		} else if err == nil && online == nil {
			return nil
		}
		if err != nil {
			return unreachable(err)
		}
	}
}

// unreachable returns an error of the connection as store.ErrUnavailable, and others as they are.
func unreachable(err error) error {
	_, answered := errors.AsType[*pgconn.PgError](err)
	if err == nil || answered || errors.Is(err, errSchema) || errors.Is(err, ErrNewerSchema) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

// rest waits.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lock begins a transaction that holds the lock of migrations. It asks again and again: a statement that waited for the lock would hold a
// snapshot, for whose end an index waits that is built online. At a higher level of isolation than read committed, the transaction would hold
// one until it ends, and would not see what the process before it has migrated.
func lock(ctx context.Context, pg *pgconn.PgConn) error {
	for {
		// Anyone who waits for the lock waits for a migration, however long it is. After that, other statements must not have to wait
		// long behind this process while it waits for a table.
		if err := run(ctx, pg, fmt.Sprintf(`begin isolation level read committed; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
			set local lock_timeout = '%s'`, lockLimit)); err != nil {
			return err
		}
		got, err := rows(ctx, pg, `select pg_try_advisory_xact_lock($1::bigint)`, strconv.Itoa(migrationLock))
		if err != nil || got[0][0] == "t" {
			return err
		}
		if err := run(ctx, pg, rollback); err != nil {
			return err
		}
		if err := rest(ctx, lockPoll); err != nil {
			return err
		}
	}
}

// apply applies the missing steps under the lock, in one transaction. It stops before one that must be applied online and returns it.
func apply(ctx context.Context, pg *pgconn.PgConn, s *settings, steps []migration, o Options) (online *migration, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, run(ctx, pg, rollback))
		}
	}()
	if err := lock(ctx, pg); err != nil {
		return nil, err
	}
	if err := run(ctx, pg, migrationsTable); err != nil {
		return nil, err
	}
	missing, err := lacking(ctx, pg, steps)
	if err != nil {
		return nil, err
	}
	for i := range missing {
		step := &missing[i]
		if step.online != "" && len(missing) < len(steps) && s.prepare {
			online = step
			break
		}
		if err := run(ctx, pg, step.text); err != nil {
			return nil, fmt.Errorf("migration %s: %w", step.name, err)
		}
		if err := step.note(ctx, pg, o); err != nil {
			return nil, err
		}
	}
	return online, run(ctx, pg, commit)
}

// note notes in the transaction that the step was applied.
func (m *migration) note(ctx context.Context, pg *pgconn.PgConn, o Options) error {
	_, err := rows(ctx, pg, `insert into schema_migrations (version, name, sum, compatible, applied_at)
		values ($1::bigint, $2, $3, $4::bigint, now())`, strconv.FormatInt(m.version, 10), m.name, m.sum(), strconv.FormatInt(m.compatible, 10))
	if err == nil {
		o.Logger.Info("schema migrated", "migration", m.name)
	}
	return err
}

// errSchema is wrapped by the errors of a schema that this release cannot use.
var errSchema = errors.New("the schema does not fit")

// lacking returns the steps that the schema lacks. It fails for a schema that this release cannot use.
func lacking(ctx context.Context, pg *pgconn.PgConn, steps []migration) ([]migration, error) {
	// All from one snapshot: to_regclass sees what another process has committed since, with which the rest would contradict it.
	found, err := rows(ctx, pg, `with ours as (select oid, relname from pg_class where relname = 'schema_migrations' and relkind in ('r', 'p') and pg_table_is_visible(oid))
		select coalesce(current_schema(), ''), coalesce((select relname::text from ours), ''),
		(select count(*) from pg_class where relnamespace = to_regnamespace(quote_ident(current_schema())) and relkind in ('r', 'p')),
		(select count(*) from pg_attribute where attrelid in (select oid from ours) and attname in ('sum', 'compatible'))`)
	if err != nil {
		return nil, err
	}
	schema, ours, tables, marks := found[0][0], found[0][1], found[0][2], found[0][3]
	switch {
	case schema == "":
		return nil, fmt.Errorf("%w: the search_path names no schema that exists", errSchema)
	case ours == "" && tables == "0":
		return steps, nil
	case ours == "" || marks != "2":
		return nil, fmt.Errorf("%w: schema %s contains the tables of another program; name another database, or a schema with search_path", errSchema, schema)
	}
	applied, err := rows(ctx, pg, `select version, name, sum, compatible from schema_migrations order by version`)
	if err != nil {
		return nil, err
	}
	return missing(steps, applied)
}

// missing compares the steps with the rows of schema_migrations: version, name, checksum, oldest compatible release.
func missing(steps []migration, applied [][]string) ([]migration, error) {
	last := steps[len(steps)-1].version
	done := map[string]string{}
	for _, row := range applied {
		version, err1 := strconv.ParseInt(row[0], 10, 64)
		compatible, err2 := strconv.ParseInt(row[3], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%w: schema_migrations: %w", errSchema, err)
		}
		if version == store.UnfinishedCopy {
			return nil, fmt.Errorf("%w: a copy of another store to this database has not finished; run sluice store copy again", errSchema)
		}
		if version > last && compatible > last {
			return nil, fmt.Errorf("%w: migration %s needs a release that knows migration %d, this one knows %d; run a newer release",
				ErrNewerSchema, row[1], compatible, last)
		}
		done[row[0]] = row[2]
	}
	for i, step := range steps {
		sum, ok := done[strconv.FormatInt(step.version, 10)]
		if !ok {
			return steps[i:], nil
		}
		if sum != step.sum() {
			return nil, fmt.Errorf("%w: migration %s was applied with another text; the database does not belong to this program", errSchema, step.name)
		}
	}
	return nil, nil
}

// run runs statements without arguments.
func run(ctx context.Context, pg *pgconn.PgConn, script string) error {
	return pg.Exec(ctx, script).Close()
}

// rows returns the rows of a query, as text. Null is empty.
func rows(ctx context.Context, pg *pgconn.PgConn, text string, args ...string) ([][]string, error) {
	values := make([][]byte, len(args))
	for i, arg := range args {
		values[i] = []byte(arg)
	}
	result := pg.ExecParams(ctx, text, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	list := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, value := range row {
			list[i] = append(list[i], string(value))
		}
	}
	return list, nil
}

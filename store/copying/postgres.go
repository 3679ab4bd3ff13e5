package copying

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
)

// postgresSide is a store in PostgreSQL, on one connection.
type postgresSide struct{ conn *pgconn.PgConn }

// ErrConnected is returned by FromPostgres while other processes are connected.
var ErrConnected = errors.New("processes are connected to the database, and their further writes would not be copied; stop them first")

// FromPostgres opens a store as a source. Everything is read in one snapshot. The error is ErrConnected while anyone else is connected
// to the database: the connections of a Sluice or a pooler can have any name.
func FromPostgres(ctx context.Context, o postgres.Options) (Side, error) {
	s, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	err = s.still(ctx)
	if err == nil {
		err = s.run(ctx, "begin isolation level repeatable read read only")
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// ToPostgres opens a store as a target, and makes its schema if the database is empty.
func ToPostgres(ctx context.Context, o postgres.Options) (Side, error) {
	s, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	marked, err := s.marked(ctx)
	if err == nil && !marked {
		var made *postgres.Store
		if made, err = postgres.Open(o); err == nil {
			err = made.Close()
		}
	}
	if err == nil {
		err = s.alone(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// A server lists a connection for a moment after it was closed.
const (
	stillTries = 20
	stillPause = 100 * time.Millisecond
)

// still returns ErrConnected if anyone else is connected to the database. The type of a connection of a role that this one does not belong to
// is null; that it has a user tells it from the server's own work, such as autovacuum.
func (s *postgresSide) still(ctx context.Context) error {
	for try := 1; ; try++ {
		if _, err := s.query(ctx, `select pg_stat_clear_snapshot()`, 0); err != nil {
			return err
		}
		others, err := s.query(ctx, `select distinct coalesce(application_name, '') from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid() 
				and coalesce(backend_type = 'client backend', usesysid is not null) order by 1`, 1)
		if err != nil || len(others) == 0 {
			return err
		}
		if try == stillTries {
			return fmt.Errorf("%w (application_name %q)", ErrConnected, others[0][0])
		}
		select {
		case <-time.After(stillPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func dial(ctx context.Context, o postgres.Options) (*postgresSide, error) {
	conn, err := postgres.Dial(ctx, o)
	if err != nil {
		return nil, err
	}
	return &postgresSide{conn}, nil
}

// copyLock is the number of the advisory lock of a copy: "sluicec" in ASCII.
const copyLock = 0x736c7569636563

// alone refuses a second copy to the same database.
func (s *postgresSide) alone(ctx context.Context) error {
	got, err := s.query(ctx, fmt.Sprintf("select pg_try_advisory_lock(%d)", copyLock), 0)
	if err == nil && got[0][0] != "t" {
		err = errors.New("another copy to this database is running")
	}
	return err
}

// Close ends the connection, and with it the snapshot or lock.
func (s *postgresSide) Close() error { return s.conn.Close(context.Background()) }

func (s *postgresSide) run(ctx context.Context, script string) error {
	return s.conn.Exec(ctx, script).Close()
}

// query returns rows of n columns as text; null is nil. n = 0 is any number. Arguments are text, too.
func (s *postgresSide) query(ctx context.Context, text string, n int, args ...string) ([]row, error) {
	values := make([][]byte, len(args))
	for i, arg := range args {
		values[i] = []byte(arg)
	}
	result := s.conn.ExecParams(ctx, text, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	rows := make([]row, len(result.Rows))
	for i, columns := range result.Rows {
		if n > 0 && len(columns) != n {
			return nil, fmt.Errorf("%q returned %d columns, not %d", text, len(columns), n)
		}
		for _, value := range columns {
			if value == nil {
				rows[i] = append(rows[i], nil)
				continue
			}
			rows[i] = append(rows[i], string(value))
		}
	}
	return rows, nil
}

func (s *postgresSide) marked(ctx context.Context) (bool, error) {
	there, err := s.query(ctx, `select to_regclass('schema_migrations') is not null`, 1)
	if err != nil || there[0][0] != "t" {
		return false, err
	}
	mark, err := s.query(ctx, `select 1 from schema_migrations where version = $1::bigint`, 1, strconv.Itoa(store.UnfinishedCopy))
	return len(mark) > 0, err
}

func (s *postgresSide) schema(ctx context.Context) (int, error) {
	found, err := s.query(ctx, `select max(version) from schema_migrations where version < $1::bigint`, 1, strconv.Itoa(store.UnfinishedCopy))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(fmt.Sprint(found[0][0]))
}

func (s *postgresSide) tables(ctx context.Context) ([]Table, error) {
	columns, err := s.query(ctx, `select c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
			coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
			left join pg_index i on i.indrelid = c.oid and i.indisprimary
		where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
		order by c.relname collate "C", a.attname collate "C"`, 4)
	if err != nil {
		return nil, err
	}
	var tables []Table
	places := map[string]map[int]int{}
	for _, r := range columns {
		name := fmt.Sprint(r[0])
		if len(tables) == 0 || tables[len(tables)-1].Name != name {
			tables = append(tables, Table{Name: name})
			places[name] = map[int]int{}
		}
		t := &tables[len(tables)-1]
		if place, err := strconv.Atoi(fmt.Sprint(r[3])); err != nil {
			return nil, err
		} else if place > 0 {
			places[name][place] = len(t.Columns)
		}
		t.Columns = append(t.Columns, Column{fmt.Sprint(r[1]), fmt.Sprint(r[2])})
	}
	parents, err := s.query(ctx, `select c.relname, p.relname from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
		where k.contype = 'f' and c.relnamespace = current_schema()::regnamespace`, 2)
	for i := range tables {
		t := &tables[i]
		for place := range len(places[t.Name]) {
			t.Key = append(t.Key, places[t.Name][place+1])
		}
		for _, r := range parents {
			if r[0] == t.Name {
				t.parents = append(t.parents, fmt.Sprint(r[1]))
			}
		}
	}
	return tables, err
}

func (s *postgresSide) last(ctx context.Context, t *Table) ([]any, error) {
	types, err := s.types(ctx, t)
	if err != nil {
		return nil, err
	}
	columns := make([]string, len(t.Key))
	for i, column := range t.Key {
		c := t.Columns[column]
		if columns[i], err = selected(c, types[c.Name]); err != nil {
			return nil, err
		}
	}
	rows, err := s.query(ctx, fmt.Sprintf("select %s from %s order by %s desc limit 1", strings.Join(columns, ", "), quote(t.Name), strings.ReplaceAll(t.keys(), ", ", " desc, ")), len(columns))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	key := []any(rows[0])
	for i, column := range t.Key {
		if key[i], err = parsed(key[i], types[t.Columns[column].Name]); err != nil {
			return nil, err
		}
	}
	return key, nil
}

func (s *postgresSide) transaction(ctx context.Context, do func() error) error {
	if err := s.run(ctx, "begin"); err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, s.run(context.WithoutCancel(ctx), "rollback"))
	}
	return s.run(ctx, "commit")
}

func (s *postgresSide) begin(ctx context.Context, tables []Table, restart bool) error {
	marked, err := s.marked(ctx)
	if err != nil || marked && !restart {
		return err
	}
	return s.transaction(ctx, func() error {
		if err := s.run(ctx, "lock table schema_migrations in access exclusive mode"); err != nil {
			return err
		}
		for _, t := range slices.Backward(tables) {
			if marked {
				if err := s.run(ctx, "delete from "+quote(t.Name)); err != nil {
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
		_, err := s.query(ctx, `insert into schema_migrations (version, name, sum, compatible, applied_at) values ($1::bigint, $2, '', $1::bigint, now())`, 0,
			strconv.Itoa(store.UnfinishedCopy), unfinishedName)
		return err
	})
}

func (s *postgresSide) write(ctx context.Context, t *Table, rows []row) error {
	types, err := s.types(ctx, t)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	escape := strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	for _, r := range rows {
		for i, value := range r {
			if i > 0 {
				lines.WriteByte('\t')
			}
			if value == nil {
				lines.WriteString(`\N`)
				continue
			}
			text := literal(value, types[t.Columns[i].Name])
			if strings.Contains(text, "\x00") || !utf8.ValidString(text) {
				return fmt.Errorf("the record %q has a NUL character or invalid UTF-8 in %s, which PostgreSQL cannot keep", show(t.key(r)), t.Columns[i].Name)
			}
			_, _ = escape.WriteString(&lines, text) // to memory
		}
		lines.WriteByte('\n')
	}
	// A statement is a transaction.
	_, err = s.conn.CopyFrom(ctx, &lines, fmt.Sprintf("copy %s (%s) from stdin", quote(t.Name), t.columns()))
	return refused(t, rows, err)
}

// lineOf finds the record of an error, as in "COPY users, line 12".
var lineOf = regexp.MustCompile(`, line (\d+)`)

// refused returns the error of a record that the server refuses with the record's key, such as a text that is too long for an index.
func refused(t *Table, rows []row, err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	if m := lineOf.FindStringSubmatch(e.Where); m != nil {
		if n, e := strconv.Atoi(m[1]); e == nil && n >= 1 && n <= len(rows) {
			return fmt.Errorf("the record %q: %w", show(t.key(rows[n-1])), err)
		}
	}
	return err
}

func (s *postgresSide) finish(ctx context.Context) error {
	if _, err := s.query(ctx, `delete from schema_migrations where version = $1::bigint`, 0, strconv.Itoa(store.UnfinishedCopy)); err != nil {
		return err
	}
	return s.run(ctx, "analyze")
}

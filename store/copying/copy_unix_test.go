//go:build unix

package copying

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/sqlite"
)

// must returns the side or ends the test, and closes it when the test ends.
func must(t *testing.T) func(Side, error) Side {
	return func(s Side, err error) Side {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func closed(t *testing.T, sides ...Side) {
	t.Helper()
	for _, s := range sides {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// settings is how many records the table has that is longer than a batch.
const settings = 2*batch + 5

// filled makes a store in which every table has records: values of every type, nulls, and characters that formats of text escape.
func filled(t *testing.T, types map[string]map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.db")
	side := must(t)(ToSQLite(path))
	defer closed(t, side)
	tables, err := copied(t.Context(), side)
	if err != nil {
		t.Fatal(err)
	}
	if tables, err = ordered(tables); err != nil {
		t.Fatal(err)
	}
	file := side.(*sqliteSide).file
	for _, table := range tables {
		parents := foreignKeys(t, file, table.Name)
		n := 3
		if table.Name == "settings" {
			n = settings
		}
		var rows []row
		for i := range n {
			r := make(row, len(table.Columns))
			for k, c := range table.Columns {
				of, child := parents[c.Name]
				if !child {
					of = table.Name + "." + c.Name
				}
				r[k] = value(of, c.Type, types[table.Name][c.Name], i)
				if table.Name == "heartbeat" && c.Name == "id" {
					r[k] = int64(i)
				}
				if i == 2 && !child && nullable(t, file, table.Name, c.Name) && !slices.Contains(table.Key, k) {
					r[k] = nil
				}
			}
			rows = append(rows, r)
		}
		if err := side.write(t.Context(), &table, rows); err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
	}
	return path
}

// foreignKeys returns the column of the oldest ancestor that a column refers to, by the name of the column.
func foreignKeys(t *testing.T, file *sqlite.File, table string) map[string]string {
	t.Helper()
	parents := map[string]string{}
	if err := file.Each(t.Context(), `select "from", "table", "to" from pragma_foreign_key_list($1)`, []driver.Value{table}, func(r []driver.Value) error {
		parents[fmt.Sprint(r[0])] = fmt.Sprintf("%v.%v", r[1], r[2])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for column, parent := range parents {
		name, of, _ := strings.Cut(parent, ".")
		if name != table {
			if older, ok := foreignKeys(t, file, name)[of]; ok {
				parents[column] = older
			}
		}
	}
	return parents
}

func nullable(t *testing.T, file *sqlite.File, table, column string) (yes bool) {
	t.Helper()
	if err := file.Each(t.Context(), `select "notnull" from pragma_table_info($1) where name = $2`, []driver.Value{table, column}, func(r []driver.Value) error {
		yes = r[0] == int64(0)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return yes
}

// value returns the value of a column in the record i.
func value(of, here, there string, i int) any {
	switch here {
	case "integer":
		if there == "boolean" {
			return int64(i % 2)
		}
		return int64(i)*86_400_123 + 1_790_000_000_007
	case "blob":
		return append([]byte(of), 0, '\\', '\n', 0xff, byte(i), byte(i>>8))
	default:
		return fmt.Sprintf("%s %05d\t\\N \n\r\\.'\"ü→", of, i)
	}
}

// typesOf returns the types of PostgreSQL's columns.
func typesOf(t *testing.T, url string) map[string]map[string]string {
	t.Helper()
	side := must(t)(ToPostgres(t.Context(), postgres.Options{URL: url}))
	defer closed(t, side)
	tables, err := side.tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]map[string]string{}
	for _, table := range tables {
		types[table.Name] = map[string]string{}
		for _, c := range table.Columns {
			types[table.Name][c.Name] = c.Type
		}
	}
	return types
}

func TestEveryTableIsCopiedThereAndBack(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.Database(t)
	path := filled(t, typesOf(t, url))
	from, to := must(t)(FromSQLite(path)), must(t)(ToPostgres(t.Context(), postgres.Options{URL: url}))
	there, err := Copy(t.Context(), Options{From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	all, err := from.(*sqliteSide).file.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(there), len(all)-len(slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !slices.Contains(skipped, name) })); got != want {
		t.Errorf("%d tables were copied, the catalog has %d", got, want)
	}
	for _, r := range there {
		if r.Records == 0 {
			t.Errorf("%s: no record was copied", r.Table)
		}
	}
	closed(t, from, to)
	back := filepath.Join(t.TempDir(), "back.db")
	from, to = must(t)(FromPostgres(t.Context(), postgres.Options{URL: url})), must(t)(ToSQLite(back))
	again, err := Copy(t.Context(), Options{From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, from, to)
	if !slices.Equal(there, again) {
		t.Errorf("there %v\nback %v", there, again)
	}
	st, err := sqlite.Open(sqlite.Options{Path: back})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.Ping(t.Context()), st.Close()); err != nil {
		t.Error(err)
	}
}

// interrupt copies until some records of settings are there.
func interrupt(t *testing.T, from, to Side) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	_, err := Copy(ctx, Options{From: from, To: to, Progress: func(doing, table string, n int64) {
		if table == "settings" && n >= batch {
			stop()
		}
	}})
	if err == nil {
		t.Fatal("the copy was not interrupted")
	}
}

func TestACopyThatWasInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.Database(t)
	path := filled(t, typesOf(t, url))
	options := postgres.Options{URL: url}
	from, to := must(t)(FromSQLite(path)), must(t)(ToPostgres(t.Context(), options))
	interrupt(t, from, to)
	closed(t, to)
	if st, err := postgres.Open(options); err == nil || !strings.Contains(err.Error(), "copy again") {
		t.Errorf("a store on a part of a copy: %v, %v", st, err)
	}
	to = must(t)(ToPostgres(t.Context(), options))
	first := ""
	if _, err := Copy(t.Context(), Options{From: from, To: to, Progress: func(doing, table string, n int64) {
		if first == "" {
			first = fmt.Sprint(doing, " ", table, " ", n)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(first, "copied settings") {
		t.Errorf("the second copy began with %q, not where the first one ended", first)
	}
	closed(t, from, to)

	back := filepath.Join(t.TempDir(), "back.db")
	from, to = must(t)(FromPostgres(t.Context(), options)), must(t)(ToSQLite(back))
	interrupt(t, from, to)
	closed(t, to)
	if _, err := sqlite.Open(sqlite.Options{Path: back}); err == nil || !strings.Contains(err.Error(), "copy again") {
		t.Errorf("a store on a part of a copy: %v", err)
	}
	to = must(t)(ToSQLite(back))
	if _, err := Copy(t.Context(), Options{From: from, To: to}); err != nil {
		t.Error(err)
	}
	closed(t, from, to)
}

func TestACopyOfASourceThatChangedIsNotFinished(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.Database(t)
	path := filled(t, typesOf(t, url))
	from, to := must(t)(FromSQLite(path)), must(t)(ToPostgres(t.Context(), postgres.Options{URL: url}))
	interrupt(t, from, to)
	if _, err := from.(*sqliteSide).file.Exec(t.Context(), `update pools set name = 'another' where id = (select min(id) from pools)`, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Copy(t.Context(), Options{From: from, To: to}); !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), "comparing pools") {
		t.Errorf("%v", err)
	}
	if _, err := Copy(t.Context(), Options{From: from, To: to, Restart: true}); err != nil {
		t.Errorf("from the beginning: %v", err)
	}
	if _, err := Copy(t.Context(), Options{From: from, To: to, Restart: true}); !errors.Is(err, ErrHasData) {
		t.Errorf("over a store that is whole: %v", err)
	}
	closed(t, from, to)
}

func TestStoresInUseAreNoSources(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	options := postgres.Options{URL: server.Database(t) + "&application_name=another"}
	used, err := postgres.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := used.Update(t.Context(), func(tx store.Tx) error { return tx.Settings.Put("a", []byte("b")) }); err != nil {
		t.Fatal(err)
	}
	if _, err := FromPostgres(t.Context(), options); !errors.Is(err, ErrConnected) {
		t.Errorf("PostgreSQL: %v", err)
	}
	if err := used.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sluice.db")
	st, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromSQLite(path); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("SQLite: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestADumpOfPostgreSQLIsWhole dumps a database with pg_dump while a store runs, restores it with pg_restore, and compares every
// record.
func TestADumpOfPostgreSQLIsWhole(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	original, restored := server.Database(t), server.Database(t)
	path := filled(t, typesOf(t, original))
	from, to := must(t)(FromSQLite(path)), must(t)(ToPostgres(t.Context(), postgres.Options{URL: original}))
	want, err := Copy(t.Context(), Options{From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, from, to)
	running, err := postgres.Open(postgres.Options{URL: original})
	if err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(t.TempDir(), "sluice.dump")
	tool(t, "pg_dump", "--format=custom", "--file="+dump, original)
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	tool(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+restored, dump)
	from, to = must(t)(FromPostgres(t.Context(), postgres.Options{URL: restored})), must(t)(ToSQLite(filepath.Join(t.TempDir(), "back.db")))
	got, err := Copy(t.Context(), Options{From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, from, to)
	if !slices.Equal(got, want) {
		t.Errorf("restored %v\nwant %v", got, want)
	}
	again, err := postgres.Open(postgres.Options{URL: restored})
	if err != nil {
		t.Fatalf("a store on the restored database: %v", err)
	}
	if err := errors.Join(again.Ping(t.Context()), again.Close()); err != nil {
		t.Error(err)
	}
}

// tool runs a program of PostgreSQL.
func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), postgrestest.Program(t, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

//go:build unix

package postgres

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// upgraded returns the URL of a database with the schema of migration 23, and the settings and steps to migrate it further.
func upgraded(t *testing.T) (url string, s *settings, steps []migration) {
	t.Helper()
	url = postgrestest.Start(t).Database(t)
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = parse(Options{URL: url}); err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), s, steps[:2], Options{Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	return url, s, steps
}

func indexes(t *testing.T, pg *pgconn.PgConn) (list []string) {
	t.Helper()
	found, err := rows(t.Context(), pg, `select pg_get_indexdef(indexrelid) || indisvalid from pg_index join pg_class on oid = indrelid
		where relnamespace = 'public'::regnamespace order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range found {
		list = append(list, row[0])
	}
	return list
}

// The online form of a migration leaves the schema that its text leaves.
func TestADatabaseInUseGetsTheSameIndexes(t *testing.T) {
	t.Parallel()
	fresh := postgrestest.Start(t).Database(t)
	open(t, fresh)
	url, s, steps := upgraded(t)
	c := dial(t, url)
	// An earlier process was killed while it built an index.
	if err := run(t.Context(), c, `create index sessions_live on sessions (expires_at); update pg_index set indisvalid = false where indexrelid = 'sessions_live'::regclass`); err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), s, steps, Options{Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	if got, want := indexes(t, c), indexes(t, dial(t, fresh)); !slices.Equal(got, want) {
		t.Errorf("the database in use has\n%s\na new one\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// While indexes are built, a process of the release before goes on writing, although a transaction holds the migration up.
func TestOthersWriteWhileAMigrationBuildsIndexes(t *testing.T) {
	t.Parallel()
	url, s, steps := upgraded(t)
	long, other := dial(t, url), dial(t, url)
	const write = `delete from refresh_tokens where id = 'none'`
	if err := run(t.Context(), long, "begin; "+write); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	for range 2 { // two processes of the new release start
		go func() { done <- migrate(context.Background(), s, steps, Options{Logger: quiet}) }()
	}
	for {
		found, err := rows(t.Context(), other, `select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike 'create index%' and datname = current_database()`)
		if err != nil {
			t.Fatal(err)
		}
		if found[0][0] == "1" {
			break
		}
		select {
		case err := <-done:
			t.Fatalf("a migration did not wait for the transaction: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	// The limit is longer than a busy machine needs, and the migration would hold the table for as long as the transaction lasts.
	if err := run(t.Context(), other, "set lock_timeout = '4s'; "+write); err != nil {
		t.Errorf("a write while the indexes are built: %v", err)
	}
	if err := run(t.Context(), long, "commit"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A transaction that reads a table all the time, such as a pg_dump, holds a migration of the table up. Others do not queue behind it for longer
// than a migration may wait.
func TestOthersWriteWhileAMigrationWaitsForATableThatIsRead(t *testing.T) {
	t.Parallel()
	url, s, steps := upgraded(t)
	steps = steps[:26-firstVersion+1] // up to the one that changes messages
	if err := migrate(t.Context(), s, steps[:len(steps)-1], Options{Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	dump, other := dial(t, url), dial(t, url)
	if err := run(t.Context(), dump, "begin; lock table messages in access share mode"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- migrate(context.Background(), s, steps, Options{Logger: quiet}) }()
	for {
		found, err := rows(t.Context(), other, `select count(*) from pg_locks where relation = 'messages'::regclass and not granted`)
		if err != nil {
			t.Fatal(err)
		}
		if found[0][0] != "0" {
			break
		}
		select {
		case err := <-done:
			t.Fatalf("the migration did not wait for the dump: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	// The dump goes on, and the statement would wait for all of it. The limit is longer than a busy machine needs.
	if err := run(t.Context(), other, "set statement_timeout = '1min'; delete from messages where id = 'none'"); err != nil {
		t.Errorf("a write while the migration waits: %v", err)
	}
	if err := run(t.Context(), dump, "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A migration does not wait for the snapshot of its own lock, whichever isolation the database has by default.
func TestAMigrationOnlineEndsWithAnyDefaultIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			url, s, steps := upgraded(t)
			if err := run(t.Context(), dial(t, url), `do $$ begin execute format('alter database %I set default_transaction_isolation = %L', current_database(), '`+
				level+`'); end $$`); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it would wait forever
			defer cancel()
			if err := migrate(ctx, s, steps, Options{Logger: quiet}); err != nil {
				t.Error(err)
			}
		})
	}
}

// An index of a table that has rows is built and dropped online.
func TestEveryMigrationOfAnOlderTableHasAnOnlineForm(t *testing.T) {
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	index, online := regexp.MustCompile(`(?m)^create (unique )?index (\w+) on (\w+)|^drop index (\w+)`), regexp.MustCompile(`concurrently if (not )?exists (\w+)`)
	for _, step := range steps[1:] {
		var want, have []string
		for _, m := range index.FindAllStringSubmatch(step.text, -1) {
			if !strings.Contains(step.text, "create table "+m[3]+" ") {
				want = append(want, m[2]+m[4])
			}
		}
		for _, m := range online.FindAllStringSubmatch(step.online, -1) {
			have = append(have, m[2])
		}
		if !slices.Equal(want, have) {
			t.Errorf("%s builds and drops %q, online %q", step.name, want, have)
		}
	}
}

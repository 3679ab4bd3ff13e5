//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/sql"
)

// sums are the checksums of the released migrations. A release adds lines and never changes one.
var sums = map[string]string{
	"0023_changes.sql":       "95c54320eba30c04e45722c02cd0fd4a709eb909dafdccec3b77c9e562ab52ca",
	"0024_live_sessions.sql": "65e9a8432a102947853d32b182860544a63eb9a5194c7d4044f03a4db687b51b",
	"0025_trusted_roles.sql": "2f9be6e3be84aa0dfe8cdd9689e976ca9d534f57854db8f50b5c0dae799cd606",
	"0026_message_lanes.sql": "d680dbf201ccd1f14f58efcfeaa2d431bfc74d899febe3cea173766871a3b32e",
	"0027_bounded_keys.sql":  "13e52c619945e07870ea553f79a97cbd6e5a6e6cd209313e8c2f67df6e6c19a7",
	"0022_records.sql":       "12f5306dec3b755f6d4177b601d9ed9637271f6c63919c110ce65a3759537eda",
}

func TestAReleasedMigrationNeverChanges(t *testing.T) {
	t.Parallel()
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if got := step.sum(); got != sums[step.name] {
			t.Errorf("%s has the checksum %s but was released with %q; write a new migration", step.name, got, sums[step.name])
		}
	}
}

// Releases before migration 27 kept texts of any length in keys, if the server could compress them.
func TestADatabaseOfEveryReleaseGetsBoundedKeys(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("長い", 1000)
	alias := store.Alias{Kind: "preferred_username", Value: long}
	for i, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			url := server.Database(t)
			s, err := parse(Options{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			if err := migrate(t.Context(), s, steps[:i+1], Options{Logger: quiet}); err != nil {
				t.Fatal(err)
			}
			c := dial(t, url)
			add := func(sub, value string) {
				t.Helper()
				if err := run(t.Context(), c, `insert into pools (id, name, declared, unfinished) values ('p', 'p', false, '') on conflict do nothing;
					insert into users (pool_id, sub, username, name_key, aliases, status, enabled, attributes, password_hash, password_temporary, failures)
					values ('p', '`+sub+`', '`+sub+`', '`+sub+`', '[{"Kind":"preferred_username","Value":"`+value+`"}]', '', true, '{}', '', false, 0);
					insert into user_aliases (pool_id, kind, value, sub) values ('p', 'preferred_username', '`+value+`', '`+sub+`')
						on conflict (pool_id, kind, value) do nothing;
					insert into user_search (pool_id, name, value, sub) values ('p', 'name', '`+value+`', '`+sub+`')`); err != nil {
					t.Fatal(err)
				}
			}
			add("a", long)
			st := open(t, url)
			add("b", long+"!") // by a process of the release before, after the migration
			if err := st.View(t.Context(), func(tx store.Tx) error {
				a, err1 := tx.Users.ByAlias("p", alias)
				b, err2 := tx.Users.ByAlias("p", store.Alias{Kind: alias.Kind, Value: long + "!"})
				found, err3 := tx.Users.List("p", &store.Filter{Name: "name", Value: "長い長", Prefix: true}, store.Page{})
				if a.Sub != "a" || b.Sub != "b" || len(found) != 2 {
					t.Errorf("found %q, %q, and %d by a prefix", a.Sub, b.Sub, len(found))
				}
				return errors.Join(err1, err2, err3)
			}); err != nil {
				t.Error(err)
			}
			if step.version >= 27 {
				return
			}
			found, err := rows(t.Context(), c, `select char_length(a.value), char_length(s.value), a.value = s.value from user_aliases a join user_search s using (sub) where sub = 'a'`)
			if err != nil || len(found) != 1 || found[0][0] != "320" || found[0][1] != "320" || found[0][2] != "t" {
				t.Errorf("the keys are %v: %v", found, err)
			}
			// A key is not another alias.
			key, err := rows(t.Context(), c, `select value from user_aliases where sub = 'a'`)
			if err != nil {
				t.Fatal(err)
			}
			if err := st.View(t.Context(), func(tx store.Tx) error {
				_, err := tx.Users.ByAlias("p", store.Alias{Kind: alias.Kind, Value: key[0][0]})
				return err
			}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the key of an alias as an alias: %v", err)
			}
		})
	}
}

// An alias may have the form of another one's key, and sort before or after it.
func TestLongAliasesGetBoundedKeysWhateverTheyAre(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	for _, long := range []string{strings.Repeat("!", 300), strings.Repeat("z", 300), strings.Repeat("ff", 128) + "0", strings.Repeat("長", 300)} {
		url := server.Database(t)
		s, err := parse(Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if err := migrate(t.Context(), s, steps[:26-firstVersion+1], Options{Logger: quiet}); err != nil {
			t.Fatal(err)
		}
		values := []string{long, sql.Key(long), sql.Key(sql.Key(long)), "short"}
		kinds := []string{"preferred_username", "name"}
		text := `insert into pools (id, name, declared, unfinished) values ('p', 'p', false, '');`
		for _, order := range [][]int{{0, 1, 2, 3}, {7, 6, 5, 4}} { // as the rows lie in the table
			for _, i := range order {
				text += fmt.Sprintf(`
					insert into users (pool_id, sub, username, name_key, aliases, status, enabled, attributes, password_hash, password_temporary, failures)
						values ('p', '%[1]d', '%[1]d', '%[1]d', '[{"Kind":"%[3]s","Value":"%[2]s"}]', '', true, '{}', '', false, 0);
					insert into user_aliases values ('p', '%[3]s', '%[2]s', '%[1]d');
					insert into user_search values ('p', '%[3]s', '%[2]s', '%[1]d');`, i, values[i%4], kinds[i/4])
			}
		}
		if err := run(t.Context(), dial(t, url), text); err != nil {
			t.Fatal(err)
		}
		if err := migrate(t.Context(), s, steps, Options{Logger: quiet}); err != nil {
			t.Errorf("%.8s: %v", long, err)
			continue
		}
		if err := open(t, url).View(t.Context(), func(tx store.Tx) error {
			for i := range 2 * len(values) {
				kind, value := kinds[i/4], values[i%4]
				u, err1 := tx.Users.ByAlias("p", store.Alias{Kind: kind, Value: value})
				l, err2 := tx.Users.List("p", &store.Filter{Name: kind, Value: value}, store.Page{})
				if err := errors.Join(err1, err2); err != nil || u.Sub != fmt.Sprint(i) || len(l) != 1 || l[0].Sub != u.Sub {
					t.Errorf("%.8s: alias %d finds %q and lists %d: %v", long, i, u.Sub, len(l), err)
				}
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		keys, err := rows(t.Context(), dial(t, url), `select value from user_aliases where char_length(value) > 256 order by sub`)
		if err != nil || len(keys) != 6 || keys[0][0] != sql.Key(values[0]) || keys[5][0] != sql.Key(values[2]) {
			t.Errorf("%.8s: %d keys: %v", long, len(keys), err)
		}
	}
}

// dial connects without a Store.
func dial(tb testing.TB, url string) *pgconn.PgConn {
	tb.Helper()
	c, err := pgconn.Connect(context.Background(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func TestProcessesThatStartAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t).Database(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			st, err := Open(Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(st.Ping(t.Context()), st.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	applied, err := rows(t.Context(), dial(t, url), `select version from schema_migrations`)
	if err != nil || len(applied) != len(steps) {
		t.Errorf("%d migrations were applied, want %d: %v", len(applied), len(steps), err)
	}
}

func TestOnlySchemasThatFitAreUsed(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	const insert = `insert into schema_migrations (version, name, sum, compatible, applied_at) values (`
	for _, c := range []struct {
		name   string
		before string // run in the empty database
		after  string // run after Open
		is     error
		text   string
	}{
		{"one of this release", "", "", nil, ""},
		{"one that a newer release has expanded", "", `alter table pools add column later text; ` + insert + `9999, '9999_later.sql', 'x', 22, now())`, nil, ""},
		{"one that a newer release has contracted", "", insert + `9999, '9999_later.sql', 'x', 9999, now())`, ErrNewerSchema, "9999_later.sql"},
		{"one that was expanded after it was contracted", "", insert + `9998, 'a', 'x', 9998, now()); ` + insert + `9999, 'b', 'x', 22, now())`,
			ErrNewerSchema, ""},
		{"one with another text", "", `update schema_migrations set sum = 'x'`, errSchema, "0022_records.sql"},
		{"one of another program", `create table theirs (a int)`, "", errSchema, "another program"},
		{"one of another program that migrates", `create table schema_migrations (version bigint)`, "", errSchema, "another program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := server.Database(t)
			if err := run(t.Context(), dial(t, url), c.before); err != nil {
				t.Fatal(err)
			}
			if c.before == "" {
				st, err := Open(Options{URL: url})
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(st.Close(), run(t.Context(), dial(t, url), c.after)); err != nil {
					t.Fatal(err)
				}
			}
			st, err := Open(Options{URL: url})
			if !errors.Is(err, c.is) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Fatalf("error %v, want %v with %q", err, c.is, c.text)
			}
			if err == nil {
				if err := errors.Join(st.Ping(t.Context()), st.Close()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAMigrationThatFailsLeavesTheSchemaAsItWas(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t).Database(t)
	s, err := parse(Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Logger: quiet}
	first := migration{version: 22, name: "0022_a.sql", text: `create table a (x bigint)`, compatible: 22}
	second := migration{version: 23, name: "0023_b.sql", text: `create table b (x bigint); insert into nowhere values (1)`, compatible: 22}
	if err := migrate(t.Context(), s, []migration{first}, o); err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), s, []migration{first, second}, o); err == nil {
		t.Fatal("a migration with an error succeeded")
	}
	if err := run(t.Context(), dial(t, url), `select * from b`); err == nil {
		t.Error("a part of the failed migration was kept")
	}
	second.text = `create table b (x bigint)`
	if err := migrate(t.Context(), s, []migration{first, second}, o); err != nil {
		t.Errorf("the corrected migration: %v", err)
	}
}

// Building an index lets others read the table. Dropping one does not, until the commit.
func TestMigrationsBuildIndexesBeforeTheyDropAny(t *testing.T) {
	steps, err := released()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if _, after, found := strings.Cut(strings.ToLower(step.text), "\ndrop index"); found && strings.Contains(after, "\ncreate ") {
			t.Errorf("%s creates something after it has dropped an index", step.name)
		}
	}
}

func TestAMigrationThatDeadlocksIsRepeated(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t).Database(t)
	s, err := parse(Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Logger: quiet}
	first := migration{version: 22, name: "0022_a.sql", text: `create table a (x bigint); create index old on a (x)`, compatible: 22}
	// The other transaction looks for a deadlock after a second, before there is one.
	second := migration{version: 23, name: "0023_b.sql", text: `create index new on a (x); select pg_sleep(3); drop index old`, compatible: 22}
	if err := migrate(t.Context(), s, []migration{first}, o); err != nil {
		t.Fatal(err)
	}
	other, watch := dial(t, url), dial(t, url)
	if err := run(t.Context(), other, `begin; select * from a`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- migrate(context.Background(), s, []migration{first, second}, o) }()
	for {
		found, err := rows(t.Context(), watch, `select count(*) from pg_locks where relation = 'a'::regclass and mode = 'ShareLock' and granted`)
		if err != nil {
			t.Fatal(err)
		}
		if found[0][0] == "1" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	wrote := run(t.Context(), other, `insert into a values (1)`) // one of the two gives up
	if err := run(t.Context(), other, `commit`); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("%v; the other transaction: %v", err, wrote)
	}
}

func TestDatabasesThatCannotServeAreRefused(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	server.Run(t, "postgres", `create database latin encoding 'LATIN1' locale 'C' template template0 locale_provider libc`)
	if _, err := Open(Options{URL: server.URL("latin")}); err == nil || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("another encoding: %v", err)
	}
	if _, err := Open(Options{URL: server.URL("nowhere")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a database that does not exist: %v", err)
	}
	url := server.Database(t)
	if err := run(t.Context(), dial(t, url), `create role reader login; revoke create on schema public from public`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{URL: strings.Replace(url, "sluice@", "reader@", 1)}); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a role without rights: %v", err)
	}
	if _, err := Open(Options{URL: url, Existing: true}); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty database: %v", err)
	}
}

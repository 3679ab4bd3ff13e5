//go:build unix

package postgres

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// Counts of a large table read no more of it than of a small one: processes count sessions all the time, and a statement has a limit of time.
func TestCountsReadABoundedNumberOfRows(t *testing.T) {
	t.Parallel()
	const live = 3 * store.CountExact
	server := postgrestest.Start(t)
	url := server.Database(t)
	st := open(t, url)
	c := dial(t, url)
	now := time.Now().UTC().Truncate(time.Second)
	// Without foreign keys. Vacuum runs alone.
	fill := fmt.Sprintf(`set session_replication_role = replica;
		insert into pools (id, name, declared, unfinished) values ('small', 'small', false, ''), ('large', 'large', false, '');
		insert into users (pool_id, sub, username, name_key, status, enabled, attributes, password_hash, password_temporary, failures)
			select case when n <= 1000 then 'small' else 'large' end, n, n, n, 'CONFIRMED', true, '{}', case when n %% 2 = 0 then '$elsewhere$' else '' end, false, 0
			from generate_series(1, %[1]d) n;
		insert into refresh_tokens (id, pool_id, client_id, sub, hash, expires_at, revoked_at)
			select n, 'large', 'c', n, decode(lpad(to_hex(n), 8, '0'), 'hex'), to_timestamp(%[2]d) + interval '1 day', case when n %% 10 < 9 then now() end
			from generate_series(1, %[1]d) n;
		insert into edge_sessions (id, login, issuer, subject, secret, sealed, created_at, expires_at, valid_until)
			select n, 'l', 'i', n, '', '', now(), to_timestamp(%[2]d) + interval '1 day', now() from generate_series(1, %[1]d) n;
		vacuum analyze users; vacuum analyze refresh_tokens; vacuum analyze edge_sessions`, live, now.Unix())
	for _, statement := range strings.Split(fill, ";") {
		if err := run(t.Context(), c, statement); err != nil {
			t.Fatalf("%v in %s", err, statement)
		}
	}
	rowsRead := func() int {
		if err := run(t.Context(), c, `select pg_stat_clear_snapshot()`); err != nil {
			t.Fatal(err)
		}
		found, err := rows(t.Context(), c, `select sum(coalesce(seq_tup_read, 0)) + (select sum(idx_tup_read) from pg_stat_user_indexes) from pg_stat_user_tables
			where relname in ('users', 'refresh_tokens', 'edge_sessions')`)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(found[0][0])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := run(t.Context(), c, `select pg_stat_force_next_flush()`); err != nil {
		t.Fatal(err)
	}
	before := rowsRead()
	for name, x := range map[string]struct {
		count func(tx store.Tx) (int, error)
		want  int
		exact bool
	}{
		"users of a small pool": {func(tx store.Tx) (int, error) { return tx.Users.Count("small") }, 1000, true},
		"users of a large pool": {func(tx store.Tx) (int, error) { return tx.Users.Count("large") }, live - 1000, false},
		"users elsewhere":       {func(tx store.Tx) (int, error) { return tx.Users.CountElsewhere("large") }, live/2 - 500, false},
		"sign-ins":              {func(tx store.Tx) (int, error) { return tx.RefreshTokens.Count(now) }, live / 10, false},
		"sessions at the edge":  {func(tx store.Tx) (int, error) { return tx.EdgeSessions.Count(now) }, live, false},
		"expired sessions":      {func(tx store.Tx) (int, error) { return tx.EdgeSessions.Count(now.Add(25 * time.Hour)) }, 0, true},
	} {
		if err := st.View(t.Context(), func(tx store.Tx) error {
			n, err := x.count(tx)
			if x.exact && n != x.want || n < x.want*8/10 || n > x.want*12/10 {
				t.Errorf("%s: %d, want about %d", name, n, x.want)
			}
			return err
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := st.Close(); err != nil { // its servers write their statistics when they end
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	read := 0
	for read < 3*store.CountExact && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
		read = rowsRead() - before
	}
	time.Sleep(time.Second) // for the statistics of the last of them
	if read = rowsRead() - before; read > 4*store.CountExact+10_000 {
		t.Errorf("%d rows were read for the counts of four large tables, want %d at most", read, 4*store.CountExact)
	}
}

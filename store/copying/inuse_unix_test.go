//go:build unix

package copying

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/sqlite"
)

// Processes run as one role and the owner copies. A role sees little of the connections of another one.
func TestAStoreThatAnotherRoleUsesIsNoSource(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	whole := server.Database(t)
	for _, statement := range []string{`create role owner login`, `create role app login`, `create database shared owner owner`} {
		server.Run(t, "postgres", statement)
	}
	as := func(role string) postgres.Options {
		return postgres.Options{URL: strings.NewReplacer("sluice@", role+"@", "/sluice1?", "/shared?").Replace(whole)}
	}
	made, err := postgres.Open(as("owner"))
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	server.Run(t, "shared", `grant select, insert, update, delete on all tables in schema public to app; grant usage, select on all sequences in schema public to app`)
	used, err := postgres.Open(as("app"))
	if err != nil {
		t.Fatal(err)
	}
	if err := used.Update(t.Context(), func(tx store.Tx) error { return tx.Settings.Put("a", []byte("b")) }); err != nil {
		t.Fatal(err)
	}
	if from, err := FromPostgres(t.Context(), as("owner")); !errors.Is(err, ErrConnected) {
		t.Errorf("while another role is connected: %v", err)
		if err == nil {
			closed(t, from)
		}
	}
	if err := used.Close(); err != nil {
		t.Fatal(err)
	}
	closed(t, must(t)(FromPostgres(t.Context(), as("owner"))))
}

// bulky records how many bytes are in memory at once at least.
type bulky struct {
	Side
	most int
}

func (b *bulky) read(ctx context.Context, t *Table, after []any, limit, bytes int) ([]row, error) {
	rows, err := b.Side.read(ctx, t, after, limit, bytes)
	n := 0
	for _, r := range rows {
		n += r.size()
	}
	b.most = max(b.most, n)
	return rows, err
}

// Parts of imports and images of login pages are large.
func TestLargeRecordsAreCopiedFewAtATime(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	options := postgres.Options{URL: server.Database(t)}
	const large, n = 1 << 20, 50
	path := filepath.Join(t.TempDir(), "large.db")
	st, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Update(t.Context(), func(tx store.Tx) error {
		var errs []error
		for i := range n {
			errs = append(errs, tx.Settings.Put(fmt.Sprintf("large%02d", i), bytes.Repeat([]byte{byte(i)}, large)))
		}
		return errors.Join(errs...)
	}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	there := func() (from, to Side) { return must(t)(FromSQLite(path)), must(t)(ToPostgres(t.Context(), options)) }
	back := func() (from, to Side) {
		return must(t)(FromPostgres(t.Context(), options)), must(t)(ToSQLite(filepath.Join(t.TempDir(), "back.db")))
	}
	for i, sides := range []func() (from, to Side){there, back} {
		from, to := sides()
		source, target := &bulky{Side: from}, &bulky{Side: to}
		results, err := Copy(t.Context(), Options{From: source, To: target})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Table == "settings" && r.Records < n {
				t.Errorf("way %d: %d records, want %d or more", i, r.Records, n)
			}
		}
		if limit := batchBytes + large + 1000; source.most > limit || target.most > limit || source.most < batchBytes {
			t.Errorf("way %d: %d and %d bytes were read at once, the limit is %d", i, source.most, target.most, limit)
		}
		closed(t, from, to)
	}
}

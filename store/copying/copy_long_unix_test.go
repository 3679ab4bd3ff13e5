//go:build unix

package copying

import (
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/sqlite"
)

// Keys of PostgreSQL are short, those of SQLite are not.
func TestLongTextsInKeysAreCopied(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.Database(t)
	path := filepath.Join(t.TempDir(), "long.db")
	st, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	text := make([]rune, 2048)
	for i := range text {
		text[i] = rune(0x20000 + random.IntN(0xa000))
	}
	alias := store.Alias{Kind: "preferred_username", Value: string(text)}
	if err := st.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.Pools.Insert(store.Pool{ID: "p"}), tx.Users.Insert(store.User{PoolID: "p", Sub: "eve", Key: "eve", Aliases: []store.Alias{alias},
			Attributes: map[string]string{"name": alias.Value, "preferred_username": alias.Value}}))
	}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	from, to := must(t)(FromSQLite(path)), must(t)(ToPostgres(t.Context(), postgres.Options{URL: url}))
	if _, err := Copy(t.Context(), Options{From: from, To: to}); err != nil {
		t.Fatal(err)
	}
	closed(t, from, to)
	there, err := postgres.Open(postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := there.View(t.Context(), func(tx store.Tx) error {
		u, err := tx.Users.ByAlias("p", alias)
		if u.Sub != "eve" {
			t.Errorf("by the alias: %q", u.Sub)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	if err := there.Close(); err != nil {
		t.Error(err)
	}
}

func TestARecordThatPostgreSQLRefusesIsNamed(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	path := filepath.Join(t.TempDir(), "long.db")
	from := must(t)(ToSQLite(path))
	random := rand.New(rand.NewPCG(1, 1))
	text := make([]rune, 2000)
	for i := range text {
		text[i] = rune(0x4e00 + random.IntN(0x5000))
	}
	if _, err := from.(*sqliteSide).file.Exec(t.Context(), `insert into revocations values ('family', 'short', null, null), ('family', $1, null, null)`,
		[]driver.Value{"long" + string(text)}); err != nil {
		t.Fatal(err)
	}
	to := must(t)(ToPostgres(t.Context(), postgres.Options{URL: server.Database(t)}))
	if _, err := Copy(t.Context(), Options{From: from, To: to}); err == nil || !strings.Contains(err.Error(), "family / long") {
		t.Errorf("the error does not name the record: %v", err)
	}
	closed(t, from, to)
}

//go:build unix

package postgres

import (
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/storetest"
)

// open opens a database, which is closed when the test ends.
func open(tb testing.TB, url string) *Store {
	tb.Helper()
	st, err := Open(Options{URL: url})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := st.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return st
}

func TestThisStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	pooled := server.Pooler(t)
	direct := func(url string) string { return url }
	for _, mode := range []struct {
		name    string
		url     func(string) string
		careful bool
	}{{"bold", direct, false}, {"with savepoints", direct, true}, {"through PgBouncer", pooled, false}} {
		t.Run(mode.name, func(t *testing.T) {
			storetest.Run(t, func(tb testing.TB) store.Store {
				st := open(tb, mode.url(server.Database(tb)))
				st.careful = mode.careful
				return st
			})
		})
	}
}

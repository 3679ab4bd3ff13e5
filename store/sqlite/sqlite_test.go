package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/store/storetest"
)

func openIn(tb testing.TB, dir string) store.Store {
	tb.Helper()
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "sluice.db")})
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

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) store.Store { return openIn(tb, tb.TempDir()) })
}

func TestAcknowledgedWritesSurviveKill(t *testing.T) {
	storetest.SurvivesKill(t, openIn)
}

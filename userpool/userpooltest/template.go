package userpooltest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store/sqlite"
)

// template returns the bytes of a new store. It is made once in a process, because the migrations take longer than most tests.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "sluice")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "sluice.db")
	st, err := sqlite.Open(sqlite.Options{Path: path, Now: time.Now})
	if err != nil {
		return nil, err
	}
	if err := st.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// NewStore opens a new SQLite store in the directory. The test closes it when it ends.
func NewStore(t testing.TB, dir string, now func() time.Time) *sqlite.Store {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sluice.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.Open(sqlite.Options{Path: path, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

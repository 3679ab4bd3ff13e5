//go:build unix

package backup

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store/sqlite"
)

func TestARestoreToALinkedStoreKeepsTheLink(t *testing.T) {
	t.Parallel()
	path := newStore(t)
	link := filepath.Join(t.TempDir(), "sluice.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	copied := made(t, link, filepath.Join(t.TempDir(), "b.db"))
	done, err := Restore(t.Context(), RestoreOptions{From: at(t, copied), Store: sqlite.Real(link), Force: true, Now: time.Now})
	if err != nil || len(done.Replaced) == 0 || filepath.Dir(done.Replaced[0]) != filepath.Dir(sqlite.Real(link)) {
		t.Fatalf("%+v, %v", done, err)
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link leads to %s, %v", to, err)
	}
	if err := openStore(t, link).Close(); err != nil {
		t.Error(err)
	}
}

//go:build unix

package backup

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Only root can give files away; for others the test checks that the files are their own.
func TestWhatIsRestoredBelongsToTheOwnerOfTheDataDirectory(t *testing.T) {
	t.Parallel()
	file, dir := made(t, newStore(t), filepath.Join(t.TempDir(), "b.db")), t.TempDir()
	owner := os.Getuid()
	if owner == 0 {
		owner = 65534
		if err := os.Chown(dir, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	store := filepath.Join(dir, "sluice.db")
	if _, err := Restore(t.Context(), RestoreOptions{From: at(t, file), Store: store, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(store)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Sys().(*syscall.Stat_t).Uid; int(got) != owner {
		t.Errorf("the owner is %d, not %d", got, owner)
	}
}

package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/spool"
)

func TestACopyForWhichThereIsNoRoomIsNotBegun(t *testing.T) { // not parallel: it replaces fits
	defer func() { fits = spool.Fits }()
	path := newStore(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var asked int64
	fits = func(size int64, dir, next string) error {
		asked = size
		if files, err := os.ReadDir(dir); err != nil || len(files) > 0 || next != path {
			t.Errorf("before the copy, %s has %v, %v; the store is %s", dir, files, err, next)
		}
		return spool.ErrFull
	}
	to := filepath.Join(t.TempDir(), "b.db")
	_, _, err = Make(t.Context(), MakeOptions{Store: path, To: at(t, to), Now: time.Now})
	if !errors.Is(err, spool.ErrFull) || !strings.Contains(err.Error(), "room for a copy") {
		t.Errorf("error %v", err)
	}
	if asked != info.Size() {
		t.Errorf("asked for %d bytes, the store has %d", asked, info.Size())
	}
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the backup: %v", err)
	}
}

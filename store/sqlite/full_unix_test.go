//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sluicegate/sluice/store"
)

const fullEnv = "SLUICE_SQLITE_FULL"

// A limit on the size of files has the effect of a full disk, even in the middle of a commit. The limit is one of the
// process, so the test runs in another process.
func TestACommitThatFindsNoRoomKeepsNothing(t *testing.T) {
	path := os.Getenv(fullEnv)
	if path == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), fullEnv+"="+filepath.Join(t.TempDir(), "full.db"))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "writes fitted") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	st, _ := open(t, Options{Path: path})
	if err := st.Update(t.Context(), put("before")); err != nil {
		t.Fatal(err)
	}
	limitFiles(t, 1<<20)
	value := make([]byte, 10_000)
	fitted := 0
	var err error
	for ; err == nil; fitted++ {
		err = st.Update(t.Context(), func(tx store.Tx) error { return tx.Settings.Put(fmt.Sprint(fitted), value) })
	}
	fitted--
	t.Logf("%d writes fitted, then: %v", fitted, err)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a write to a full disk: %v", err)
	}
	check := func(what string) {
		if err := st.View(t.Context(), func(tx store.Tx) error {
			for i := range fitted {
				if _, err := tx.Settings.Get(fmt.Sprint(i)); err != nil {
					return fmt.Errorf("write %d was acknowledged but is missing: %w", i, err)
				}
			}
			_, err := tx.Settings.Get(fmt.Sprint(fitted))
			if !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("the write that failed: %w", err)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("while the disk is full")
	limitFiles(t, math.MaxInt64)
	if err := st.Update(t.Context(), put("after")); err != nil {
		t.Errorf("a write after the disk has space again: %v", err)
	}
	check("after the disk has space again")
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	st, _ = open(t, Options{Path: path})
	check("after opening again")
}

// limitFiles sets the maximum size of the files that this process writes.
func limitFiles(t *testing.T, bytes uint64) {
	t.Helper()
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		t.Fatal(err)
	}
	r.Cur = min(bytes, r.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		t.Fatal(err)
	}
}

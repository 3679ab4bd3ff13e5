package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/store"
)

type counter struct {
	mu   sync.Mutex
	done map[string]int
	errs map[string]int
}

func (c *counter) StoreDone(operation string, took time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done[operation]++
	if err != nil {
		c.errs[operation]++
	}
	if took < 0 {
		panic("negative latency")
	}
}

func open(t testing.TB, o Options) (*Store, *counter) {
	t.Helper()
	seen := &counter{done: map[string]int{}, errs: map[string]int{}}
	o.Observer = seen
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "data", "sluice.db")
	}
	st, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return st, seen
}

func put(name string) func(store.Tx) error {
	return func(tx store.Tx) error { return tx.Settings.Put(name, []byte(name)) }
}

func get(st *Store, name string) error {
	return st.View(context.Background(), func(tx store.Tx) error {
		value, err := tx.Settings.Get(name)
		if err == nil && string(value) != name {
			return fmt.Errorf("%s holds %q", name, value)
		}
		return err
	})
}

func TestUpdatesThatWaitAreCommittedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, seen := open(t, Options{})
		const n = 100
		inside, release := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := st.Update(context.Background(), func(tx store.Tx) error {
				close(inside)
				<-release
				return put("first")(tx)
			}); err != nil {
				t.Error(err)
			}
		})
		<-inside
		for i := range n {
			wg.Go(func() {
				name, bad := fmt.Sprint("w", i), i%10 == 0
				err := st.Update(context.Background(), func(tx store.Tx) error {
					if err := put(name)(tx); err != nil || !bad {
						return err
					}
					return errMine
				})
				if bad != errors.Is(err, errMine) {
					t.Errorf("%s: %v", name, err)
				}
				if err := get(st, name); bad != errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s after its update: %v", name, err)
				}
			})
		}
		synctest.Wait() // until all of them wait for the turn
		close(release)
		wg.Wait()
		if got := seen.done["commit"]; got != 1 {
			t.Errorf("%d updates took %d commits", n+1, got)
		}
		if got := seen.done["update"]; got != n+1 {
			t.Errorf("%d updates were observed, want %d", got, n+1)
		}
		if got := seen.errs["update"]; got != 0 {
			t.Errorf("%d errors of callers were counted as errors of the store", got)
		}
	})
}

var errMine = errors.New("mine")

func TestAPanicDoesNotAffectOtherUpdates(t *testing.T) {
	t.Parallel()
	st, _ := open(t, Options{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			defer func() {
				if r := recover(); (r != nil) != (i%2 == 0) {
					t.Errorf("%d recovered %v", i, r)
				}
			}()
			name := fmt.Sprint("p", i)
			err := st.Update(context.Background(), func(tx store.Tx) error {
				if err := put(name)(tx); err != nil || i%2 == 1 {
					return err
				}
				panic("of " + name)
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	for i := range 40 {
		if err := get(st, fmt.Sprint("p", i)); (i%2 == 0) != errors.Is(err, store.ErrNotFound) {
			t.Errorf("p%d: %v", i, err)
		}
	}
}

func TestAFullDiskFailsWritesCleanlyAndReadsGoOn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	st, seen := open(t, Options{Now: func() time.Time { return now }})
	if err := st.Update(t.Context(), put("before")); err != nil {
		t.Fatal(err)
	}
	if err := st.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	// SQLite returns the error of a full disk for a file that has this many pages.
	if err := st.writer.script(`pragma max_page_count = 1`); err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("x"), 1<<20)
	fill := func(name string) error {
		return st.Update(t.Context(), func(tx store.Tx) error {
			if err := tx.Settings.Put("small "+name, []byte("x")); err != nil {
				return err
			}
			if tx.Settings.Put(name, big) == nil {
				return errors.New("a write to a full disk succeeded")
			}
			return nil // Update must fail even if the caller ignores the error
		})
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := fill(fmt.Sprint("full", i)); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("a write on a full disk: %v", err)
			}
		})
	}
	wg.Wait()
	for _, name := range []string{"small full0", "full0"} {
		if err := get(st, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := get(st, "before"); err != nil {
		t.Errorf("a read while the disk is full: %v", err)
	}
	if seen.errs["update"] != 8 {
		t.Errorf("%d failures were observed, want 8", seen.errs["update"])
	}
	if err := st.writer.script(`pragma max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if err := st.Update(t.Context(), put("after")); err != nil {
		t.Errorf("a write after the disk has space again: %v", err)
	}
}

func TestAReadOnlyFileFailsWritesAndPingAndReadsGoOn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	st, _ := open(t, Options{Now: func() time.Time { return now }})
	if err := st.Update(t.Context(), put("before")); err != nil {
		t.Fatal(err)
	}
	if err := st.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := st.writer.script(`pragma query_only = on`); err != nil {
		t.Fatal(err)
	}
	if err := st.Update(t.Context(), put("x")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a write: %v", err)
	}
	if err := st.Ping(t.Context()); err != nil {
		t.Errorf("a ping within a second must repeat the last answer: %v", err)
	}
	now = now.Add(pingFor)
	if err := st.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
	if err := get(st, "before"); err != nil {
		t.Errorf("a read: %v", err)
	}
	if err := st.writer.script(`pragma query_only = off`); err != nil {
		t.Fatal(err)
	}
	now = now.Add(pingFor)
	if err := st.Ping(t.Context()); err != nil {
		t.Errorf("ping after it is writable again: %v", err)
	}
}

func TestTheFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice ?#%.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	st, _ := open(t, Options{Path: path})
	if err := st.Update(t.Context(), put("x")); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(names) != 3 {
		t.Fatalf("files %q, %v", names, err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != fs.FileMode(0o600) {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestViewsThatPanicReturnTheirConnections(t *testing.T) {
	t.Parallel()
	st, _ := open(t, Options{Readers: 2})
	if err := st.Update(t.Context(), put("x")); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		func() {
			defer func() { _ = recover() }()
			_ = st.View(t.Context(), func(store.Tx) error { panic("in a view") })
		}()
	}
	if err := get(st, "x"); err != nil {
		t.Error(err)
	}
	if len(st.idle) != 1 {
		t.Errorf("%d connections are open after one view at a time", len(st.idle))
	}
}

func TestTheLogRestarts(t *testing.T) {
	t.Parallel()
	st, _ := open(t, Options{})
	if err := st.Update(t.Context(), put("x")); err != nil {
		t.Fatal(err)
	}
	if err := st.writer.control(restartLog); err != nil {
		t.Errorf("restart of the log: %v", err)
	}
}

// Another process may hold the write lock for longer than SQLite waits, such as one that alters a pool.
func TestAWriteWaitsForTheLongWriteOfAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	one, _ := open(t, Options{Path: path})
	other, _ := open(t, Options{Path: path})
	if err := other.writer.script("pragma busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	put := func(key string) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.Settings.Put(key, []byte("value")) }
	}
	holds, release, written := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		written <- one.Update(t.Context(), func(tx store.Tx) error {
			close(holds)
			<-release
			return put("one")(tx)
		})
	}()
	<-holds
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	go func() { cancelled <- other.Update(ctx, put("never")) }()
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := <-cancelled; err == nil {
		t.Error("a write beside another one")
	}
	time.AfterFunc(20*time.Millisecond, func() { close(release) })
	if err := other.Update(t.Context(), put("other")); err != nil {
		t.Error(err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

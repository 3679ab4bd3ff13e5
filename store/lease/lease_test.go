package lease_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/store/sqlite"
)

// process is a Keeper with its own store on the file of the test.
type process struct {
	*lease.Keeper
	store store.Store
}

func start(t *testing.T, path string, now func() time.Time) process {
	t.Helper()
	st, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	k, err := lease.New(lease.Options{Store: st, Now: now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return process{k, st}
}

// clock is a clock that a test sets.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.at.Store(time.Now().UnixMilli())
	return c
}

func (c *clock) now() time.Time        { return time.UnixMilli(c.at.Load()) }
func (c *clock) pass(by time.Duration) { c.at.Add(by.Milliseconds()) }

const hour = time.Hour

func do(t *testing.T, p process, work func(ctx context.Context) error) (ran bool, err error) {
	t.Helper()
	return p.Do(t.Context(), "sweep", hour, work)
}

func nothing(context.Context) error { return nil }

func TestWorkRunsInOneProcessWhenItIsDue(t *testing.T) {
	c, path := newClock(), filepath.Join(t.TempDir(), "a.db")
	processes := []process{start(t, path, c.now), start(t, path, c.now), start(t, path, c.now)}
	for range 3 {
		var runs atomic.Int64
		var all sync.WaitGroup
		for _, p := range processes {
			for range 3 {
				all.Go(func() {
					if _, err := do(t, p, func(context.Context) error { runs.Add(1); return nil }); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		if n := runs.Load(); n != 1 {
			t.Errorf("the work ran %d times in an hour", n)
		}
		c.pass(hour)
	}
	failed := errors.New("failed")
	if ran, err := do(t, processes[0], func(context.Context) error { return failed }); !ran || !errors.Is(err, failed) {
		t.Errorf("%v %v", ran, err)
	}
	if ran, err := do(t, processes[1], nothing); !ran || err != nil {
		t.Errorf("work that failed elsewhere is not repeated: %v %v", ran, err)
	}
	if ran, err := processes[1].Do(t.Context(), "other", hour, nothing); !ran || err != nil {
		t.Errorf("other work: %v %v", ran, err)
	}
}

// The holder is stopped (here: it waits), another process takes the lease, and the holder continues.
func TestAHolderThatWasStoppedWritesNothingMore(t *testing.T) {
	c, path := newClock(), filepath.Join(t.TempDir(), "a.db")
	stopped, other := start(t, path, c.now), start(t, path, c.now)
	write := func(ctx context.Context, p process, name string) error {
		return p.store.Update(ctx, func(tx store.Tx) error {
			if err := lease.Check(ctx, tx); err != nil {
				return err
			}
			return tx.Settings.Put(name, []byte{1})
		})
	}
	ran, err := do(t, stopped, func(ctx context.Context) error {
		if err := write(ctx, stopped, "before"); err != nil {
			t.Error(err)
		}
		if ran, err := do(t, other, nothing); ran || err != nil {
			t.Errorf("a lease that is held was taken: %v", err)
		}
		c.pass(3 * time.Minute)
		ran, err := do(t, other, func(ctx context.Context) error { return write(ctx, other, "instead") })
		if !ran || err != nil {
			t.Errorf("a lease that has ended is not taken: %v", err)
		}
		return write(context.WithoutCancel(ctx), stopped, "late")
	})
	if !ran || !errors.Is(err, lease.ErrLost) {
		t.Errorf("%v %v", ran, err)
	}
	if err := other.store.View(t.Context(), func(tx store.Tx) error {
		for name, want := range map[string]error{"before": nil, "instead": nil, "late": store.ErrNotFound} {
			if _, err := tx.Settings.Get(name); !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return lease.Check(t.Context(), tx) // of no lease
	}); err != nil {
		t.Error(err)
	}
	if ran, err := do(t, stopped, nothing); ran || err != nil {
		t.Errorf("the other has done the work: %v %v", ran, err)
	}
}

func TestAClockThatWasWrongStopsNoWorkForLong(t *testing.T) {
	c, ahead, path := newClock(), newClock(), filepath.Join(t.TempDir(), "a.db")
	ahead.pass(1000 * hour)
	if ran, err := do(t, start(t, path, ahead.now), nothing); !ran || err != nil {
		t.Fatalf("%v %v", ran, err)
	}
	if ran, err := do(t, start(t, path, c.now), nothing); !ran || err != nil {
		t.Errorf("%v %v", ran, err)
	}
	c.pass(2 * hour)
	var ran bool
	_, _ = do(t, start(t, path, ahead.now), func(context.Context) (err error) { // it is cut off from its lease, as if it were killed
		ran, err = do(t, start(t, path, c.now), nothing)
		return err
	})
	if !ran {
		t.Error("a lease that ends in a thousand hours is waited for")
	}
}

func TestACheckedStoreTakesNothingFromAHolderThatWasStopped(t *testing.T) {
	c, path := newClock(), filepath.Join(t.TempDir(), "a.db")
	stopped, other := start(t, path, c.now), start(t, path, c.now)
	st := lease.Checked(stopped.store)
	write := func(ctx context.Context) error {
		return st.Update(ctx, func(tx store.Tx) error { return tx.Settings.Put("a", []byte{1}) })
	}
	_, err := do(t, stopped, func(ctx context.Context) error {
		if err := write(ctx); err != nil {
			t.Error(err)
		}
		c.pass(3 * time.Minute)
		if ran, err := do(t, other, nothing); !ran || err != nil {
			t.Errorf("a lease that has ended is not taken: %v", err)
		}
		return write(context.WithoutCancel(ctx))
	})
	if !errors.Is(err, lease.ErrLost) {
		t.Errorf("%v, want ErrLost", err)
	}
	if err := write(t.Context()); err != nil {
		t.Errorf("without a lease: %v", err)
	}
}

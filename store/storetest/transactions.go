package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

var errTest = errors.New("of the test")

func testAtomicity(t *testing.T, st store.Store) {
	seed(t, st)
	many := func(tx store.Tx) error {
		return errors.Join(
			tx.Users.Insert(user(pool1, "x", "x")), tx.Users.Delete(pool1, "sub-bob"),
			tx.Groups.Add(pool1, "readers", "sub-ann"), tx.Settings.Put("x", []byte{1}),
		)
	}
	untouched := func(what string) {
		t.Helper()
		view(t, st, func(tx store.Tx) error {
			_, err := tx.Users.Get(pool1, "x")
			wantErr(t, what+": insert", err, store.ErrNotFound)
			_, err = tx.Users.Get(pool1, "sub-bob")
			wantErr(t, what+": delete", err, nil)
			_, err = tx.Settings.Get("x")
			wantErr(t, what+": put", err, store.ErrNotFound)
			return nil
		})
	}
	wantErr(t, "an error of fn", try(st, func(tx store.Tx) error {
		wantErr(t, "writes", many(tx), nil)
		return errTest
	}), errTest)
	untouched("an error of fn")

	func() {
		defer func() {
			if r := recover(); r == nil || !errors.Is(r.(error), errTest) {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = try(st, func(tx store.Tx) error {
			wantErr(t, "writes", many(tx), nil)
			panic(errTest)
		})
	}()
	untouched("a panic of fn")

	// A caller that ignores a conflict keeps its other writes.
	updateLast(t, st, func(t testing.TB, tx store.Tx) error {
		wantErr(t, "put", tx.Settings.Put("kept", []byte{1}), nil)
		wantConflict(t, "insert", tx.Pools.Insert(pool(pool1)), "pool", "id")
		return nil
	})
	var after store.Tx
	update(t, st, func(tx store.Tx) error {
		after = tx
		_, err := tx.Settings.Get("kept")
		return err
	})
	if err := after.Settings.Put("late", []byte{1}); err == nil {
		t.Error("an Update that has ended accepted a write")
	}
	view(t, st, func(tx store.Tx) error { after = tx; return nil })
	if _, err := after.Settings.Get("kept"); err == nil {
		t.Error("a View that has ended answered a read")
	}
	wantErr(t, "an error of a view's fn", st.View(t.Context(), func(store.Tx) error { return errTest }), errTest)
}

func testIsolation(t *testing.T, st store.Store) {
	seed(t, st)
	view(t, st, func(tx store.Tx) error {
		before, err := tx.Users.Count(pool1)
		if err != nil {
			return err
		}
		// A writer does not wait for this view, and the view does not see what it writes.
		update(t, st, func(tx store.Tx) error { return tx.Users.Insert(user(pool1, "x", "x")) })
		after, err := tx.Users.Count(pool1)
		same(t, "count in one view", after, before)
		return err
	})
	view(t, st, func(tx store.Tx) error {
		_, err := tx.Users.Get(pool1, "x")
		return err
	})
	update(t, st, func(tx store.Tx) error {
		if err := tx.Settings.Put("mine", []byte("1")); err != nil {
			return err
		}
		own, err := tx.Settings.Get("mine")
		same(t, "an update reads its own writes", string(own), "1")
		view(t, st, func(tx store.Tx) error {
			_, err := tx.Settings.Get("mine")
			wantErr(t, "an uncommitted write of another transaction", err, store.ErrNotFound)
			return nil
		})
		return err
	})
	if err := st.View(t.Context(), func(tx store.Tx) error { return tx.Settings.Put("a", nil) }); err == nil {
		t.Error("a View accepted a write")
	}
}

func testContext(t *testing.T, st store.Store) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	run := func(store.Tx) error { t.Error("fn ran although the context was done"); return nil }
	wantErr(t, "update", st.Update(done, run), context.Canceled)
	wantErr(t, "view", st.View(done, run), context.Canceled)

	ctx, cancel := context.WithCancel(t.Context())
	wantErr(t, "cancelled inside", st.Update(ctx, func(tx store.Tx) error {
		wantErr(t, "put", tx.Settings.Put("a", []byte{1}), nil)
		cancel()
		return tx.Settings.Put("b", []byte{1})
	}), context.Canceled)
	view(t, st, func(tx store.Tx) error {
		_, err := tx.Settings.Get("a")
		wantErr(t, "what it had written", err, store.ErrNotFound)
		return nil
	})

	// An Update that waits for another one ends when its context is done.
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	var once sync.Once
	wg.Go(func() {
		wantErr(t, "the first update", st.Update(context.Background(), func(tx store.Tx) error {
			put := tx.Settings.Put("inside", []byte{1})
			_, get := tx.Settings.Get("inside") // the write is done for certain
			once.Do(func() { close(inside) })
			<-release
			return errors.Join(put, get)
		}), nil)
	})
	<-inside
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	wantErr(t, "the update that waits", st.Update(ctx, func(tx store.Tx) error {
		return tx.Settings.Put("inside", []byte{2}) // waits here if the backend runs Updates at the same time
	}), context.DeadlineExceeded)
	close(release)
	wg.Wait()
	view(t, st, func(tx store.Tx) error {
		value, err := tx.Settings.Get("inside")
		same(t, "what is kept", value, []byte{1})
		return err
	})
}

func testClosed(t *testing.T, st store.Store) {
	wantErr(t, "ping", st.Ping(t.Context()), nil)
	running, done := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		wantErr(t, "a view that runs while the store is closed", st.View(context.Background(), func(tx store.Tx) error {
			close(running)
			<-done
			_, err := tx.Users.Count(pool1)
			return err
		}), nil)
	})
	<-running
	wg.Go(func() { wantErr(t, "close", st.Close(), nil) })
	close(done)
	wg.Wait()
	wantErr(t, "close twice", st.Close(), nil)
	fn := func(store.Tx) error { return nil }
	wantErr(t, "update", st.Update(t.Context(), fn), store.ErrUnavailable)
	wantErr(t, "view", st.View(t.Context(), fn), store.ErrUnavailable)
	wantErr(t, "ping", st.Ping(t.Context()), store.ErrUnavailable)
}

// testConcurrency increments a counter in two records from many goroutines. A lost update makes the sum wrong, and a
// view that sees half an update finds two different values.
func testConcurrency(t *testing.T, st store.Store) {
	seed(t, st)
	const writers, rounds = 16, 20
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() { readPairs(t, st, stop) })
	}
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for r := range rounds {
				if err := st.Update(context.Background(), increment); err != nil {
					t.Errorf("update: %v", err)
				}
				// An Update that fails must not affect the others.
				if err := st.Update(context.Background(), func(tx store.Tx) error {
					return errors.Join(tx.Users.Delete(pool1, "sub-ann"), errTest)
				}); !errors.Is(err, errTest) {
					t.Errorf("writer %d round %d: %v", w, r, err)
				}
			}
		})
	}
	work.Wait()
	close(stop)
	wg.Wait()
	view(t, st, func(tx store.Tx) error {
		u, err := tx.Users.Get(pool1, "sub-ann")
		same(t, "sum", u.Failures.Count, writers*rounds)
		return err
	})
}

func increment(tx store.Tx) error {
	u, err := tx.Users.Get(pool1, "sub-ann")
	if err != nil {
		return err
	}
	u.Failures.Count++
	if err := tx.Users.Update(u); err != nil {
		return err
	}
	return tx.Settings.Put("count", []byte(fmt.Sprint(u.Failures.Count)))
}

// readPairs checks until stop is closed that the two values of increment are equal in every view.
func readPairs(t *testing.T, st store.Store, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if err := st.View(context.Background(), func(tx store.Tx) error {
			u, err := tx.Users.Get(pool1, "sub-ann")
			if err != nil || u.Failures.Count == 0 {
				return err
			}
			n, err := tx.Settings.Get("count")
			if string(n) != fmt.Sprint(u.Failures.Count) {
				t.Errorf("a view saw %d and %s", u.Failures.Count, n)
			}
			return err
		}); err != nil {
			t.Errorf("view: %v", err)
			return
		}
	}
}

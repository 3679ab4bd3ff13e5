package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// testChanges tests a store.Watcher, if the store is one.
func testChanges(t *testing.T, st store.Store) {
	watcher, ok := st.(store.Watcher)
	if !ok {
		return
	}
	update(t, st, func(tx store.Tx) error { return tx.Pools.Insert(store.Pool{ID: "before"}) })
	changes, err := watcher.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := changes.Close(); err != nil {
			t.Error(err)
		}
	}()
	errStop := errors.New("stop")
	if err := st.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.Pools.Insert(store.Pool{ID: "undone"}); err != nil {
			return err
		}
		return errStop
	}); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.Pools.Insert(store.Pool{ID: pool1}), tx.Clients.Insert(store.Client{ID: "client", PoolID: pool1}))
	})
	update(t, st, func(tx store.Tx) error {
		return errors.Join(tx.Users.Insert(user(pool1, "sub-ann", "ann")),
			tx.Groups.Insert(store.Group{PoolID: pool1, Name: "readers"}))
	})
	update(t, st, func(tx store.Tx) error {
		err := tx.Pools.Insert(store.Pool{ID: pool1}) // fails, so it is no change
		if !errors.Is(err, store.ErrExists) {
			return err
		}
		return tx.Roles.Insert(store.Role{Name: "Role"})
	})
	update(t, st, func(tx store.Tx) error { return tx.Clients.Delete("client") })
	update(t, st, func(tx store.Tx) error { return tx.Pools.Delete(pool1) })
	want := []store.Change{
		{Kind: store.ChangedPool, Pool: pool1}, {Kind: store.ChangedClient, Pool: pool1, Key: "client"},
		{Kind: store.ChangedRole, Key: "Role"}, {Kind: store.ChangedClient, Key: "client"}, {Kind: store.ChangedPool, Pool: pool1},
	}
	if got := nextChanges(t, changes, len(want)); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	update(t, st, func(tx store.Tx) error {
		var errs []error
		for i := range 300 {
			errs = append(errs, tx.Pools.Insert(store.Pool{ID: "us-east-1_" + string(rune('a'+i/26%26)) + string(rune('a'+i%26)) + string(rune('a'+i/676))}))
		}
		return errors.Join(errs...)
	})
	if got := nextChanges(t, changes, 1); !slices.Equal(got, []store.Change{{Kind: store.ChangedAnything}}) {
		t.Errorf("after a transaction with 300 changes: %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := changes.Look(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a done context: %v", err)
	}
}

// nextChanges reads until it has n changes. They were committed before.
func nextChanges(t *testing.T, changes store.Changes, n int) (got []store.Change) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(got) < n {
		more, err := changes.Look(ctx)
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		if len(more) == 0 {
			t.Fatalf("what was committed is missing after %q", got)
		}
		got = append(got, more...)
	}
	return got
}

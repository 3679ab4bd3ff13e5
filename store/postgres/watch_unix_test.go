//go:build unix

package postgres

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// next waits for changes.
func next(t *testing.T, w store.Changes) []store.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		changes, err := w.Look(ctx)
		if errors.Is(err, store.ErrUnavailable) || err == nil && len(changes) == 0 {
			time.Sleep(w.Every() / 10) // as its callers do
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
}

func watching(t *testing.T, st *Store) store.Changes {
	t.Helper()
	w, err := st.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func putRole(t *testing.T, st *Store, name string) {
	t.Helper()
	if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Roles.Insert(store.Role{Name: name}) }); err != nil {
		t.Fatal(err)
	}
}

// The transaction that began first, with the lower number, commits last.
func TestAChangeThatCommitsLateIsNotMissed(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t).Database(t)
	one, two := open(t, url), open(t, url)
	w := watching(t, two)
	wrote, commits, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		first := true
		done <- one.Update(t.Context(), func(tx store.Tx) error {
			if err := tx.Pools.Insert(store.Pool{ID: "early"}); err != nil {
				return err
			}
			if _, err := tx.Pools.Get("early"); err != nil { // so that the insert is sent
				return err
			}
			if first {
				first = false
				close(wrote)
				<-commits
			}
			return nil
		})
	}()
	<-wrote
	putRole(t, one, "late")
	if got := next(t, w); !slices.Equal(got, []store.Change{{Kind: store.ChangedRole, Key: "late"}}) {
		t.Errorf("%q", got)
	}
	close(commits)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := next(t, w); !slices.Equal(got, []store.Change{{Kind: store.ChangedPool, Pool: "early"}}) {
		t.Errorf("%q", got)
	}
}

func TestAfterAFailureAnythingMayHaveChanged(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	st := open(t, server.Database(t))
	w := watching(t, st)
	putRole(t, st, "before")
	next(t, w)
	server.Stop(t, syscall.SIGQUIT)
	if _, err := w.Look(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
	server.Start(t)
	if got := next(t, w); !slices.Equal(got, []store.Change{{Kind: store.ChangedAnything}}) {
		t.Errorf("%q", got)
	}
	putRole(t, st, "after")
	if got := next(t, w); !slices.Equal(got, []store.Change{{Kind: store.ChangedRole, Key: "after"}}) {
		t.Errorf("%q", got)
	}
}

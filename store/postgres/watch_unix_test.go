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

// A dump has the changes with the transaction ids of the server that it is from, which may be in the future of this one.
func TestChangesOfAnotherServerAreNotReadAgainAndAgain(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t).Database(t)
	st := open(t, url)
	c := dial(t, url)
	restore := func(kind string) {
		if err := run(t.Context(), c, `insert into changes (kind, pool, key, txid) values ('`+kind+`', '', 'x', '4000000000000')`); err != nil {
			t.Fatal(err)
		}
	}
	restore("role")
	w := watching(t, st)
	restore("policy") // as if Watch could not have deleted it
	for range 2 {
		changes, err := w.Look(t.Context())
		if err != nil || len(changes) > 0 {
			t.Errorf("%q, %v", changes, err)
		}
	}
	putRole(t, st, "new")
	if got := next(t, w); !slices.Equal(got, []store.Change{{Kind: store.ChangedRole, Key: "new"}}) {
		t.Errorf("%q", got)
	}
	if got, err := rows(t.Context(), c, `select kind from changes where key = 'x'`); err != nil || len(got) != 1 || got[0][0] != "policy" {
		t.Errorf("of the other server's changes remain %v, %v; want what came after Watch", got, err)
	}
}

// A proxy can hide that another server has taken over: the process has a new connection, and no call has failed.
func TestAfterAnotherServerHasTakenOverAnythingMayHaveChanged(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	st := open(t, server.Database(t))
	w := watching(t, st)
	server.Stop(t, syscall.SIGINT)
	server.Start(t)
	for _, want := range [][]store.Change{{{Kind: store.ChangedAnything}}, nil} {
		if got, err := w.Look(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}

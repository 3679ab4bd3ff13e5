package sqlite

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

// A process that was stopped for long finds that rows which it has not read were trimmed.
func TestAfterAGapAnythingMayHaveChanged(t *testing.T) {
	t.Parallel()
	st, _ := open(t, Options{})
	w, err := st.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	put := func(name string) {
		t.Helper()
		if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Roles.Insert(store.Role{Name: name}) }); err != nil {
			t.Fatal(err)
		}
	}
	next := func() []store.Change {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		changes, err := w.Look(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
	put("a")
	put("b")
	if err := raw(t, st.options.Path).script(`delete from changes where key = 'a'`); err != nil {
		t.Fatal(err)
	}
	if got := next(); !slices.Equal(got, []store.Change{{Kind: store.ChangedAnything}}) {
		t.Errorf("%q", got)
	}
	put("c")
	if got := next(); !slices.Equal(got, []store.Change{{Kind: store.ChangedRole, Key: "c"}}) {
		t.Errorf("%q", got)
	}
}

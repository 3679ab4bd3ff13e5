package identitypool_test

import (
	"testing"

	"github.com/sluicegate/sluice/identitypool"
)

// A regression test. Two processes with one store started at the same time. The second looked for the pool before the first had
// created it, and failed to start.
func TestADeclaredPoolThatAnotherProcessCreatedIsUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow, err := identitypool.New(t.Context(), w.options)
	must(t, err)
	d := identitypool.DeclaredPool{
		ID: "us-east-1:11111111-2222-4333-8444-555555555555", Name: "notes", Settings: notes(),
		Roles: identitypool.Roles{Authenticated: w.iam.RoleARN("user"), Guest: w.iam.RoleARN("guest")},
	}
	must(t, w.Ensure(t.Context(), d))
	id := w.id(d.ID, w.of("alice"))
	must(t, slow.Ensure(t.Context(), d))
	p, err := slow.Describe(d.ID)
	must(t, err)
	if p.Name != "notes" || !p.Guests {
		t.Errorf("pool %+v", p)
	}

	// Its own declaration is written to the store.
	d.Name, d.Settings.Guests = "renamed", false
	must(t, slow.Ensure(t.Context(), d))
	w.open()
	if p, err = w.Describe(d.ID); err != nil || p.Name != "renamed" || p.Guests {
		t.Errorf("pool %+v, %v", p, err)
	}
	if w.id(d.ID, w.of("alice")) != id {
		t.Error("the identities were changed")
	}
}

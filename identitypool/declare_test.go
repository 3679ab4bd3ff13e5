package identitypool_test

import (
	"log/slog"
	"strings"
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

func TestTheRolesOfADeclaredPoolAreWarnedOfOnceTheyAreThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var log strings.Builder
	w.options.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.open()
	d := identitypool.DeclaredPool{ID: "us-east-1:11111111-2222-4333-8444-555555555555", Name: "notes", Settings: notes(),
		Roles: identitypool.Roles{Authenticated: w.iam.RoleARN("late"), Guest: w.iam.RoleARN("never")}}
	must(t, w.Ensure(t.Context(), d))
	if log.Len() > 0 {
		t.Errorf("too early: %s", log.String())
	}
	w.role("late", poolTrust(d.ID, true))
	for range 2 {
		w.WarnOfRoles(t.Context())
	}
	if got := log.String(); strings.Count(got, "role/never does not exist") != 1 || strings.Contains(got, "role/late does not exist") {
		t.Errorf("the log has %s", got)
	}
}

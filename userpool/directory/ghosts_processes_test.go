package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
)

// twoProcesses returns two processes on one store. Calls of the harness go to the last one that was chosen.
func twoProcesses(h *harness) (choose func(n int)) {
	all := []*idp.Provider{h.Provider}
	h.Restart()
	all = append(all, h.Provider)
	return func(n int) { h.Provider = all[n%2] }
}

// Threat: an attacker sends wrong passwords, and wrong codes, to several processes in turn. If each counts the names that no user has for
// itself, such a name is locked later than a user.
func TestThreatLockoutsOfNamesWithoutAUserHoldInAllProcesses(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	choose := twoProcesses(h)
	answers := func(name string, call func(n int) error) (list []string) {
		for n := range 12 {
			choose(n)
			list = append(list, fmt.Sprint(call(n)))
		}
		return list
	}
	for what, call := range map[string]func(name string, n int) error{
		"wrong passwords": func(name string, _ int) error {
			_, err := h.SignIn(c.ID, name, "wrong")
			return err
		},
		"wrong codes": func(name string, n int) error {
			if n == 0 {
				_, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: name})
				return err
			}
			return h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password})
		},
	} {
		user := answers("alice", func(n int) error { return call("alice", n) })
		nobody := answers("nobody", func(n int) error { return call("nobody", n) })
		if strings.Join(user, "\n") != strings.Join(nobody, "\n") {
			t.Errorf("%s: for a user\n%s\nfor an unknown name\n%s", what, strings.Join(user, "\n"), strings.Join(nobody, "\n"))
		}
		if last := user[len(user)-1]; last == user[1] {
			t.Errorf("%s: never anything but %s", what, last)
		}
	}
	h.Clock.Forward(2 * time.Hour)
	choose(0)
	_, err := h.SignIn(c.ID, "nobody", "wrong")
	wantFault(t, err, fault.NotAuthorized, wrong) // the lockout ends
}

// Threat: an attacker evicts the state of users through calls for unknown names, or fills the store with them.
func TestThreatNamesWithoutAUserTakeBoundedSpaceAndPushOutNoUser(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	for range 6 {
		_, _ = h.SignIn(c.ID, "alice", "wrong") // ends in a lockout, which is checked below
	}
	longest := 0
	for i := range 40 {
		h.Users.FillGhostRow(t, p.ID, "nobody", i)
		longest = max(longest, len(h.Users.GhostRow(t, p.ID, "nobody")))
	}
	if longest > 300 {
		t.Errorf("a setting of %d bytes", longest)
	}
	_, err := h.SignIn(c.ID, "alice", password)
	if !errors.Is(err, directory.ErrLocked) {
		t.Errorf("the user's lockout: %v", err)
	}
}

// uncommitted is a store whose writes fail when they are committed, as those on a full disk do.
type uncommitted struct {
	store.Store
	full bool
}

func (u *uncommitted) Update(ctx context.Context, fn func(store.Tx) error) error {
	if !u.full {
		return u.Store.Update(ctx, fn)
	}
	failed := errors.New("disk full")
	err := u.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return failed
	})
	if errors.Is(err, failed) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

// Threat: while the disk is full, wrong codes are not counted. Who learned that a code was wrong could try all of them, and the one that
// is not answered so is right.
func TestThreatACodeThatCannotBeCountedIsNotAnswered(t *testing.T) {
	var disk *uncommitted
	h := newHarness(t, func(o *idp.Options) {
		disk = &uncommitted{Store: o.Store}
		o.Store = disk
	})
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	if _, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	disk.full = true
	for name, digits := range map[string]string{"a wrong code": "nope", "the right code": code} {
		err := h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: digits, Password: "Another-horse-8"})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	disk.full = false
	err := h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: code, Password: "Another-horse-8"})
	if err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

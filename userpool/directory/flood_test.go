package directory_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// The attack: fill the tables with made-up names, so that limits of users are evicted, calls about users are refused, or the
// answers for a user and for a made-up name differ.
func TestAFloodOfMadeUpNamesChangesNoAnswer(t *testing.T) {
	const size = 8
	h := newHarness(t)
	h.Users.ShrinkTables(size)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	if _, err := h.SignUp(c.ID, "bob", attr("email", "bob@example.com")); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	// A user who can do the operation, and the hourly limit.
	operations := map[string]struct {
		user  string
		limit int
		call  func(name string) error
	}{
		"ForgotPassword": {"alice", 5, func(name string) error {
			_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: name})
			return err
		}},
		"ConfirmForgotPassword": {"alice", 15, func(name string) error {
			return h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password})
		}},
		"ResendConfirmationCode": {"bob", 5, func(name string) error {
			_, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, Username: name})
			return err
		}},
		"ConfirmSignUp": {"bob", 15, func(name string) error {
			return h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: name, Code: "nope"})
		}},
	}
	for name, o := range operations {
		for range o.limit {
			if err := o.call(o.user); fault.Is(err, fault.LimitExceeded) {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	h.Clock.Forward(time.Second) // the users' windows end first, so one table for all evicts them first
	for name, o := range operations {
		for i := range size + 1 {
			err := o.call(name + " made up " + strconv.Itoa(i))
			if fault.Is(err, fault.LimitExceeded) || fault.Is(err, fault.TooManyRequests) {
				t.Fatalf("%s for made-up name %d: %v", name, i, err)
			}
		}
	}
	for name, o := range operations {
		t.Run(name, func(t *testing.T) {
			wantFault(t, o.call(o.user), fault.LimitExceeded, "*") // the flood evicts no user's count
			for range o.limit {
				if err := o.call("made up afterwards"); fault.Is(err, fault.LimitExceeded) || fault.Is(err, fault.TooManyRequests) {
					t.Fatal(err)
				}
			}
			wantFault(t, o.call("made up afterwards"), fault.LimitExceeded, "*")
		})
	}
	for _, name := range []string{"alice", "made up afterwards"} {
		_, err := h.SignIn(c.ID, name, "wrong")
		wantFault(t, err, fault.NotAuthorized, wrong)
		client := userpooltest.NewSRPClient(t)
		out, err := h.BeginSRP(client, c.ID, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = h.Respond(c.ID, out.Challenge, "", client.Answer(t, p.ID, out.Parameters, "wrong", h.Clock.Now()))
		wantFault(t, err, fault.NotAuthorized, wrong)
	}
	if err := h.Users.ChangePassword(ctx, h.MustSignIn(c.ID, "alice").AccessToken, password, "Another-horse-8", userpool.ClientContext{}); err != nil {
		t.Errorf("ChangePassword: %v", err)
	}
}

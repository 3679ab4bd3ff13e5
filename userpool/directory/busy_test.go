package directory_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// The queues of hashes and messages refuse calls when they are full. The refusal must not reveal whether a user exists.
func TestFullQueuesRefuseUsersAndGhostsAlike(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	ctx := t.Context()
	forgot := func(name string) error {
		_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c.ID, Username: name})
		return err
	}
	resend := func(name string) error {
		_, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, Username: name})
		return err
	}
	busy := func(operation string, call func(name string) error) {
		t.Helper()
		for _, name := range []string{"alice", "nobody"} {
			if err := call(name); !fault.Is(err, fault.TooManyRequests) {
				t.Errorf("%s for %s: %v", operation, name, err)
			}
		}
	}
	free := h.Users.FillCourier(p.ID)
	busy("ForgotPassword", forgot)
	busy("ResendConfirmationCode", resend)
	free()
	for _, name := range []string{"alice", "nobody"} {
		if err := forgot(name); err != nil {
			t.Errorf("after that, for %s: %v", name, err)
		}
	}
	free = h.Options.Hasher.Fill()
	busy("signing up", func(name string) error {
		_, err := h.Users.SignUp(ctx, directory.SignUpInput{ClientID: c.ID, Username: "new-" + name, Password: password})
		return err
	})
	free()
}

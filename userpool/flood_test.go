package userpool_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// The attack: fill the table of names that no user has, until calls about users are refused, or until the answers for a
// user and for a made-up name differ.
func TestAFloodOfMadeUpNamesChangesNoAnswer(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.client(p.ID, allFlows)
	h.user(p.ID, "alice", attr{"email", "alice@example.com"}, attr{"email_verified", "true"})
	ctx := t.Context()
	for range 5 {
		if _, err := h.svc.ForgotPassword(ctx, c.ID, "", "alice"); err != nil {
			t.Fatal(err)
		}
	}
	access := h.tokens(c.ID, "alice").AccessToken

	userpool.FillGhosts(h.svc, p.ID)

	_, err := h.svc.ForgotPassword(ctx, c.ID, "", "alice")
	wantFault(t, err, fault.LimitExceeded, "*") // the user's count survives
	for _, name := range []string{"alice", "made up after the flood"} {
		_, err := h.signIn(c.ID, name, "wrong")
		wantFault(t, err, fault.NotAuthorized, wrong)
		err = h.svc.ConfirmForgotPassword(ctx, userpool.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password})
		if err == nil || fault.Is(err, fault.TooManyRequests) {
			t.Errorf("%s: ConfirmForgotPassword: %v", name, err)
		}
		client := newSRPClient(t)
		out, err := h.beginSRP(client, c.ID, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = h.svc.RespondToAuthChallenge(ctx, userpool.AuthAnswer{ClientID: c.ID, Challenge: "PASSWORD_VERIFIER",
			Responses: client.answer(t, p.ID, out.Parameters, "wrong", h.clock.now())})
		wantFault(t, err, fault.NotAuthorized, wrong)
	}
	if _, err := h.svc.ResendConfirmationCode(ctx, c.ID, "", "made up after the flood"); err != nil {
		t.Errorf("ResendConfirmationCode: %v", err)
	}
	if err := h.svc.ChangePassword(ctx, access, password, "Another-horse-8"); err != nil {
		t.Errorf("ChangePassword: %v", err)
	}
}

package signin_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// The processes of a fleet may have nothing in common but the store. A restart, too, forgets which sessions were used.
func TestThreatAProofSignsInOnceInAllProcesses(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "alice")
	client := userpooltest.NewSRPClient(t)
	out, err := h.BeginSRP(client, c.ID, "alice")
	if err != nil {
		t.Fatal(err)
	}
	answer := client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now())
	done, err := h.Respond(c.ID, out.Challenge, "", answer)
	wantTokens(t, done, err)
	h.Restart()
	_, err = h.Respond(c.ID, out.Challenge, "", answer)
	wantFault(t, err, fault.NotAuthorized, wrong)
	if err := h.Users.AdminUserGlobalSignOut(t.Context(), p.ID, "alice"); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	_, err = h.Respond(c.ID, out.Challenge, "", answer)
	wantFault(t, err, fault.NotAuthorized, wrong)
	done, err = h.SRPSignIn(p.ID, c.ID, "alice", password)
	wantTokens(t, done, err)
}

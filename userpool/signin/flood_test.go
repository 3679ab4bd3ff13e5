package signin_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// The attack: use so many sessions of made-up names that the sessions of users are refused as too old.
func TestAFloodOfMadeUpNamesUsesUpNoUsersSession(t *testing.T) {
	const size = 2
	h := newHarness(t)
	h.SignIns.ShrinkUsed(size)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	client := userpooltest.NewSRPClient(t)
	asked, err := h.BeginSRP(client, c.ID, "alice")
	if err != nil {
		t.Fatal(err)
	}
	for i := range size + 1 {
		h.Clock.Forward(time.Second)
		_, err := h.SRPSignIn(p.ID, c.ID, "made up "+strconv.Itoa(i), password)
		wantFault(t, err, fault.NotAuthorized, wrong)
	}
	answer := client.Answer(t, p.ID, asked.Parameters, password, h.Clock.Now())
	if out, err := h.Respond(c.ID, asked.Challenge, "", answer); err != nil || out.Tokens == nil {
		t.Fatalf("the session that alice has not used: %v, %v", out, err)
	}
	_, err = h.Respond(c.ID, asked.Challenge, "", answer)
	wantFault(t, err, fault.NotAuthorized, wrong) // once only
}

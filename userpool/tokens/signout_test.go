package tokens_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// Each sign-out within one second dates the next tokens a second later, since iat has whole seconds. They ran past what
// the pool itself allows for clocks that differ, and GlobalSignOut refused tokens that the gate took.
func TestSigningInAndOutQuicklyNeverMakesTokensThatThePoolRefuses(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "ada")
	refused := 0
	for range 40 {
		tokens := h.MustSignIn(c.ID, "ada")
		if err := h.Edge(p.ID, tokens.AccessToken); err != nil {
			t.Fatalf("a new token at the gate: %v", err)
		}
		switch err := h.Tokens.GlobalSignOut(t.Context(), tokens.AccessToken); {
		case fault.Is(err, fault.TooManyRequests):
			refused++
			if err := h.Edge(p.ID, tokens.AccessToken); err != nil {
				t.Errorf("a sign-out was refused and done: %v", err)
			}
		case err != nil:
			t.Fatalf("GlobalSignOut: %v", err)
		default:
			if h.Edge(p.ID, tokens.AccessToken) == nil {
				t.Error("signed out, and the gate takes the token")
			}
		}
	}
	if refused == 0 {
		t.Error("forty sign-outs in one instant: some must wait")
	}
	h.Clock.Forward(time.Minute)
	if err := h.Tokens.GlobalSignOut(t.Context(), h.MustSignIn(c.ID, "ada").AccessToken); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

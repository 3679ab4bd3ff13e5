package userpool_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
)

// Each sign-out within one second dates the next tokens a second later, since iat has whole seconds. They ran past what
// the pool itself allows for clocks that differ, and GlobalSignOut refused tokens that the gate took. Nor may they make an administrator's revocation fail.
func TestSigningInAndOutQuicklyNeverMakesTokensThatThePoolRefuses(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c := h.client(p.ID, allFlows)
	h.user(p.ID, "ada")
	for i := range 40 {
		tokens := h.tokens(c.ID, "ada")
		alive := h.edge(p.ID, tokens.AccessToken) == nil
		// Within maxAhead every new token lives; after that a second must pass.
		if !alive && i < 9 {
			t.Fatalf("token %d is dead at the gate", i)
		}
		switch err := h.svc.GlobalSignOut(t.Context(), tokens.AccessToken); {
		case alive && err != nil:
			t.Fatalf("GlobalSignOut %d: %v", i, err)
		case h.edge(p.ID, tokens.AccessToken) == nil:
			t.Error("signed out, and the gate takes the token")
		}
		if err := h.svc.AdminUserGlobalSignOut(t.Context(), p.ID, "ada"); err != nil {
			t.Fatalf("an administrator's revocation fails through the user's: %v", err)
		}
	}
	h.clock.forward(time.Minute)
	if err := h.svc.GlobalSignOut(t.Context(), h.tokens(c.ID, "ada").AccessToken); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

package tokens_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
)

// Each sign-out within one second dates the next tokens a second later, since iat has whole seconds. Once iat was
// further ahead than the pool's leeway, GlobalSignOut refused tokens that the gate accepted. A user's sign-outs must not make
// an administrator's revocation fail either.
func TestSigningInAndOutQuicklyNeverMakesTokensThatThePoolRefuses(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "ada")
	for i := range 40 {
		tokens := h.MustSignIn(c.ID, "ada")
		valid := h.Edge(p.ID, tokens.AccessToken) == nil
		// Within maxAhead every new token is valid. After that a second must pass.
		if !valid && i < 9 {
			t.Fatalf("the gate refuses new token %d", i)
		}
		switch err := h.Tokens.GlobalSignOut(t.Context(), tokens.AccessToken); {
		case valid && err != nil:
			t.Fatalf("GlobalSignOut %d: %v", i, err)
		case h.Edge(p.ID, tokens.AccessToken) == nil:
			t.Error("the gate accepts the token after the sign-out")
		}
		if err := h.Users.AdminUserGlobalSignOut(t.Context(), p.ID, "ada"); err != nil {
			t.Fatalf("the user's sign-outs make an administrator's revocation fail: %v", err)
		}
	}
	h.Clock.Forward(time.Minute)
	if err := h.Tokens.GlobalSignOut(t.Context(), h.MustSignIn(c.ID, "ada").AccessToken); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

package tokens_test

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

func TestTokensCarryTheScopesThatWereAskedFor(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	u := h.User(p.ID, "alice")
	pool, client, err := h.Pools.ClientOf(t.Context(), p.ID, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	request := tokens.Request{Pool: pool, Client: client, Sub: u.Sub, Flow: "TEST", Scopes: []string{"openid", "email"}, AuthTime: h.Clock.Now(),
		Confirm: func(store.Tx, *store.User) error { return nil }}
	set, err := h.Tokens.Issue(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if got := claims(t, set.AccessToken)["scope"]; got != "openid email" {
		t.Error(got)
	}
	renewed, err := h.Refresh(c.ID, set.RefreshToken)
	if err != nil || claims(t, renewed.Tokens.AccessToken)["scope"] != "openid email" {
		t.Error("a renewal keeps the scopes:", err)
	}
	_, err = h.Users.GetUser(t.Context(), set.AccessToken)
	wantFault(t, err, fault.NotAuthorized, "Access Token does not have required scopes")

	t.Run("a refusal of Confirm leaves no family", func(t *testing.T) {
		refused := errors.New("not any more")
		request.Confirm = func(store.Tx, *store.User) error { return refused }
		if _, err := h.Tokens.Issue(t.Context(), request); !errors.Is(err, refused) {
			t.Error(err)
		}
		if err := h.Store.View(t.Context(), func(tx store.Tx) error {
			families, err := tx.RefreshTokens.OfUser(p.ID, u.Sub)
			if len(families) != 1 {
				t.Errorf("%d families", len(families))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a request without Confirm is refused", func(t *testing.T) {
		request.Confirm = nil
		if _, err := h.Tokens.Issue(t.Context(), request); err == nil {
			t.Error("tokens were issued")
		}
	})
}

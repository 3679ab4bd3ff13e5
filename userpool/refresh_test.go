package userpool_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

func TestRefreshKeepsTheFamily(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c := h.client(p.ID, allFlows)
	h.user(p.ID, "alice")
	first := h.tokens(c.ID, "alice")
	h.clock.forward(30 * time.Minute)
	out, err := h.refresh(c.ID, first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if out.Tokens.RefreshToken != "" {
		t.Error("without rotation there is no new refresh token")
	}
	was, is := claims(t, first.AccessToken), claims(t, out.Tokens.AccessToken)
	for _, same := range []string{"origin_jti", "auth_time", "sub", "event_id"} {
		if was[same] != is[same] {
			t.Errorf("%s changed from %v to %v", same, was[same], is[same])
		}
	}
	if was["jti"] == is["jti"] || is["iat"].(float64)-was["iat"].(float64) != 1800 {
		t.Errorf("jti %v, iat %v", is["jti"], is["iat"])
	}
	again := h.tokens(c.ID, "alice")
	if claims(t, again.AccessToken)["origin_jti"] == was["origin_jti"] {
		t.Error("a new sign-in begins a new family")
	}
	t.Run("GetTokensFromRefreshToken does the same", func(t *testing.T) {
		got, err := h.svc.GetTokensFromRefreshToken(t.Context(), c.ID, "", first.RefreshToken)
		if err != nil || got.RefreshToken != "" || claims(t, got.IDToken)["origin_jti"] != was["origin_jti"] {
			t.Error(got, err)
		}
	})
	t.Run("it survives a restart", func(t *testing.T) {
		h.restart()
		if _, err := h.refresh(c.ID, first.RefreshToken); err != nil {
			t.Error(err)
		}
	})
	t.Run("the store has no token", func(t *testing.T) {
		var families []store.RefreshToken
		if err := h.store.View(t.Context(), func(tx store.Tx) (err error) {
			families, err = tx.RefreshTokens.OfUser(p.ID, was["sub"].(string))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if len(f.Hash) != 32 || strings.Contains(string(f.Context), first.RefreshToken[:20]) {
				t.Errorf("%d bytes, %s", len(f.Hash), f.Context)
			}
		}
	})
	t.Run("it ends after thirty days", func(t *testing.T) {
		h.clock.forward(30 * 24 * time.Hour)
		_, err := h.refresh(c.ID, first.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has expired")
	})
}

func TestRefreshTokensThatAreNot(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c, other := h.client(p.ID, allFlows), h.client(p.ID, allFlows)
	h.user(p.ID, "alice")
	tokens := h.tokens(c.ID, "alice")
	flipped := tokens.RefreshToken[:50] + string(tokens.RefreshToken[50]^1) + tokens.RefreshToken[51:]
	for name, tc := range map[string]struct{ client, token string }{
		"garbage":                 {c.ID, "garbage"},
		"an access token":         {c.ID, tokens.AccessToken},
		"another client's":        {other.ID, tokens.RefreshToken},
		"one with a changed byte": {c.ID, flipped},
		"a very long one":         {c.ID, strings.Repeat("A", 1<<16)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.refresh(tc.client, tc.token)
			wantFault(t, err, fault.NotAuthorized, "Invalid Refresh Token")
		})
	}
	t.Run("of a disabled user", func(t *testing.T) {
		if err := h.svc.AdminDisableUser(t.Context(), p.ID, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err := h.refresh(c.ID, tokens.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
	})
	t.Run("of a deleted user", func(t *testing.T) {
		if err := h.svc.AdminDeleteUser(t.Context(), p.ID, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err := h.refresh(c.ID, tokens.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Invalid Refresh Token")
	})
}

func rotating(grace int) userpool.ClientSettings {
	s := allFlows
	s.RefreshTokenRotation = &userpool.Rotation{Feature: "ENABLED", RetryGracePeriodSeconds: grace}
	return s
}

func TestRotation(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c := h.client(p.ID, rotating(10))
	h.user(p.ID, "alice")
	renew := func(token string) (*userpool.Tokens, error) {
		return h.svc.GetTokensFromRefreshToken(t.Context(), c.ID, "", token)
	}
	t.Run("only GetTokensFromRefreshToken renews", func(t *testing.T) {
		_, err := h.refresh(c.ID, h.tokens(c.ID, "alice").RefreshToken)
		wantFault(t, err, fault.InvalidParameter, "Auth flow not enabled for this client")
	})
	t.Run("each renewal gives the next token, of the same family and end", func(t *testing.T) {
		first := h.tokens(c.ID, "alice")
		token := first.RefreshToken
		for range 5 {
			out, err := renew(token)
			if err != nil {
				t.Fatal(err)
			}
			if out.RefreshToken == "" || out.RefreshToken == token {
				t.Fatal("the token did not rotate")
			}
			if claims(t, out.AccessToken)["origin_jti"] != claims(t, first.AccessToken)["origin_jti"] {
				t.Error("another family")
			}
			token = out.RefreshToken
			h.clock.forward(time.Minute)
		}
		h.clock.forward(30*24*time.Hour - 5*time.Minute)
		_, err := renew(token)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has expired")
	})
	t.Run("within the grace period a retry goes on, and both answers' tokens are one", func(t *testing.T) {
		first := h.tokens(c.ID, "alice")
		one, err := renew(first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.forward(10 * time.Second)
		two, err := renew(first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := renew(one.RefreshToken); err != nil {
			t.Error(err)
		}
		if _, err := renew(two.RefreshToken); err != nil {
			t.Error("the retry's token is the same turn:", err)
		}
	})
	t.Run("after it, reuse ends the family", func(t *testing.T) {
		first := h.tokens(c.ID, "alice")
		next, err := renew(first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.forward(11 * time.Second)
		_, err = renew(first.RefreshToken)
		wantFault(t, err, fault.RefreshTokenReuse, "*")
		_, err = renew(next.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
		if err := h.edge(p.ID, next.AccessToken); err == nil {
			t.Error("the thief's access token lives")
		}
	})
	t.Run("a token two turns old ends the family too", func(t *testing.T) {
		first := h.tokens(c.ID, "alice")
		second, err := renew(first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := renew(second.RefreshToken); err != nil {
			t.Fatal(err)
		}
		_, err = renew(first.RefreshToken)
		wantFault(t, err, fault.RefreshTokenReuse, "*")
	})
	t.Run("tabs that race all go on", func(t *testing.T) {
		first := h.tokens(c.ID, "alice")
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for range 8 {
			wg.Go(func() {
				out, err := h.svc.GetTokensFromRefreshToken(t.Context(), c.ID, "", first.RefreshToken)
				if err == nil {
					_, err = h.svc.GetTokensFromRefreshToken(t.Context(), c.ID, "", out.RefreshToken)
				}
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil && !fault.Is(err, fault.RefreshTokenReuse) && !fault.Is(err, fault.NotAuthorized) {
				t.Error(err)
			}
		}
	})
}

func TestRevocationReachesTheEdge(t *testing.T) {
	h := newHouse(t)
	p := h.pool(userpool.PoolSettings{})
	c := h.client(p.ID, allFlows)
	ctx := t.Context()
	for name, tc := range map[string]struct {
		act       func(user string, tokens *userpool.Tokens) error
		family    bool // only the family dies, another sign-in lives
		refreshes bool // the refresh token goes on
		gone      bool // nobody can sign in again
	}{
		"RevokeToken":            {act: func(_ string, k *userpool.Tokens) error { return h.svc.RevokeToken(ctx, c.ID, "", k.RefreshToken) }, family: true},
		"GlobalSignOut":          {act: func(_ string, k *userpool.Tokens) error { return h.svc.GlobalSignOut(ctx, k.AccessToken) }},
		"AdminUserGlobalSignOut": {act: func(u string, _ *userpool.Tokens) error { return h.svc.AdminUserGlobalSignOut(ctx, p.ID, u) }},
		"AdminDisableUser":       {act: func(u string, _ *userpool.Tokens) error { return h.svc.AdminDisableUser(ctx, p.ID, u) }, gone: true},
		"AdminDeleteUser":        {act: func(u string, _ *userpool.Tokens) error { return h.svc.AdminDeleteUser(ctx, p.ID, u) }, gone: true},
		"DeleteUser":             {act: func(_ string, k *userpool.Tokens) error { return h.svc.DeleteUser(ctx, k.AccessToken) }, gone: true},
		"AdminRemoveUserFromGroup": {act: func(u string, _ *userpool.Tokens) error {
			return h.svc.AdminRemoveUserFromGroup(ctx, p.ID, u, "editors")
		}, refreshes: true},
		"DeleteGroup": {act: func(string, *userpool.Tokens) error { return h.svc.DeleteGroup(ctx, p.ID, "editors") }, refreshes: true},
	} {
		t.Run(name, func(t *testing.T) {
			h.user(p.ID, name)
			if _, err := h.svc.CreateGroup(ctx, userpool.Group{PoolID: p.ID, Name: "editors"}); err != nil && !fault.Is(err, fault.GroupExists) {
				t.Fatal(err)
			}
			if err := h.svc.AdminAddUserToGroup(ctx, p.ID, name, "editors"); err != nil {
				t.Fatal(err)
			}
			one, two := h.tokens(c.ID, name), h.tokens(c.ID, name)
			if err := h.edge(p.ID, one.AccessToken); err != nil {
				t.Fatal(err)
			}
			if err := tc.act(name, one); err != nil {
				t.Fatal(err)
			}
			for _, token := range []string{one.AccessToken, one.IDToken} {
				if h.edge(p.ID, token) == nil {
					t.Error("a token lives on")
				}
			}
			if lives := h.edge(p.ID, two.AccessToken) == nil; lives != tc.family {
				t.Errorf("the other sign-in lives: %v", lives)
			}
			out, err := h.refresh(c.ID, one.RefreshToken)
			switch {
			case tc.refreshes && err != nil:
				t.Error(err)
			case !tc.refreshes && err == nil:
				t.Error("the refresh token lives on")
			case tc.refreshes:
				if groups := claims(t, out.Tokens.AccessToken)["cognito:groups"]; groups != nil {
					t.Errorf("still in %v", groups)
				}
				if err := h.edge(p.ID, out.Tokens.AccessToken); err != nil {
					t.Error("renewed in the same second:", err)
				}
			case !tc.gone:
				// Within the same second: the clock stands still.
				if err := h.edge(p.ID, h.tokens(c.ID, name).AccessToken); err != nil {
					t.Error("signed in again in the same second:", err)
				}
				if _, err := h.svc.GetUser(ctx, h.tokens(c.ID, name).AccessToken); err != nil {
					t.Error(err)
				}
			}
			if _, err := h.svc.GetUser(ctx, one.AccessToken); !tc.refreshes && err == nil {
				t.Error("the access token still serves its user")
			}
		})
	}
	t.Run("it survives a restart", func(t *testing.T) {
		records, err := h.svc.Revocations(ctx)
		if err != nil || len(records) < 6 {
			t.Fatal(len(records), err)
		}
		if err := h.index.Apply(records...); err != nil {
			t.Error(err)
		}
	})
	t.Run("revocation that is off is refused", func(t *testing.T) {
		s := allFlows
		s.EnableTokenRevocation = new(false)
		off := h.client(p.ID, s)
		h.user(p.ID, "zoe")
		err := h.svc.RevokeToken(ctx, off.ID, "", h.tokens(off.ID, "zoe").RefreshToken)
		wantFault(t, err, fault.UnsupportedOperation, "*")
	})
	t.Run("a foreign client's token is refused", func(t *testing.T) {
		other := h.client(p.ID, allFlows)
		err := h.svc.RevokeToken(ctx, other.ID, "", h.tokens(c.ID, "zoe").RefreshToken)
		wantFault(t, err, fault.Unauthorized, "*")
	})
	t.Run("two removals in one second each kill what was issued before them", func(t *testing.T) {
		h.user(p.ID, "twice")
		var last string
		for range 3 {
			for _, g := range []string{"g"} {
				if _, err := h.svc.CreateGroup(ctx, userpool.Group{PoolID: p.ID, Name: g}); err != nil && !fault.Is(err, fault.GroupExists) {
					t.Fatal(err)
				}
			}
			if err := h.svc.AdminAddUserToGroup(ctx, p.ID, "twice", "g"); err != nil {
				t.Fatal(err)
			}
			last = h.tokens(c.ID, "twice").AccessToken
			if err := h.edge(p.ID, last); err != nil {
				t.Fatal(err)
			}
			if err := h.svc.AdminRemoveUserFromGroup(ctx, p.ID, "twice", "g"); err != nil {
				t.Fatal(err)
			}
			if h.edge(p.ID, last) == nil {
				t.Error("alive")
			}
		}
	})
}

package tokens_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestRefreshKeepsTheFamily(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	first := h.MustSignIn(c.ID, "alice")
	h.Clock.Forward(30 * time.Minute)
	out, err := h.Refresh(c.ID, first.RefreshToken)
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
	again := h.MustSignIn(c.ID, "alice")
	if claims(t, again.AccessToken)["origin_jti"] == was["origin_jti"] {
		t.Error("a new sign-in begins a new family")
	}
	t.Run("GetTokensFromRefreshToken does the same", func(t *testing.T) {
		got, err := h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, RefreshToken: first.RefreshToken})
		if err != nil || got.RefreshToken != "" || claims(t, got.IDToken)["origin_jti"] != was["origin_jti"] {
			t.Error(got, err)
		}
	})
	t.Run("it survives a restart", func(t *testing.T) {
		h.Restart()
		if _, err := h.Refresh(c.ID, first.RefreshToken); err != nil {
			t.Error(err)
		}
	})
	t.Run("the store has no token", func(t *testing.T) {
		var families []store.RefreshToken
		if err := h.Store.View(t.Context(), func(tx store.Tx) (err error) {
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
		h.Clock.Forward(30 * 24 * time.Hour)
		_, err := h.Refresh(c.ID, first.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has expired")
	})
}

func TestInvalidRefreshTokensAreRefused(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c, other := h.Client(p.ID, allFlows), h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	tokens := h.MustSignIn(c.ID, "alice")
	flipped := tokens.RefreshToken[:50] + string(tokens.RefreshToken[50]^1) + tokens.RefreshToken[51:]
	for name, tc := range map[string]struct{ client, token string }{
		"garbage":                 {c.ID, "garbage"},
		"an access token":         {c.ID, tokens.AccessToken},
		"another client's":        {other.ID, tokens.RefreshToken},
		"one with a changed byte": {c.ID, flipped},
		"a very long one":         {c.ID, strings.Repeat("A", 1<<16)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Refresh(tc.client, tc.token)
			wantFault(t, err, fault.NotAuthorized, "Invalid Refresh Token")
		})
	}
	t.Run("of a disabled user", func(t *testing.T) {
		if err := h.Users.AdminDisableUser(t.Context(), p.ID, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err := h.Refresh(c.ID, tokens.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "User is disabled.")
		if err := h.Users.AdminEnableUser(t.Context(), p.ID, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err = h.Refresh(c.ID, tokens.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
	})
	t.Run("of a deleted user", func(t *testing.T) {
		if err := h.Users.AdminDeleteUser(t.Context(), p.ID, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err := h.Refresh(c.ID, tokens.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Invalid Refresh Token")
	})
}

func TestRotation(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.Rotating(10))
	h.User(p.ID, "alice")
	renew := func(token string) (*tokens.Set, error) {
		return h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, RefreshToken: token})
	}
	t.Run("only GetTokensFromRefreshToken renews", func(t *testing.T) {
		_, err := h.Refresh(c.ID, h.MustSignIn(c.ID, "alice").RefreshToken)
		wantFault(t, err, fault.InvalidParameter, "Auth flow not enabled for this client")
	})
	t.Run("each renewal gives the next token, of the same family and end", func(t *testing.T) {
		first := h.MustSignIn(c.ID, "alice")
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
				t.Error("the new refresh token belongs to another family")
			}
			token = out.RefreshToken
			h.Clock.Forward(time.Minute)
		}
		h.Clock.Forward(30*24*time.Hour - 5*time.Minute)
		_, err := renew(token)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has expired")
	})
	t.Run("within the grace period a retry succeeds and returns the same refresh token", func(t *testing.T) {
		first := h.MustSignIn(c.ID, "alice")
		one, err := renew(first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Forward(10 * time.Second)
		two, err := renew(first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := renew(one.RefreshToken); err != nil {
			t.Error(err)
		}
		if _, err := renew(two.RefreshToken); err != nil {
			t.Error("the retry must return a token of the same turn:", err)
		}
	})
	t.Run("after it, reuse ends the family", func(t *testing.T) {
		first := h.MustSignIn(c.ID, "alice")
		next, err := renew(first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Forward(11 * time.Second)
		_, err = renew(first.RefreshToken)
		wantFault(t, err, fault.RefreshTokenReuse, "*")
		_, err = renew(next.RefreshToken)
		wantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
		if err := h.Edge(p.ID, next.AccessToken); err == nil {
			t.Error("the thief's access token is still valid")
		}
	})
	t.Run("without a grace period, reuse at the same moment ends the family", func(t *testing.T) {
		none := h.Client(p.ID, userpooltest.Rotating(0))
		first := h.MustSignIn(none.ID, "alice")
		again := func() error {
			_, err := h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: none.ID, RefreshToken: first.RefreshToken})
			return err
		}
		if err := again(); err != nil {
			t.Fatal(err)
		}
		wantFault(t, again(), fault.RefreshTokenReuse, "*")
	})
	t.Run("a token two rotations old also ends the family", func(t *testing.T) {
		first := h.MustSignIn(c.ID, "alice")
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
	t.Run("concurrent renewals within the grace period all succeed", func(t *testing.T) {
		first := h.MustSignIn(c.ID, "alice")
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for range 8 {
			wg.Go(func() {
				out, err := h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, RefreshToken: first.RefreshToken})
				if err == nil {
					_, err = h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, RefreshToken: out.RefreshToken})
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
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	ctx := t.Context()
	for name, tc := range map[string]struct {
		act       func(user string, tokens *tokens.Set) error
		family    bool // only the family is revoked; another sign-in stays valid
		refreshes bool // the refresh token stays valid
		gone      bool // the user cannot sign in again
	}{
		"RevokeToken": {act: func(_ string, k *tokens.Set) error {
			return h.Tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: c.ID, Token: k.RefreshToken})
		}, family: true},
		"GlobalSignOut":          {act: func(_ string, k *tokens.Set) error { return h.Tokens.GlobalSignOut(ctx, k.AccessToken) }},
		"AdminUserGlobalSignOut": {act: func(u string, _ *tokens.Set) error { return h.Users.AdminUserGlobalSignOut(ctx, p.ID, u) }},
		"AdminDisableUser":       {act: func(u string, _ *tokens.Set) error { return h.Users.AdminDisableUser(ctx, p.ID, u) }, gone: true},
		"AdminDeleteUser":        {act: func(u string, _ *tokens.Set) error { return h.Users.AdminDeleteUser(ctx, p.ID, u) }, gone: true},
		"DeleteUser":             {act: func(_ string, k *tokens.Set) error { return h.Users.DeleteUser(ctx, k.AccessToken) }, gone: true},
		"AdminRemoveUserFromGroup": {act: func(u string, _ *tokens.Set) error {
			return h.Users.AdminRemoveUserFromGroup(ctx, p.ID, u, "editors")
		}, refreshes: true},
		"DeleteGroup": {act: func(string, *tokens.Set) error { return h.Users.DeleteGroup(ctx, p.ID, "editors") }, refreshes: true},
	} {
		t.Run(name, func(t *testing.T) {
			h.User(p.ID, name)
			if _, err := h.Users.CreateGroup(ctx, directory.Group{PoolID: p.ID, Name: "editors"}); err != nil && !fault.Is(err, fault.GroupExists) {
				t.Fatal(err)
			}
			if err := h.Users.AdminAddUserToGroup(ctx, p.ID, name, "editors"); err != nil {
				t.Fatal(err)
			}
			one, two := h.MustSignIn(c.ID, name), h.MustSignIn(c.ID, name)
			if err := h.Edge(p.ID, one.AccessToken); err != nil {
				t.Fatal(err)
			}
			if err := tc.act(name, one); err != nil {
				t.Fatal(err)
			}
			for _, token := range []string{one.AccessToken, one.IDToken} {
				if h.Edge(p.ID, token) == nil {
					t.Error("a token is still valid")
				}
			}
			if lives := h.Edge(p.ID, two.AccessToken) == nil; lives != tc.family {
				t.Errorf("the other sign-in is valid: %v", lives)
			}
			out, err := h.Refresh(c.ID, one.RefreshToken)
			switch {
			case tc.refreshes && err != nil:
				t.Error(err)
			case !tc.refreshes && err == nil:
				t.Error("the refresh token is still valid")
			case tc.refreshes:
				if groups := claims(t, out.Tokens.AccessToken)["cognito:groups"]; groups != nil {
					t.Errorf("still in %v", groups)
				}
				if err := h.Edge(p.ID, out.Tokens.AccessToken); err != nil {
					t.Error("renewed in the same second:", err)
				}
			case !tc.gone:
				// The clock does not advance, so this is in the same second.
				if err := h.Edge(p.ID, h.MustSignIn(c.ID, name).AccessToken); err != nil {
					t.Error("signed in again in the same second:", err)
				}
				if _, err := h.Users.GetUser(ctx, h.MustSignIn(c.ID, name).AccessToken); err != nil {
					t.Error(err)
				}
			}
			if _, err := h.Users.GetUser(ctx, one.AccessToken); !tc.refreshes && err == nil {
				t.Error("operations still accept the access token")
			}
		})
	}
	t.Run("it survives a restart", func(t *testing.T) {
		records, err := h.Tokens.Revocations(ctx)
		if err != nil || len(records) < 6 {
			t.Fatal(len(records), err)
		}
		families := 0
		for _, r := range records {
			if r.Kind == revoke.KindFamily {
				families++
				if r.Of == "" || strings.Contains(r.Name, "\n") {
					t.Errorf("a family without its subject: %+v", r)
				}
			}
		}
		if families == 0 {
			t.Error("the revocation has no family")
		}
		if err := h.Index.Apply(records...); err != nil {
			t.Error(err)
		}
	})
	t.Run("revocation that is off is refused", func(t *testing.T) {
		s := allFlows
		s.EnableTokenRevocation = new(false)
		off := h.Client(p.ID, s)
		h.User(p.ID, "zoe")
		err := h.Tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: off.ID, Token: h.MustSignIn(off.ID, "zoe").RefreshToken})
		wantFault(t, err, fault.UnsupportedOperation, "*")
	})
	t.Run("a foreign client's token is refused", func(t *testing.T) {
		other := h.Client(p.ID, allFlows)
		err := h.Tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: other.ID, Token: h.MustSignIn(c.ID, "zoe").RefreshToken})
		wantFault(t, err, fault.Unauthorized, "*")
	})
	t.Run("two removals in one second each revoke the tokens issued before them", func(t *testing.T) {
		h.User(p.ID, "twice")
		var last string
		for range 3 {
			for _, g := range []string{"g"} {
				if _, err := h.Users.CreateGroup(ctx, directory.Group{PoolID: p.ID, Name: g}); err != nil && !fault.Is(err, fault.GroupExists) {
					t.Fatal(err)
				}
			}
			if err := h.Users.AdminAddUserToGroup(ctx, p.ID, "twice", "g"); err != nil {
				t.Fatal(err)
			}
			last = h.MustSignIn(c.ID, "twice").AccessToken
			if err := h.Edge(p.ID, last); err != nil {
				t.Fatal(err)
			}
			if err := h.Users.AdminRemoveUserFromGroup(ctx, p.ID, "twice", "g"); err != nil {
				t.Fatal(err)
			}
			if h.Edge(p.ID, last) == nil {
				t.Error("the token is still valid")
			}
		}
	})
}

package e2e

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestLoginWithXOAuth2AndGoOIDC signs in with Chromium for a program that uses golang.org/x/oauth2 and go-oidc.
func TestLoginWithXOAuth2AndGoOIDC(t *testing.T) {
	t.Parallel()
	s := startLogin(t)
	s.b = harness.StartBrowser(t, "about:blank")
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, s.URL+"/"+s.pool)
	ok(t, err)
	config := oauth2.Config{ClientID: s.clients[0], Endpoint: provider.Endpoint(), RedirectURL: s.app, Scopes: []string{"openid", "email"}}
	verifier := oauth2.GenerateVerifier()
	request := config.AuthCodeURL("s1", oidc.Nonce("n1"), oauth2.S256ChallengeOption(verifier))

	s.signUp("ada")
	s.wantArrived()
	s.leave()
	s.b.Open(request)
	s.b.Fill("username", "ada")
	s.b.Fill("password", password)
	s.b.Submit("signin", "")
	s.wantArrived()
	back := s.arrival()
	equal(t, "state", back.Get("state"), "s1")
	equal(t, "iss", back.Get("iss"), s.URL+"/"+s.pool)

	_, err = config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	wantOAuth(t, err, "invalid_grant")
	s.b.Open(request) // the session answers
	s.wantArrived()
	code := s.arrival().Get("code")
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	ok(t, err)
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: s.clients[0]}).Verify(ctx, raw)
	ok(t, err)
	equal(t, "nonce", id.Nonce, "n1")
	ok(t, id.VerifyAccessToken(tokens.AccessToken))
	var claims struct{ Email string }
	ok(t, id.Claims(&claims))
	equal(t, "email", claims.Email, "ada@example.com")
	about, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	ok(t, err)
	equal(t, "sub of userInfo", about.Subject, id.Subject)

	old := *tokens
	old.Expiry = time.Now().Add(-time.Hour)
	renewed, err := config.TokenSource(ctx, &old).Token()
	ok(t, err)
	if renewed.AccessToken == tokens.AccessToken {
		t.Error("the access token is not renewed")
	}
	_, err = config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	wantOAuth(t, err, "invalid_grant")
	old.Expiry = time.Now().Add(-time.Hour)
	if _, err := config.TokenSource(ctx, &old).Token(); err == nil {
		t.Error("the refresh token works after its code was used twice")
	}
}

// arrival is the query with which the browser came to the app.
func (s *loginSite) arrival() url.Values {
	s.t.Helper()
	var address string
	s.b.Evaluate("location.href", &address)
	u, err := url.Parse(address)
	ok(s.t, err)
	return u.Query()
}

func wantOAuth(t *testing.T, err error, code string) {
	t.Helper()
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != code {
		t.Errorf("%v, want %s", err, code)
	}
}

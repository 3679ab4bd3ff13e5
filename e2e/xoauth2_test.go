package e2e

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestDeviceGrantWithXOAuth2 connects a device whose code a user types in Chromium, and refuses another one.
func TestDeviceGrantWithXOAuth2(t *testing.T) {
	t.Parallel()
	s := startParties(t)
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, s.issuer())
	ok(t, err)
	config := oauth2.Config{ClientID: television, Endpoint: provider.Endpoint(), Scopes: []string{"openid", "email"}}
	if config.Endpoint.DeviceAuthURL == "" {
		t.Fatal("discovery has no device_authorization_endpoint")
	}
	type outcome struct {
		token *oauth2.Token
		err   error
	}
	b := harness.StartBrowser(t, "about:blank")
	connect := func(page func(*oauth2.DeviceAuthResponse) string, decision string) outcome {
		codes, err := config.DeviceAuth(ctx)
		ok(t, err)
		answer := make(chan outcome, 1)
		go func() { // the device asks while its user decides
			token, err := config.DeviceAccessToken(ctx, codes)
			answer <- outcome{token, err}
		}()
		b.Open(page(codes))
		b.Fill("user_code", codes.UserCode)
		b.Submit("usercode", "")
		b.Fill("username", "rita")
		b.Fill("password", password)
		b.Submit("signin", "")
		b.Submit(decision, "")
		return <-answer
	}
	in := connect(func(c *oauth2.DeviceAuthResponse) string { return c.VerificationURI }, "allow")
	ok(t, in.err)
	raw, _ := in.token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: television}).Verify(ctx, raw)
	ok(t, err)
	ok(t, id.VerifyAccessToken(in.token.AccessToken))
	renewed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: in.token.RefreshToken}).Token()
	ok(t, err)
	equal(t, "subject", harness.Claims(t, renewed.AccessToken)["sub"], any(id.Subject))

	out := connect(func(c *oauth2.DeviceAuthResponse) string { return c.VerificationURIComplete }, "deny")
	wantOAuth(t, out.err, "access_denied")
}

// assertion signs an assertion of private_key_jwt for the client, with an audience.
func (s *parties) assertion(t *testing.T, client, audience, id string) url.Values {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "private.json"))
	ok(t, err)
	key, err := jwk.ParseKey(text)
	ok(t, err)
	token, err := jwt.NewBuilder().Issuer(client).Subject(client).Audience([]string{audience}).JwtID(id).Expiration(time.Now().Add(time.Minute)).Build()
	ok(t, err)
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.ES256(), key))
	ok(t, err)
	return url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {string(signed)}}
}

// TestAssertionsOfJWXWithXOAuth2 gets tokens with assertions that jwx signs and x/oauth2 sends.
func TestAssertionsOfJWXWithXOAuth2(t *testing.T) {
	t.Parallel()
	s := startParties(t)
	config := func(client, audience, id string) *clientcredentials.Config {
		return &clientcredentials.Config{ClientID: client, TokenURL: s.issuer() + "/oauth2/token", Scopes: []string{"api/read"},
			AuthStyle: oauth2.AuthStyleInParams, EndpointParams: s.assertion(t, client, audience, id)}
	}
	for id, audience := range map[string]string{"a": s.issuer(), "b": s.issuer() + "/oauth2/token"} {
		token, err := config(signer, audience, id).Token(t.Context())
		ok(t, err)
		equal(t, "scope", harness.Claims(t, token.AccessToken)["scope"], any("api/read"))
	}
	for name, c := range map[string]*clientcredentials.Config{
		"used before":                 config(signer, s.issuer(), "a"),
		"for another server":          config(signer, "https://other.example.com", "c"),
		"of a client without the key": config(exchanger, s.issuer(), "d"),
	} {
		_, err := c.Token(t.Context())
		if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != "invalid_client" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTokenExchangeWithXOAuth2 exchanges a user's token for one for the next service (RFC 8693), and keeps its limits.
func TestTokenExchangeWithXOAuth2(t *testing.T) {
	t.Parallel()
	s := startParties(t)
	ctx, v := t.Context(), newVisitor(t)
	provider, err := oidc.NewProvider(ctx, s.issuer())
	ok(t, err)
	web := oauth2.Config{ClientID: webClient, ClientSecret: partySecret, Endpoint: provider.Endpoint(), RedirectURL: relyingParty,
		Scopes: []string{"openid", "api/read"}}
	v.signIn(web.AuthCodeURL("s"), "rita", password)
	user, err := web.Exchange(ctx, v.answer("code"))
	ok(t, err)
	exchange := func(token, audience string, scopes ...string) (*oauth2.Token, error) {
		c := clientcredentials.Config{ClientID: exchanger, ClientSecret: partySecret, TokenURL: provider.Endpoint().TokenURL, Scopes: scopes,
			AuthStyle: oauth2.AuthStyleInHeader, EndpointParams: url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"},
				"subject_token": {token}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}, "audience": {audience}}}
		return c.Token(ctx)
	}
	got, err := exchange(user.AccessToken, ordersAPI)
	ok(t, err)
	claims, old := harness.Claims(t, got.AccessToken), harness.Claims(t, user.AccessToken)
	equal(t, "aud", claims["aud"], any(ordersAPI))
	equal(t, "scope", claims["scope"], any("api/read"))
	equal(t, "sub", claims["sub"], old["sub"])
	equal(t, "issued_token_type", got.Extra("issued_token_type"), any("urn:ietf:params:oauth:token-type:access_token"))
	actor, _ := claims["act"].(map[string]any)
	equal(t, "act", actor["sub"], any(exchanger))

	_, err = exchange(user.AccessToken, "https://other.example.com")
	wantOAuth(t, err, "invalid_target")
	_, err = exchange(user.AccessToken, ordersAPI, "api/write")
	wantOAuth(t, err, "invalid_scope")
	_, err = exchange(got.AccessToken, ordersAPI)
	if err == nil {
		t.Error("a token of an exchange is exchanged again")
	}
	revoked := s.Post(t, "POST", "/"+partyPool+"/oauth2/revoke", url.Values{"token": {user.RefreshToken}, "client_id": {webClient},
		"client_secret": {partySecret}}.Encode(), "Content-Type", formType)
	equal(t, "revoke", revoked.Status, 200)
	_, err = exchange(user.AccessToken, ordersAPI)
	wantOAuth(t, err, "invalid_grant")
}

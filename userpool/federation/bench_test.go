package federation_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relyingparty"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// benchProvider is a provider of OpenID Connect. Codes are nonces.
func benchProvider(b *testing.B, now func() time.Time) *httptest.Server {
	b.Helper()
	key, err := token.GenerateKey(rand.Reader, "RS256")
	must(b, err)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	b.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": server.URL, "authorization_endpoint": server.URL + "/auth", "token_endpoint": server.URL + "/token",
			"userinfo_endpoint": server.URL + "/me", "jwks_uri": server.URL + "/jwks"})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		text, _ := token.MarshalJWKS(key.Public())
		_, _ = w.Write(text)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		at := now().Unix()
		signed, _ := key.Sign(fmt.Appendf(nil, `{"iss":%q,"aud":"client","sub":"user-1","email":"ada@example.com","nonce":%q,"iat":%d,"exp":%d}`,
			server.URL, r.FormValue("code"), at, at+3600), "JWT")
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":"at","id_token":%q,"token_type":"Bearer","expires_in":3600}`, signed)
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"sub":"user-1","email":"ada@example.com","name":"Ada"}`)
	})
	return server
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkSignIn compares a sign-in through a provider, from the authorization request to the code for the app, with what a program does
// that calls golang.org/x/oauth2 itself and keeps nothing: the URL, the exchange of the code, the check of the ID token, userInfo.
func BenchmarkSignIn(b *testing.B) {
	h := userpooltest.New(b)
	server := benchProvider(b, h.Clock.Now)
	pool := h.Pool(userpool.PoolSettings{}).ID
	_, err := h.Providers.Create(b.Context(), providers.Change{PoolID: pool, Name: "Acme", Type: providers.OIDC, Mapping: map[string]string{"email": "email", "name": "name"},
		Details: map[string]string{providers.ClientID: "client", providers.ClientSecret: "secret", providers.Scopes: "openid email", providers.Method: "GET", providers.Issuer: server.URL}})
	must(b, err)
	client := h.Client(pool, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"}, AllowedOAuthScopes: []string{"openid"},
		CallbackURLs: []string{app}, SupportedIdentityProviders: []string{"Acme"}}).ID
	party, err := relyingparty.New(relyingparty.Options{Now: h.Clock.Now, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Rules: outbound.Rules{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	must(b, err)
	service, err := federation.New(federation.Options{Base: h.Base(), Pools: h.Pools, Tokens: h.Tokens, SAML: h.SAML, Providers: h.Providers, Profiles: h.Profiles, OAuth: h.OAuth,
		Legs: map[providers.Type]providers.Leg{providers.OIDC: party}})
	must(b, err)
	query := url.Values{"client_id": {client}, "redirect_uri": {app}, "response_type": {"code"}, "scope": {"openid"}, "identity_provider": {"Acme"}}

	sluice := func(ctx context.Context) error {
		a, err := h.OAuth.Parse(ctx, pool, query)
		if err != nil {
			return err
		}
		begun, err := service.Begin(ctx, federation.Start{Authorization: a, Query: query, Base: "https://auth.example.com"})
		if err != nil {
			return err
		}
		to, err := url.Parse(begun.Location)
		if err != nil {
			return err
		}
		state := to.Query().Get("state")
		_, err = service.Finish(ctx, pool, federation.Answer{State: state, Browser: begun.Browser, Parameters: url.Values{"state": {state}, "code": {to.Query().Get("nonce")}}})
		return err
	}
	bare := bareSignIn(b, server.URL, h.Clock.Now)
	for _, c := range []struct {
		name string
		run  func(context.Context) error
	}{{"bare x-oauth2", bare}, {"sluice", sluice}} {
		for _, parallel := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/at once=%d", c.name, parallel), func(b *testing.B) {
				must(b, c.run(b.Context())) // connects, and makes the user
				var left sync.WaitGroup
				work := make(chan struct{})
				for range parallel {
					left.Go(func() {
						for range work {
							if err := c.run(b.Context()); err != nil {
								b.Error(err)
							}
						}
					})
				}
				b.ReportAllocs()
				for b.Loop() {
					work <- struct{}{}
				}
				close(work)
				left.Wait()
			})
		}
	}
}

// bareSignIn returns a sign-in with golang.org/x/oauth2.
func bareSignIn(b *testing.B, issuer string, now func() time.Time) func(context.Context) error {
	b.Helper()
	config := &oauth2.Config{ClientID: "client", ClientSecret: "secret", RedirectURL: "https://auth.example.com/oauth2/idpresponse", Scopes: []string{"openid", "email"},
		Endpoint: oauth2.Endpoint{AuthURL: issuer + "/auth", TokenURL: issuer + "/token", AuthStyle: oauth2.AuthStyleInParams}}
	keys, err := token.NewRemote(token.RemoteOptions{Issuer: issuer, JWKSURL: issuer + "/jwks", Now: now, MaxStale: 5 * time.Minute})
	must(b, err)
	verifier, err := token.New(token.Options{Now: now, Issuers: []token.Issuer{{URL: issuer, Keys: keys, Audiences: []string{"client"}, Leeway: time.Minute}}})
	must(b, err)
	return func(ctx context.Context) error {
		nonce, proof := rand.Text(), oauth2.GenerateVerifier()
		_ = config.AuthCodeURL(rand.Text(), oauth2.S256ChallengeOption(proof), oauth2.SetAuthURLParam("nonce", nonce))
		set, err := config.Exchange(ctx, nonce, oauth2.VerifierOption(proof))
		if err != nil {
			return err
		}
		raw, _ := set.Extra("id_token").(string)
		if _, err = verifier.Verify(ctx, raw); err != nil {
			return err
		}
		answer, err := config.Client(ctx, set).Get(issuer + "/me")
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		var claims map[string]any
		return json.NewDecoder(answer.Body).Decode(&claims)
	}
}

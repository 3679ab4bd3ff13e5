package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/sluicegate/sluice/seal"
)

// OpenIDOptions are the settings of an OpenID provider. Secret and Scopes may be empty.
type OpenIDOptions struct {
	Issuer   string           // exactly as its discovery document and tokens have it
	ClientID string           // at the issuer
	Secret   seal.Secret      // of the client; zero for a public client
	Scopes   []string         // openid if there are none
	Now      func() time.Time // decides when discovery is repeated
	Client   *http.Client     // nil means one with limits
}

// OpenID is a Provider elsewhere. It finds the endpoints by discovery when they are first needed.
type OpenID struct {
	o      OpenIDOptions
	client *http.Client

	fetches singleflight.Group
	mu      sync.Mutex
	found   *metadata // nil until discovery succeeds
	failed  error     // of the last fetch
	due     time.Time // when the next fetch may begin
}

const requestPatience = 5 * time.Second

// NewOpenID returns an OpenID provider. It asks nothing yet.
func NewOpenID(o OpenIDOptions) *OpenID {
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"openid"}
	}
	client := http.Client{Timeout: requestPatience, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: requestPatience,
		ResponseHeaderTimeout: requestPatience, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 8, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true}}
	if o.Client != nil {
		client = *o.Client
	}
	// A token endpoint has no reason to redirect, and what is sent to it is secret.
	client.Jar, client.CheckRedirect = nil, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &OpenID{o: o, client: &client}
}

// config returns the client's configuration at the provider.
func (p *OpenID) config(m *metadata, redirectURI string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader // the default of OpenID Connect Discovery 1.0 section 3
	if methods := m.AuthMethods; p.o.Secret.IsZero() || len(methods) > 0 && !slices.Contains(methods, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: p.o.ClientID, ClientSecret: p.o.Secret.Reveal(), Scopes: p.o.Scopes, RedirectURL: redirectURI,
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorize, TokenURL: m.Token, AuthStyle: style}}
}

// Authorize implements Provider.
func (p *OpenID) Authorize(ctx context.Context, r Authorization) (string, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return "", err
	}
	return p.config(m, r.RedirectURI).AuthCodeURL(r.State, oauth2.S256ChallengeOption(r.Verifier), oauth2.SetAuthURLParam("nonce", r.Nonce)), nil
}

// Redeem implements Provider.
func (p *OpenID) Redeem(ctx context.Context, r Redemption) (*Tokens, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, p.client)
	got, err := tokens(p.config(m, r.RedirectURI).Exchange(ctx, r.Code, oauth2.VerifierOption(r.Verifier)))
	if err == nil && got.Scopes == nil {
		got.Scopes = p.o.Scopes // an answer without scope grants what was asked for (RFC 6749 section 5.1)
	}
	return got, err
}

// Refresh implements Provider.
func (p *OpenID) Refresh(ctx context.Context, refreshToken string) (*Tokens, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, p.client)
	return tokens(p.config(m, "").TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token())
}

// tokens converts the answer of the token endpoint. Scopes is nil if the answer does not name them.
func tokens(t *oauth2.Token, err error) (*Tokens, error) {
	if failed, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := 0
		if failed.Response != nil {
			status = failed.Response.StatusCode
		}
		switch {
		case failed.ErrorCode == "temporarily_unavailable" || failed.ErrorCode == "server_error" || status >= 500 || status == http.StatusTooManyRequests:
			return nil, errors.New("login: the provider is not available: " + http.StatusText(status))
		case failed.ErrorCode == "invalid_client":
			return nil, errors.New("login: the provider does not know the client, or the secret is wrong")
		case failed.ErrorCode != "":
			return nil, &Refused{Code: failed.ErrorCode}
		}
		return nil, errors.New("login: the provider's response is not a token response")
	}
	if err != nil {
		return nil, err
	}
	out := &Tokens{Access: t.AccessToken, Refresh: t.RefreshToken}
	out.ID, _ = t.Extra("id_token").(string)
	if scope, ok := t.Extra("scope").(string); ok {
		out.Scopes = append([]string{}, strings.Fields(scope)...) // "" grants none
	}
	if t.ExpiresIn > 0 {
		out.ExpiresIn = time.Duration(min(t.ExpiresIn, int64((365*24*time.Hour)/time.Second))) * time.Second
	}
	return out, nil
}

// Revoke implements Provider (RFC 7009).
func (p *OpenID) Revoke(ctx context.Context, refreshToken string) error {
	m, err := p.metadata(ctx)
	if err != nil || m.Revoke == "" {
		return err
	}
	form := url.Values{"token": {refreshToken}, "token_type_hint": {"refresh_token"}}
	config := p.config(m, "")
	if config.Endpoint.AuthStyle == oauth2.AuthStyleInParams {
		form.Set("client_id", p.o.ClientID)
		if !p.o.Secret.IsZero() {
			form.Set("client_secret", p.o.Secret.Reveal())
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Revoke, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if config.Endpoint.AuthStyle == oauth2.AuthStyleInHeader {
		request.SetBasicAuth(url.QueryEscape(p.o.ClientID), url.QueryEscape(p.o.Secret.Reveal()))
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close() // nothing of it is read
	if response.StatusCode >= 300 {
		return errors.New("login: the provider answered " + response.Status + " to a revocation")
	}
	return nil
}

// Logout implements Provider (OpenID Connect RP-Initiated Logout 1.0 section 2).
func (p *OpenID) Logout(ctx context.Context, idToken, back string) (string, error) {
	m, err := p.metadata(ctx)
	if err != nil || m.EndSession == "" {
		return "", err
	}
	u, err := url.Parse(m.EndSession)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("client_id", p.o.ClientID)
	query.Set("id_token_hint", idToken)
	query.Set("post_logout_redirect_uri", back)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// NamesIssuer implements Provider.
func (p *OpenID) NamesIssuer(ctx context.Context) (bool, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return false, err
	}
	return m.NamesIssuer, nil
}

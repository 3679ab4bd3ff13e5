package e2e

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	relyingParty = "https://app.example.com/callback"
	signedOut    = "https://app.example.com/bye"
)

// oidcSite is a pool with a confidential client and the user rita, as a relying party sees it.
type oidcSite struct {
	*harness.Sluice
	pool     string
	provider *oidc.Provider
	config   oauth2.Config
}

func startOIDC(t *testing.T) *oidcSite {
	t.Helper()
	s := &oidcSite{Sluice: harness.Start(t, harness.Config{})}
	admin, ctx := s.Users(harness.Admin), t.Context()
	pool, err := admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("people")})
	ok(t, err)
	s.pool = *pool.UserPool.Id
	client, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &s.pool, ClientName: aws.String("app"), GenerateSecret: true,
		ExplicitAuthFlows:               []types.ExplicitAuthFlowsType{"ALLOW_REFRESH_TOKEN_AUTH"},
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email"},
		CallbackURLs: []string{relyingParty}, LogoutURLs: []string{signedOut}, SupportedIdentityProviders: []string{"COGNITO"}})
	ok(t, err)
	_, err = admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &s.pool, Username: aws.String("rita"), MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("rita@example.com")}, {Name: aws.String("email_verified"), Value: aws.String("true")}}})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: &s.pool, Username: aws.String("rita"), Password: aws.String(password), Permanent: true})
	ok(t, err)
	s.provider, err = oidc.NewProvider(ctx, s.URL+"/"+s.pool)
	ok(t, err)
	s.config = oauth2.Config{ClientID: *client.UserPoolClient.ClientId, ClientSecret: *client.UserPoolClient.ClientSecret,
		Endpoint: s.provider.Endpoint(), RedirectURL: relyingParty, Scopes: []string{"openid", "email"}}
	return s
}

// visitor is a browser without scripts that stops where it would leave Sluice.
type visitor struct {
	t      *testing.T
	client *http.Client
	jar    *cookiejar.Jar
	left   *url.URL // where it would go
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	ok(t, err)
	v := &visitor{t: t, jar: jar}
	v.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Hostname() == "localhost" {
			return nil
		}
		v.left = r.URL
		return http.ErrUseLastResponse
	}}
	return v
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input[^>]*>`)
	nameOf   = regexp.MustCompile(`\bname="([^"]*)"`)
	valueOf  = regexp.MustCompile(`\bvalue="([^"]*)"`)
)

// open opens an address and returns the page and its own address.
func (v *visitor) open(address string) (page string, at *url.URL) {
	v.t.Helper()
	v.left = nil
	r, err := v.client.Get(address) //nolint:bodyclose // read closes it
	return v.read(r, err)
}

func (v *visitor) read(r *http.Response, err error) (string, *url.URL) {
	v.t.Helper()
	ok(v.t, err)
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	ok(v.t, err)
	return string(body), r.Request.URL
}

// signIn opens an authorization request, and signs in on the page that it leads to.
func (v *visitor) signIn(address, name, password string) {
	v.t.Helper()
	page, at := v.open(address)
	for step := 0; v.left == nil; step++ {
		form := formWith(page, "username", "password")
		if form == nil && strings.HasSuffix(at.Path, "/consent") {
			form = formWith(page, "_csrf") // the first of two forms allows it
		}
		if form == nil || step > 3 {
			v.t.Fatalf("no form at %s:\n%.2000s", at, page)
		}
		page, at = v.submit(at, form, map[string]string{"username": name, "password": password})
	}
}

// submit sends a form of the page at an address, with values for some of the fields that it has.
func (v *visitor) submit(at *url.URL, form []string, values map[string]string) (string, *url.URL) {
	v.t.Helper()
	fields := url.Values{}
	for _, tag := range inputTag.FindAllString(form[2], -1) {
		if n := nameOf.FindStringSubmatch(tag); n != nil {
			value := ""
			if m := valueOf.FindStringSubmatch(tag); m != nil {
				value = html.UnescapeString(m[1])
			}
			fields.Set(n[1], value)
		}
	}
	for name, value := range values {
		if fields.Has(name) {
			fields.Set(name, value)
		}
	}
	action, err := at.Parse(html.UnescapeString(form[1]))
	ok(v.t, err)
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, action.String(), strings.NewReader(fields.Encode()))
	ok(v.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", at.Scheme+"://"+at.Host)
	r, err := v.client.Do(request) //nolint:bodyclose // read closes it
	return v.read(r, err)
}

// allowDevice types the code of a device on the page at an address, signs in, and lets the device have tokens.
func (v *visitor) allowDevice(address, code, name, password string) {
	v.t.Helper()
	page, at := v.open(address)
	for _, step := range []struct {
		field  string
		values map[string]string
	}{
		{"user_code", map[string]string{"user_code": code}},
		{"password", map[string]string{"username": name, "password": password}},
		{"user_code", nil}, // the first of two forms allows it
	} {
		form := formWith(page, step.field)
		if form == nil {
			v.t.Fatalf("no form with %s at %s:\n%s", step.field, at, page)
		}
		page, at = v.submit(at, form, step.values)
	}
}

// formWith returns the first form that has one of the fields.
func formWith(page string, names ...string) []string {
	for _, form := range formTag.FindAllStringSubmatch(page, -1) {
		for _, name := range names {
			if strings.Contains(form[2], `name="`+name+`"`) {
				return form
			}
		}
	}
	return nil
}

// answer returns a parameter of the address that the visitor would leave to.
func (v *visitor) answer(name string) string {
	v.t.Helper()
	if v.left == nil || !strings.HasPrefix(v.left.String(), relyingParty+"?") {
		v.t.Fatalf("not at the relying party, but %v", v.left)
	}
	return v.left.Query().Get(name)
}

// TestOIDCRelyingParty signs in with golang.org/x/oauth2 and coreos/go-oidc. Sluice is killed in the middle of it.
func TestOIDCRelyingParty(t *testing.T) {
	t.Parallel()
	s := startOIDC(t)
	ctx, v, secret := t.Context(), newVisitor(t), oauth2.GenerateVerifier()
	v.signIn(s.config.AuthCodeURL("state 1&2", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(secret)), "rita", password)
	equal(t, "state", v.answer("state"), "state 1&2")
	equal(t, "iss", v.answer("iss"), s.URL+"/"+s.pool)
	s.Kill()
	s.Launch(t)
	code := v.answer("code")
	token, err := s.config.Exchange(ctx, code, oauth2.VerifierOption(secret))
	ok(t, err)
	raw, _ := token.Extra("id_token").(string)
	id, err := s.provider.Verifier(&oidc.Config{ClientID: s.config.ClientID}).Verify(ctx, raw)
	ok(t, err)
	equal(t, "nonce", id.Nonce, "nonce-1")
	ok(t, id.VerifyAccessToken(token.AccessToken))
	info, err := s.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	ok(t, err)
	equal(t, "e-mail address", info.Email, "rita@example.com")
	equal(t, "subject", info.Subject, id.Subject)
	renewed, err := s.config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	ok(t, err)
	s.Kill()
	s.Launch(t)
	silentAndOut(t, s, v)
	if _, err := s.config.Exchange(ctx, code, oauth2.VerifierOption(secret)); err == nil {
		t.Error("the code works twice")
	}
	if _, err := s.config.TokenSource(ctx, &oauth2.Token{RefreshToken: renewed.RefreshToken}).Token(); err == nil {
		t.Error("the refresh token works although its code was used twice")
	}
}

// silentAndOut continues the session without a page, and ends it.
func silentAndOut(t *testing.T, s *oidcSite, v *visitor) {
	t.Helper()
	v.open(s.config.AuthCodeURL("s2", oauth2.SetAuthURLParam("prompt", "none")))
	token, err := s.config.Exchange(t.Context(), v.answer("code"))
	ok(t, err)
	var claims struct {
		EndSession string `json:"end_session_endpoint"`
	}
	ok(t, s.provider.Claims(&claims))
	raw, _ := token.Extra("id_token").(string)
	v.open(claims.EndSession + "?" + url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {signedOut}, "state": {"bye"}}.Encode())
	equal(t, "after the sign-out", fmt.Sprint(v.left), signedOut+"?state=bye")
	v.open(s.config.AuthCodeURL("s3", oauth2.SetAuthURLParam("prompt", "none")))
	equal(t, "error", v.answer("error"), "login_required")
}

// TestCodesAtTheTokenEndpoint attacks codes at the built binary.
func TestCodesAtTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	s := startOIDC(t)
	v := newVisitor(t)
	v.signIn(s.config.AuthCodeURL("s"), "rita", password)
	code := func(options ...oauth2.AuthCodeOption) string {
		v.open(s.config.AuthCodeURL("s", options...))
		return v.answer("code")
	}
	var mu sync.Mutex
	var given []*oauth2.Token
	var wait sync.WaitGroup
	raced := code()
	for range 10 {
		wait.Go(func() {
			if token, err := s.config.Exchange(context.Background(), raced); err == nil {
				mu.Lock()
				defer mu.Unlock()
				given = append(given, token)
			}
		})
	}
	wait.Wait()
	equal(t, "tokens for one code", len(given), 1)
	if _, err := s.config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: given[0].RefreshToken}).Token(); err == nil {
		t.Error("the tokens of a code that was raced for are still good")
	}
	verifier := oauth2.GenerateVerifier()
	other := s.config
	other.RedirectURL = relyingParty + "/x"
	for name, exchange := range map[string]func() error{
		"without the verifier": func() error {
			_, err := s.config.Exchange(t.Context(), code(oauth2.S256ChallengeOption(verifier)))
			return err
		},
		"with a verifier from nowhere": func() error {
			_, err := s.config.Exchange(t.Context(), code(), oauth2.VerifierOption(verifier))
			return err
		},
		"with another redirect URI": func() error { _, err := other.Exchange(t.Context(), code()); return err },
	} {
		if err := exchange(); err == nil {
			t.Errorf("%s: the code gives tokens", name)
		}
	}
	for _, uri := range []string{relyingParty + "/", relyingParty + "?a", relyingParty + "%2f..", "https://app.example.com@evil.example/callback", "//evil.example", "javascript:alert(1)", "https://APP.example.com/callback"} {
		bad := s.config
		bad.RedirectURL = uri
		if page, at := v.open(bad.AuthCodeURL("s")); v.left != nil || !strings.HasSuffix(at.Path, "/error") {
			t.Errorf("%s leads to %v %v:\n%s", uri, v.left, at, page)
		}
	}
	page, at := v.open(s.config.AuthCodeURL("s") + "&redirect_uri=" + url.QueryEscape("https://evil.example/"))
	if v.left != nil || !strings.HasSuffix(at.Path, "/error") {
		t.Errorf("two redirect URIs lead to %v %v:\n%s", v.left, at, page)
	}
}

package e2e

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sluicegate/sluice/e2e/harness"
)

// samlSite is a pool whose client signs users in with a SAML provider.
type samlSite struct {
	*harness.Sluice
	t      *testing.T
	pool   string
	base   string // of the pool's domain
	config oauth2.Config
	keys   *oidc.Provider
}

func startSAMLSite(t *testing.T) *samlSite {
	t.Helper()
	s := &samlSite{Sluice: harness.Start(t, harness.Config{Global: "\t\toutbound_networks 127.0.0.0/8 ::1/128"}), t: t}
	pool, err := s.Users(harness.Admin).CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("people")})
	ok(t, err)
	s.pool = *pool.UserPool.Id
	s.base = s.URL + "/" + s.pool
	s.keys, err = oidc.NewProvider(t.Context(), s.base)
	ok(t, err)
	return s
}

// provide creates the provider Corp, with the address of its metadata, and a client that supports only it.
func (s *samlSite) provide(metadata string, details map[string]string) {
	s.t.Helper()
	admin, ctx := s.Users(harness.Admin), s.t.Context()
	details["MetadataURL"] = metadata
	_, err := admin.CreateIdentityProvider(ctx, &cip.CreateIdentityProviderInput{UserPoolId: &s.pool, ProviderName: aws.String("Corp"), ProviderType: types.IdentityProviderTypeTypeSaml,
		ProviderDetails: details, AttributeMapping: map[string]string{"email": "urn:oid:0.9.2342.19200300.100.1.3"}})
	ok(s.t, err)
	client, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &s.pool, ClientName: aws.String("app"), GenerateSecret: true,
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email"},
		CallbackURLs: []string{relyingParty}, LogoutURLs: []string{signedOut}, SupportedIdentityProviders: []string{"Corp"}})
	ok(s.t, err)
	s.config = oauth2.Config{ClientID: *client.UserPoolClient.ClientId, ClientSecret: *client.UserPoolClient.ClientSecret, Endpoint: s.keys.Endpoint(),
		RedirectURL: relyingParty, Scopes: []string{"openid", "email"}}
}

// description is what the pool says to the provider, with the certificate to encrypt to, which the API says.
func (s *samlSite) description() string {
	s.t.Helper()
	document := s.Get(s.t, "GET", "/"+s.pool+"/saml2/metadata").Body
	if other := s.Get(s.t, "GET", "/"+s.pool+"/saml2/metadata?identity_provider=Nobody").Body; other != document {
		s.t.Errorf("the metadata depend on the provider: %s", other)
	}
	got, err := s.Users(harness.Admin).DescribeIdentityProvider(s.t.Context(), &cip.DescribeIdentityProviderInput{UserPoolId: &s.pool, ProviderName: aws.String("Corp")})
	ok(s.t, err)
	if cert := got.IdentityProvider.ProviderDetails["ActiveEncryptionCertificate"]; cert != "" {
		document = strings.Replace(document, "<SingleLogoutService", `<KeyDescriptor use="encryption"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>`+
			cert+`</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleLogoutService`, 1)
	}
	return document
}

// request is the address with which the app begins.
func (s *samlSite) request(state string) string {
	return s.config.AuthCodeURL(state, oauth2.SetAuthURLParam("identity_provider", "Corp"))
}

// carry sends the forms of pages until the visitor leaves, and returns the last page.
func carry(v *visitor, page string, at *url.URL) string {
	v.t.Helper()
	for step := 0; v.left == nil; step++ {
		form := formWith(page, "SAMLResponse")
		if form == nil || step > 3 {
			return page
		}
		page, at = v.submit(at, form, nil)
	}
	return page
}

// claims exchanges the code at which the visitor is, and returns the claims of the ID token.
func (s *samlSite) claims(v *visitor) map[string]any {
	s.t.Helper()
	if v.answer("code") == "" {
		s.t.Fatalf("no code: %s", v.left)
	}
	tokens, err := s.config.Exchange(s.t.Context(), v.answer("code"))
	ok(s.t, err)
	raw, _ := tokens.Extra("id_token").(string)
	id, err := s.keys.Verifier(&oidc.Config{ClientID: s.config.ClientID}).Verify(s.t.Context(), raw)
	ok(s.t, err)
	claims := map[string]any{}
	ok(s.t, id.Claims(&claims))
	return claims
}

func (p *samlIDP) answers(settings map[string]any) {
	p.t.Helper()
	text, err := json.Marshal(settings)
	ok(p.t, err)
	p.write("answer.json", string(text))
}

// TestSAMLSignInWithPySAML2 signs in through pysaml2, which verifies our signed request and encrypts its answer, and signs out there.
func TestSAMLSignInWithPySAML2(t *testing.T) {
	t.Parallel()
	s, p := startSAMLSite(t), startSAML(t)
	s.provide(p.base+"/metadata", map[string]string{"RequestSigningAlgorithm": "rsa-sha256", "EncryptedResponses": "true", "IDPSignout": "true"})
	p.write("sp.xml", s.description())
	p.write("demand-signed", "")
	for _, signed := range []string{"assertion", "response", "both"} {
		p.answers(map[string]any{"encrypt": "1", "signed": signed, "name": "Ana", "attributes": map[string]any{"mail": []string{"ana@example.com"}}})
		v := newVisitor(t)
		page, at := v.open(s.request("s-" + signed))
		form := formWith(page, "SAMLResponse")
		if form == nil {
			t.Fatalf("%s: at %s:\n%.1500s", signed, at, page)
		}
		carry(v, page, at)
		equal(t, "state", v.answer("state"), "s-"+signed)
		claims := s.claims(v)
		equal(t, "user name", claims["cognito:username"], any("Corp_Ana"))
		equal(t, "email", claims["email"], any("ana@example.com"))
		identity := claims["identities"].([]any)[0].(map[string]any)
		equal(t, "user id", identity["userId"], any("Ana"))
		equal(t, "issuer", identity["issuer"], any(p.base+"/metadata"))
		v.left = nil
		if again := carry(v, page, at); v.left != nil || !strings.Contains(again, "does not belong to a sign-in") {
			t.Errorf("the same answer again: %v\n%.500s", v.left, again)
		}
		s.signOut(v, p)
	}
	p.answers(map[string]any{"encrypt": "0"})
	v := newVisitor(t)
	page, at := v.open(s.request("s2"))
	carry(v, page, at)
	equal(t, "error", v.answer("error"), "server_error")
	equal(t, "description", v.answer("error_description"), "Invalid SAML response received: SAML Assertion is not encrypted. ")
}

// signOut signs the visitor out, at the provider too.
func (s *samlSite) signOut(v *visitor, p *samlIDP) {
	s.t.Helper()
	page, at := v.open(s.base + "/logout?" + url.Values{"client_id": {s.config.ClientID}, "logout_uri": {signedOut}}.Encode())
	carry(v, page, at)
	if v.left == nil || v.left.String() != signedOut {
		s.t.Fatalf("after the sign-out at %v, %s:\n%.1500s", v.left, at, page)
	}
	file := filepath.Join(p.dir, "signed-out")
	text, err := os.ReadFile(file)
	ok(s.t, err)
	if !strings.HasPrefix(string(text), "Ana id-") {
		s.t.Errorf("the provider signed out %q", text)
	}
	ok(s.t, os.Remove(file))
}

// TestPySAML2SignsUsersOut has the provider end sessions of users: what came through them ends, without a word of the application.
func TestPySAML2SignsUsersOut(t *testing.T) {
	t.Parallel()
	s, p := startSAMLSite(t), startSAML(t)
	s.provide(p.base+"/metadata", map[string]string{"IDPSignout": "true"})
	p.write("sp.xml", s.description())
	enter := func(name string) (v *visitor, refreshToken string) {
		p.answers(map[string]any{"name": name, "attributes": map[string]any{"mail": []string{"a@example.com"}}})
		v = newVisitor(t)
		page, at := v.open(s.request("s-" + name))
		carry(v, page, at)
		tokens, err := s.config.Exchange(t.Context(), v.answer("code"))
		ok(t, err)
		return v, tokens.RefreshToken
	}
	renews := func(refreshToken string) bool {
		_, err := s.config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: refreshToken}).Token()
		return err == nil
	}
	demand := func(more url.Values) string { // in a browser that has no session here
		v := newVisitor(t)
		query := url.Values{"to": {s.base + "/saml2/logout"}, "audience": {"urn:amazon:cognito:sp:" + s.pool}}
		for key, value := range more {
			query[key] = value
		}
		page, at := v.open(p.base + "/logout?" + query.Encode())
		form := formWith(page, "SAMLRequest")
		if form == nil {
			t.Fatalf("no request: %.500s", page)
		}
		page, at = v.submit(at, form, nil)
		if again, _ := v.submit(at, form, nil); strings.Contains(again, "obeyed") {
			t.Error("a request is obeyed twice")
		}
		return page
	}
	ana, anas := enter("Ana")
	_, bobs := enter("Bob")
	for name, more := range map[string]url.Values{"not signed": {"sign": {"0"}}, "for another service": {"audience": {"urn:other"}, "to": {s.base + "/saml2/idpresponse"}}} {
		if page := demand(more); strings.Contains(page, "obeyed") {
			t.Errorf("%s: %s", name, page)
		}
	}
	demand(url.Values{"session": {"of-somebody-else"}})
	equal(t, "renewal before", renews(anas), true)
	if page := demand(nil); !strings.HasPrefix(page, "obeyed ") || !strings.HasSuffix(page, " kept") {
		t.Errorf("the answer: %.1500s", page)
	}
	equal(t, "renewal after", renews(anas), false)
	ana.left = nil
	ana.open(s.request("silent") + "&prompt=none")
	equal(t, "the browser's session", ana.answer("error"), "login_required")
	equal(t, "renewal of somebody else", renews(bobs), true)
}

// TestSAMLSignInThatTheProviderBegins accepts an unsolicited response, if the provider may send one.
func TestSAMLSignInThatTheProviderBegins(t *testing.T) {
	t.Parallel()
	s, p := startSAMLSite(t), startSAML(t)
	s.provide(p.base+"/metadata", map[string]string{"IDPInit": "true"})
	p.write("sp.xml", s.description())
	start := func(relay url.Values) (*visitor, string) {
		v := newVisitor(t)
		page, at := v.open(p.base + "/start?" + url.Values{"to": {s.base + "/saml2/idpresponse"}, "audience": {"urn:amazon:cognito:sp:" + s.pool}, "relay": {relay.Encode()}}.Encode())
		return v, carry(v, page, at)
	}
	relay := url.Values{"identity_provider": {"Corp"}, "client_id": {s.config.ClientID}, "redirect_uri": {relyingParty}, "response_type": {"code"}, "scope": {"openid email"}}
	v, _ := start(relay)
	equal(t, "state", v.left.Query().Has("state"), false)
	equal(t, "email", s.claims(v)["email"], any("ana@example.com"))
	for name, change := range map[string]url.Values{"another client": {"client_id": {"none"}}, "another address": {"redirect_uri": {"https://evil.example.com/"}}} {
		wrong := url.Values{}
		for key, value := range relay {
			wrong[key] = value
		}
		for key, value := range change {
			wrong[key] = value
		}
		if v, page := start(wrong); v.left != nil {
			t.Errorf("%s: goes to %s\n%s", name, v.left, page)
		}
	}
	_, err := s.Users(harness.Admin).UpdateIdentityProvider(t.Context(), &cip.UpdateIdentityProviderInput{UserPoolId: &s.pool, ProviderName: aws.String("Corp"),
		ProviderDetails: map[string]string{"MetadataURL": p.base + "/metadata"}})
	ok(t, err)
	if v, page := start(relay); v.left != nil || !strings.Contains(page, "does not belong to a sign-in") {
		t.Errorf("without IDPInit: %v\n%.1500s", v.left, page)
	}
}

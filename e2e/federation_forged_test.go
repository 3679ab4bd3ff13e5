package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

var providerLink = regexp.MustCompile(`<a class="button[^"]*idpButton[^"]*" href="([^"]*)"`)

// answerOf takes a visitor through a provider, and returns the address with the answer, which the visitor does not open.
func (s *federationSite) answerOf(v *visitor, provider, user string) string {
	s.t.Helper()
	follow := v.client.CheckRedirect
	defer func() { v.client.CheckRedirect = follow }()
	v.client.CheckRedirect = func(r *http.Request, before []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/oauth2/idpresponse") {
			v.left = r.URL
			return http.ErrUseLastResponse
		}
		return follow(r, before)
	}
	page, at := v.open(s.ask("/oauth2/authorize", "identity_provider", provider, "redirect_uri", relyingParty))
	v.atPartner(page, at, user)
	return v.left.String()
}

// atPartner answers the questions of oidc-provider until the visitor leaves, or is somewhere else.
func (v *visitor) atPartner(page string, at *url.URL, user string) (string, *url.URL) {
	v.t.Helper()
	for range 4 {
		form := formWith(page, "login", "prompt")
		if v.left != nil || form == nil {
			break
		}
		page, at = v.submit(at, form, map[string]string{"login": user, "password": "any"})
	}
	return page, at
}

// Answers that are forged in the ways in which others were fooled. None gives a code.
func TestForgedAnswersOfProviders(t *testing.T) {
	t.Parallel()
	s := startFederation(t, "localhost")
	refused := func(what string, v *visitor, address, text string) {
		t.Helper()
		page, at := v.open(address)
		if v.left != nil || !strings.Contains(page, text) {
			t.Errorf("%s: left to %v, at %s\n%.500s", what, v.left, at, page)
		}
	}
	toApp := func(what string, v *visitor, address, errorText string) {
		t.Helper()
		v.open(address)
		if v.left == nil || v.left.Query().Has("code") || !strings.HasPrefix(v.left.Query().Get("error_description"), errorText) {
			t.Errorf("%s: left to %v, want %s", what, v.left, errorText)
		}
	}
	const noSignIn = "does not belong to a sign-in in this browser"

	victim, attacker := newVisitor(t), newVisitor(t)
	answer := s.answerOf(attacker, "Acme", "mallory")
	refused("login CSRF: the attacker's answer in the victim's browser (RFC 6749 section 10.12)", victim, answer, noSignIn)
	s.answerOf(victim, "Acme", "ada")
	refused("the same, in a browser that is signing in (RFC 9700 section 4.7)", victim, answer, noSignIn)
	attacker.open(answer)
	if attacker.answer("code") == "" {
		t.Error("the answer does not count in its own browser any more")
	}
	refused("replay of code and state (Trail of Bits on caddy-security, 2023)", attacker, answer, noSignIn)

	// Mix-up (Fett, Küsters, Schmitz 2016; RFC 9207): the victim began with one provider, the answer is of another.
	mine, theirs := newVisitor(t), newVisitor(t)
	honest, err := url.Parse(s.answerOf(mine, "Acme", "ada"))
	ok(t, err)
	other, err := url.Parse(s.answerOf(theirs, "AcmeBasic", "mallory"))
	ok(t, err)
	mixed := func(change func(q url.Values)) string {
		q := honest.Query()
		change(q)
		return s.URL + "/" + s.pool + "/oauth2/idpresponse?" + q.Encode()
	}
	toApp("the issuer of another provider", mine, mixed(func(q url.Values) { q.Set("iss", "https://evil.example.com") }),
		"Acme Error - the answer is of another issuer")
	mine = newVisitor(t)
	honest, err = url.Parse(s.answerOf(mine, "Acme", "ada"))
	ok(t, err)
	toApp("a code of another client (code injection, RFC 9700 section 4.5)", mine, mixed(func(q url.Values) { q.Set("code", other.Query().Get("code")) }),
		"Acme Error - 400 invalid_grant")
	mine = newVisitor(t)
	honest, err = url.Parse(s.answerOf(mine, "Acme", "ada"))
	ok(t, err)
	code := s.answerOf(mine, "Acme", "ada") // a second sign-in of the same user: another nonce, another code_challenge
	again, err := url.Parse(code)
	ok(t, err)
	toApp("a code of another request of the same user (PKCE; RFC 9700 section 4.5)", mine, mixed(func(q url.Values) { q.Set("code", again.Query().Get("code")) }),
		"Acme Error - 400 invalid_grant")
	refused("two states", mine, s.URL+"/"+s.pool+"/oauth2/idpresponse?"+again.RawQuery+"&state=x", noSignIn)
	refused("no state", mine, s.URL+"/"+s.pool+"/oauth2/idpresponse?code=x", noSignIn)
}

// A provider's user does not become a user of the pool who has the same address, verified or not (nOAuth, Descope 2023; Flickr 2021).
func TestNobodyTakesAnAccountOverByItsAddress(t *testing.T) {
	t.Parallel()
	s := startFederation(t, "localhost")
	admin, ctx := s.Users(harness.Admin), t.Context()
	owner, err := admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &s.pool, Username: aws.String("owner"), MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("unverified1@example.com")}, {Name: aws.String("email_verified"), Value: aws.String("true")}}})
	ok(t, err)
	ownerSub := ""
	for _, a := range owner.User.Attributes {
		if *a.Name == "sub" {
			ownerSub = *a.Value
		}
	}
	for _, provider := range []string{"Acme", "Facebook"} {
		v := newVisitor(t)
		page, at := v.open(s.ask("/oauth2/authorize", "identity_provider", provider, "redirect_uri", relyingParty))
		v.atPartner(page, at, "unverified1")
		claims := s.redeem(v.answer("code"), relyingParty)
		if ownerSub == "" || claims["sub"] == ownerSub || claims["email_verified"] != false || claims["cognito:username"] == "owner" {
			t.Errorf("%s: %v", provider, claims)
		}
	}
	got, err := admin.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &s.pool, Username: aws.String("owner")})
	ok(t, err)
	for _, a := range got.UserAttributes {
		if *a.Name == "identities" {
			t.Errorf("the owner is linked: %s", *a.Value)
		}
	}
}

// A session at the edge is like any other, regardless of the provider.
func TestAFederatedUserAtTheEdge(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "")
	const pool, client = "us-east-1_notes0001", "1example23456789abcdefghij"
	partner := startPartner(t, map[string]any{"redirect": e.URL + "/" + pool + "/oauth2/idpresponse", "host": "localhost"})
	admin, ctx := e.Users(harness.Admin), t.Context()
	_, err := admin.CreateIdentityProvider(ctx, &cip.CreateIdentityProviderInput{UserPoolId: aws.String(pool), ProviderName: aws.String("Acme"), ProviderType: "OIDC",
		AttributeMapping: map[string]string{"email": "email"}, ProviderDetails: map[string]string{"client_id": "post", "client_secret": partnerSecret,
			"authorize_scopes": "openid email", "attributes_request_method": "GET", "oidc_issuer": partner.url}})
	ok(t, err)
	c, err := admin.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: aws.String(pool), ClientId: aws.String(client)})
	ok(t, err)
	text, err := json.Marshal(c.UserPoolClient)
	ok(t, err)
	update := cip.UpdateUserPoolClientInput{}
	ok(t, json.Unmarshal(text, &update))
	update.SupportedIdentityProviders = []string{"Acme"}
	_, err = admin.UpdateUserPoolClient(ctx, &update)
	ok(t, err)

	v := newVisitor(t)
	v.client.Transport = navigating{}
	page, at := v.open(e.URL + "/echo/who")
	link := providerLink.FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no button at %s:\n%s", at, page)
	}
	to, err := at.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
	ok(t, err)
	page, at = v.open(to.String())
	page, at = v.atPartner(page, at, "ada")
	equal(t, "address", at.String(), e.URL+"/echo/who")
	if !strings.Contains(page, `"X-User-Name":["acme_ada"]`) {
		t.Errorf("the application gets %s", page)
	}
	_, err = admin.AdminUserGlobalSignOut(ctx, &cip.AdminUserGlobalSignOutInput{UserPoolId: aws.String(pool), Username: aws.String("acme_ada")})
	ok(t, err)
	inForce(t, e.Sluice, "the sign-out", func() bool { return e.status(v, e.URL, "/echo/who") == http.StatusUnauthorized })
}

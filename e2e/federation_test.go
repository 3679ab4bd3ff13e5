package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const partnerSecret = "secret-of-the-client-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"

// partner is oidc-provider, as a provider of OpenID Connect and in the shapes of the social providers.
type partner struct{ url string }

func startPartner(t *testing.T, settings map[string]any) *partner {
	t.Helper()
	text, err := json.Marshal(settings)
	ok(t, err)
	node, err := exec.LookPath("node")
	ok(t, err)
	p := harness.Run(t, filepath.Join(harness.Root(), "e2e", "oidcprovider"), nil, node, "provider.mjs", string(text))
	var url string
	p.Await(t, func() bool {
		url = address.FindString(p.Log())
		return url != ""
	})
	return &partner{strings.TrimSpace(url)}
}

// address is the line that a provider writes when it listens.
var address = regexp.MustCompile(`(?m)^http://\S+:[0-9]+\n`)

// federationSite is a pool whose users come from providers.
type federationSite struct {
	*loginSite
	partner *partner
	apple   *ecdsa.PrivateKey
}

// startFederation starts Sluice with a pool, and oidc-provider at a host name with a client for each of the pool's providers.
func startFederation(t *testing.T, host string) *federationSite {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!doctype html><title>app</title><p id=arrived>arrived")
	}))
	t.Cleanup(app.Close)
	s := &federationSite{loginSite: &loginSite{Sluice: harness.Start(t, harness.Config{Global: "outbound_networks 127.0.0.0/8 ::1/128"}), t: t, app: strings.Replace(app.URL, "127.0.0.1", "localhost", 1) + "/callback"}}
	admin, ctx := s.Users(harness.Admin), t.Context()
	pool, err := admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("people"), UserPoolTier: types.UserPoolTierTypePlus,
		UserPoolAddOns: &types.UserPoolAddOnsType{AdvancedSecurityMode: types.AdvancedSecurityModeTypeAudit}})
	ok(t, err)
	s.pool = *pool.UserPool.Id
	s.startPartner(host, s.URL+"/"+s.pool+"/oauth2/idpresponse")
	names := s.createProviders()
	c, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &s.pool, ClientName: aws.String("app"),
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email", "profile"},
		CallbackURLs: []string{s.app, relyingParty}, LogoutURLs: []string{s.app}, SupportedIdentityProviders: names})
	ok(t, err)
	s.clients[0] = *c.UserPoolClient.ClientId
	return s
}

// startPartner starts oidc-provider at a host name, with a client for each of the pool's providers.
func (s *federationSite) startPartner(host, redirect string) {
	s.t.Helper()
	var err error
	s.apple, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(s.t, err)
	public, err := x509.MarshalPKIXPublicKey(s.apple.Public())
	ok(s.t, err)
	client := func(id string) map[string]any { return map[string]any{"client_id": id} }
	s.partner = startPartner(s.t, map[string]any{"redirect": redirect, "host": host,
		"apple":   string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"clients": []any{client("google"), client("facebook"), client("amazon"), client("apple")}})
}

// createProviders creates the pool's providers, and returns what a client of all of them supports.
func (s *federationSite) createProviders() []string {
	s.t.Helper()
	names := []string{"COGNITO"}
	for _, in := range s.providers() {
		in.UserPoolId = &s.pool
		_, err := s.Users(harness.Admin).CreateIdentityProvider(s.t.Context(), &in)
		ok(s.t, err)
		names = append(names, *in.ProviderName)
	}
	return names
}

// providers are a provider of each type, and of each way to authenticate.
func (s *federationSite) providers() []cip.CreateIdentityProviderInput {
	at := s.partner.url
	private, err := x509.MarshalPKCS8PrivateKey(s.apple)
	ok(s.t, err)
	standard := map[string]string{"email": "email", "email_verified": "email_verified", "name": "name"}
	oidc := func(name, client, method string) cip.CreateIdentityProviderInput {
		return cip.CreateIdentityProviderInput{ProviderName: aws.String(name), ProviderType: "OIDC", AttributeMapping: standard,
			IdpIdentifiers: []string{strings.ToLower(name) + ".example.com"},
			ProviderDetails: map[string]string{"client_id": client, "client_secret": partnerSecret, "authorize_scopes": "openid email profile",
				"attributes_request_method": "GET", "oidc_issuer": at, "token_endpoint_auth_method": method}}
	}
	social := func(name, client, scopes, token, info string, mapping map[string]string, more map[string]string) cip.CreateIdentityProviderInput {
		details := map[string]string{"client_id": client, "client_secret": partnerSecret, "authorize_scopes": scopes, "authorize_url": at + "/auth",
			"token_url": at + token, "attributes_url": at + info, "oidc_issuer": at, "jwks_uri": at + "/jwks"}
		for key, value := range more {
			if details[key] = value; value == "" {
				delete(details, key)
			}
		}
		return cip.CreateIdentityProviderInput{ProviderName: aws.String(name), ProviderType: types.IdentityProviderTypeType(name), AttributeMapping: mapping, ProviderDetails: details}
	}
	return []cip.CreateIdentityProviderInput{
		oidc("Acme", "post", "client_secret_post"), oidc("AcmeBasic", "basic", "client_secret_basic"), oidc("AcmeJWT", "jwt", "client_secret_jwt"),
		oidc("AcmeMAC", "mac", "client_secret_post"), oidc("AcmeEC", "elliptic", "client_secret_post"),
		social("Google", "google", "openid email profile", "/token", "/google/people?personFields=", map[string]string{"email": "email",
			"email_verified": "email_verified", "gender": "gender", "birthdate": "birthdays"}, nil),
		social("Facebook", "facebook", "public_profile email", "/facebook/token", "/facebook/me?fields=", map[string]string{"email": "email", "name": "name"},
			map[string]string{"oidc_issuer": ""}),
		social("LoginWithAmazon", "amazon", "profile", "/token", "/amazon/profile", map[string]string{"email": "email", "name": "name"}, map[string]string{"oidc_issuer": ""}),
		social("SignInWithApple", "apple", "openid name email", "/apple/token", "", map[string]string{"email": "email", "given_name": "firstName", "family_name": "lastName"},
			map[string]string{"client_secret": "", "attributes_url": "", "team_id": "TEAM123456", "key_id": "KEY1234567", "private_key": base64.StdEncoding.EncodeToString(private)}),
	}
}

// ask is the address of an endpoint with the app's request.
func (s *federationSite) ask(path string, more ...string) string {
	q := url.Values{"client_id": {s.clients[0]}, "redirect_uri": {s.app}, "response_type": {"code"}, "scope": {"openid email profile"}, "state": {"s1"}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return s.URL + "/" + s.pool + path + "?" + q.Encode()
}

// through goes to a provider, signs in there if it asks, consents, and comes back to the app with tokens.
func (s *federationSite) through(provider, user string) map[string]any {
	s.t.Helper()
	s.visit(s.ask("/oauth2/authorize", "identity_provider", provider))
	s.atPartner(user)
	return s.tokens()
}

// atPartner answers the questions of oidc-provider until the browser is at the app.
func (s *federationSite) atPartner(user string) {
	s.t.Helper()
	for range 4 {
		s.b.Await(`document.querySelector("#arrived, form [name=login], form [name=prompt][value=consent]")`)
		var at string
		s.b.Evaluate(`document.querySelector("#arrived") ? "app" : document.querySelector("[name=login]") ? "login" : "consent"`, &at)
		switch at {
		case "app":
			return
		case "login":
			s.b.Fill("login", user)
			s.b.Fill("password", "any")
		}
		s.b.Evaluate(`window.old = true; document.querySelector("form button[type=submit]").click()`, nil)
		s.b.Await("!window.old")
	}
	s.t.Fatal("the browser did not come back")
}

// tokens redeems the code that the app got and returns the claims of the ID token.
func (s *federationSite) tokens() map[string]any {
	s.t.Helper()
	back := s.arrival()
	if back.Get("code") == "" {
		s.t.Fatalf("the app got %v", back)
	}
	equal(s.t, "state", back.Get("state"), "s1")
	return s.redeem(back.Get("code"), s.app)
}

// redeem returns the claims of the ID token for a code.
func (s *federationSite) redeem(code, redirectURI string) map[string]any {
	s.t.Helper()
	answer, err := http.PostForm(s.URL+"/"+s.pool+"/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {s.clients[0]},
		"code": {code}, "redirect_uri": {redirectURI}})
	ok(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	var set struct {
		ID string `json:"id_token"`
	}
	body, err := io.ReadAll(answer.Body)
	ok(s.t, err)
	ok(s.t, json.Unmarshal(body, &set))
	parts := strings.Split(set.ID, ".")
	if len(parts) != 3 {
		s.t.Fatalf("no ID token: %s", body)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	ok(s.t, err)
	var claims map[string]any
	ok(s.t, json.Unmarshal(text, &claims))
	return claims
}

// TestChromiumSignsInThroughEveryProvider goes through oidc-provider with each type of provider and each way to authenticate. The provider
// is on another site, so that its forms come without SameSite cookies.
func TestChromiumSignsInThroughEveryProvider(t *testing.T) {
	t.Parallel()
	s := startFederation(t, "127.0.0.1")
	s.b = harness.StartBrowser(t, "about:blank")
	for _, c := range []struct{ provider, subject, attribute, value string }{
		{"Acme", "ada", "name", "ada Lovelace"},
		{"AcmeBasic", "ada", "email", "ada@example.com"},
		{"AcmeJWT", "ada", "email", "ada@example.com"},
		{"AcmeMAC", "ada", "email", "ada@example.com"},
		{"AcmeEC", "ada", "email", "ada@example.com"},
		{"Google", "ada", "gender", "female"},
		{"Facebook", "10003", "email", "ada@example.com"},
		{"LoginWithAmazon", "amzn1.account.ada", "name", "ada Lovelace"},
		{"SignInWithApple", "ada", "given_name", "Ada"},
	} {
		claims := s.through(c.provider, "ada")
		list, _ := claims["identities"].([]any)
		if len(list) != 1 {
			t.Fatalf("%s: identities %v", c.provider, claims["identities"])
		}
		identity, _ := list[0].(map[string]any)
		equal(t, c.provider+": userId", identity["userId"], any(c.subject))
		equal(t, c.provider+": providerName", identity["providerName"], any(c.provider))
		equal(t, c.provider+": "+c.attribute, claims[c.attribute], any(c.value))
		if c.provider == "SignInWithApple" { // the address is that of the ID token, not of the form
			equal(t, "email", claims["email"], any("ada@example.com"))
		}
	}
	history, err := s.Users(harness.Admin).AdminListUserAuthEvents(t.Context(), &cip.AdminListUserAuthEventsInput{UserPoolId: &s.pool, Username: aws.String("Google_ada")})
	ok(t, err)
	if len(history.AuthEvents) != 1 {
		t.Fatalf("history: %+v", history.AuthEvents)
	}
	event := history.AuthEvents[0]
	if event.EventType != "SignIn" || event.EventResponse != "Pass" || event.EventRisk.RiskDecision != "NoRisk" || len(event.ChallengeResponses) != 0 || !strings.Contains(*event.EventContextData.DeviceName, "Chrome") {
		t.Errorf("history: %+v %+v", event, *event.EventContextData.DeviceName)
	}
	for _, line := range []string{`provider_type="Google",result="ok"} 1`, `provider_type="OIDC",result="ok"} 5`} {
		if text := s.Metrics(t); !strings.Contains(text, "sluice_federated_sign_ins_total{"+line) {
			t.Errorf("no %s in the metrics:\n%s", line, text)
		}
	}
	answer, err := http.Get(s.partner.url + "/asked")
	ok(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	ok(t, err)
	equal(t, "token requests of Facebook", string(body), `[["facebook","GET","facebook"]]`)
}

// The login page has a button for each provider, remembers the last one, and finds one by the domain of an address.
func TestChromiumChoosesAProviderOnTheLoginPage(t *testing.T) {
	t.Parallel()
	s := startFederation(t, "127.0.0.1")
	s.b = harness.StartBrowser(t, "about:blank")
	s.b.Open(s.ask("/login"))
	s.b.Await(`document.querySelector(".providers a")`)
	var labels string
	read := `[...document.querySelectorAll(".providers a")].map((a) => a.innerText.replace(/\s+/g, " ").trim()).join("|")`
	s.b.Evaluate(read, &labels)
	equal(t, "buttons", labels, "Continue with Acme|Continue with AcmeBasic|Continue with AcmeJWT|Continue with AcmeMAC|Continue with AcmeEC|"+
		"Continue with Google|Continue with Facebook|Continue with Amazon|Continue with Apple")
	s.b.Evaluate(`window.old = true; [...document.querySelectorAll(".providers a")].find((a) => a.innerText.includes("Google")).click()`, nil)
	s.b.Await("!window.old")
	s.atPartner("grace")
	s.tokens()
	s.leave()
	s.b.Open(s.ask("/login"))
	s.b.Await(`document.querySelector(".providers a")`)
	s.b.Evaluate(read, &labels)
	if !strings.HasPrefix(labels, "Continue with Google Used last time|Continue with Acme|") {
		t.Errorf("after a sign-in: %s", labels)
	}
	// The session is reused for its own provider only.
	s.visit(s.ask("/oauth2/authorize", "idp_identifier", "acme.example.com"))
	s.atPartner("grace")
	s.tokens()
	s.visit(s.ask("/oauth2/authorize", "identity_provider", "Acme", "prompt", "none"))
	s.b.Await(`document.querySelector("#arrived")`)
	s.tokens()
	s.b.Open(s.ask("/oauth2/authorize", "identity_provider", "Gone"))
	s.b.Await(`document.body.innerText.includes("This way to sign in is not available")`)
}

// visit opens an address, and waits until the page from before is gone.
func (s *federationSite) visit(address string) {
	s.t.Helper()
	s.b.Evaluate("window.old = true", nil)
	s.b.Open(address)
	s.b.Await("!window.old")
}

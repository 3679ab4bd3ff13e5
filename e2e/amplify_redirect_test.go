package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// fromRedirect is what the functions of amplify/redirect.mjs return.
type fromRedirect struct {
	Error, Message, Access, Username, Email, Event, Data string
}

// amplifySite is an app with Amplify at /browser/ of Sluice, and a pool's domain with a certificate of Caddy's internal authority: Amplify
// asks for https.
type amplifySite struct {
	*domainSite
	t          *testing.T
	b          *harness.Browser
	home, host string // of the app; of the pool's domain
	dir        string // of the app's files
}

func startAmplify(t *testing.T, edit func(caddyfile string) string) *amplifySite {
	t.Helper()
	s := &amplifySite{t: t, dir: filepath.Join(t.TempDir(), "browser")}
	ok(t, os.Mkdir(s.dir, 0o755))
	script(t, "amplify", "redirect.mjs", filepath.Join(s.dir, "app.js"))
	ok(t, os.WriteFile(filepath.Join(s.dir, "index.html"), []byte(`<!doctype html><title>app</title><script type="module" src="app.js"></script><p id=arrived>app`), 0o600))
	s.domainSite = startDomains(t, func(text string) string {
		return strings.Replace(edit(text), "\t@welcome {", "\thandle /browser/* {\n\t\troot "+filepath.Dir(s.dir)+"\n\t\tfile_server\n\t}\n\t@welcome {", 1)
	})
	_, err := s.Users(harness.Admin).CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: aws.String(harness.Pool), Domain: aws.String("notes")})
	ok(t, err)
	s.home, s.host = s.URL+"/browser/", fmt.Sprintf("notes.auth.localhost:%d", s.port)
	return s
}

// open makes the app's client, with the providers, and opens the app.
func (s *amplifySite) open(providers ...string) {
	s.t.Helper()
	client, err := s.Users(harness.Admin).CreateUserPoolClient(s.t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: aws.String(harness.Pool), ClientName: aws.String("amplify"),
		ExplicitAuthFlows:               []types.ExplicitAuthFlowsType{"ALLOW_REFRESH_TOKEN_AUTH"},
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, CallbackURLs: []string{s.home}, LogoutURLs: []string{s.home},
		AllowedOAuthScopes: []string{"openid", "email", "aws.cognito.signin.user.admin"}, SupportedIdentityProviders: providers})
	ok(s.t, err)
	settings, err := json.Marshal(map[string]string{"pool": harness.Pool, "client": *client.UserPoolClient.ClientId, "domain": s.host})
	ok(s.t, err)
	ok(s.t, os.WriteFile(filepath.Join(s.dir, "settings.json"), settings, 0o600))
	s.b = harness.StartBrowser(s.t, "about:blank")
	s.b.TrustAll()
	s.b.Open(s.home)
}

func (s *amplifySite) call(function string, args ...any) (got fromRedirect) {
	s.t.Helper()
	s.b.Call(function, &got, args...)
	return got
}

// away calls a function that goes to Sluice and, without a page, back.
func (s *amplifySite) away(function string, args ...any) {
	s.t.Helper()
	s.leave(function, args...)
	s.b.Await(`location.pathname === "/browser/"`)
}

// leave calls a function that goes to another page, and waits until this one is gone.
func (s *amplifySite) leave(function string, args ...any) {
	s.t.Helper()
	s.b.Evaluate("window.old = true", nil)
	s.call(function, args...)
	s.b.Await("!window.old")
}

// TestAmplifySignInWithRedirect signs in and out with Amplify and the login pages.
func TestAmplifySignInWithRedirect(t *testing.T) {
	t.Parallel()
	s := startAmplify(t, func(text string) string { return text })
	makeUser(t, s.Sluice, "ada")
	s.open("COGNITO")
	s.call("enter", map[string]string{"lang": "de", "loginHint": "ada"})
	s.b.Await(`document.documentElement.lang === "de" && document.querySelector("[name=username]").value === "ada"`)
	s.b.Fill("password", password)
	s.b.Submit("signin", "")
	if got := s.call("event", "customOAuthState"); got.Data != "deep/link?a=b" {
		t.Errorf("state: %+v", got)
	}
	if got := s.call("user"); got.Username != "ada" || got.Email != "ada@example.com" {
		t.Errorf("user: %+v", got)
	}
	first := s.call("session")
	renewed := s.call("renew")
	if renewed.Access == "" || renewed.Access == first.Access || harness.Claims(t, renewed.Access)["sub"] != harness.Claims(t, first.Access)["sub"] {
		t.Errorf("renewed: %+v", renewed)
	}
	s.away("enter", map[string]string{"prompt": "NONE"}) // the session answers
	s.call("event", "signInWithRedirect")
	if got := s.call("session"); got.Access == "" || got.Access == renewed.Access {
		t.Errorf("without a page: %+v", got)
	}
	s.away("leave")
	if got := s.call("user"); got.Error != "UserUnAuthenticatedException" {
		t.Errorf("after the sign-out: %+v", got)
	}
	s.away("enter", map[string]string{"prompt": "NONE"})
	if got := s.call("event", "signInWithRedirect_failure"); !strings.Contains(got.Data, "login_required") {
		t.Errorf("without a session: %+v", got)
	}
}

// TestAmplifySignsInThroughProviders signs in and out through each provider that Amplify knows by name, and one that it does not. The
// providers are oidc-provider.
func TestAmplifySignsInThroughProviders(t *testing.T) {
	t.Parallel()
	url := regexp.MustCompile(`public_url \S+`)
	s := startAmplify(t, func(text string) string { // the providers send the browser back by https, too
		return url.ReplaceAllString(text, "public_url https://localhost:HTTPS_PORT\n\t\toutbound_networks 127.0.0.0/8 ::1/128")
	})
	f := &federationSite{loginSite: &loginSite{Sluice: s.Sluice, t: t, pool: harness.Pool}}
	f.startPartner("127.0.0.1", "https://"+s.host+"/oauth2/idpresponse")
	s.open(f.createProviders()...)
	f.b = s.b
	for name, provider := range map[string]any{"google_ada": "Google", "facebook_10003": "Facebook", "loginwithamazon_amzn1.account.ada": "Amazon",
		"signinwithapple_ada": "Apple", "acme_ada": map[string]string{"custom": "Acme"}} {
		s.leave("enter", nil, provider)
		f.atPartner("ada")
		if got := s.call("event", "customOAuthState"); got.Data != "deep/link?a=b" {
			t.Errorf("%v: state %+v", provider, got)
		}
		if got := s.call("user"); got.Username != name || got.Email != "ada@example.com" {
			t.Errorf("%v: user %+v", provider, got)
		}
		if first, renewed := s.call("session"), s.call("renew"); renewed.Access == "" || renewed.Access == first.Access {
			t.Errorf("%v: renewed %+v", provider, renewed)
		}
		s.away("leave")
		if got := s.call("user"); got.Error != "UserUnAuthenticatedException" {
			t.Errorf("%v: after the sign-out: %+v", provider, got)
		}
		s.away("enter", map[string]string{"prompt": "NONE"}, provider)
		if got := s.call("event", "signInWithRedirect_failure"); !strings.Contains(got.Data, "login_required") {
			t.Errorf("%v: without a session: %+v", provider, got)
		}
	}
}

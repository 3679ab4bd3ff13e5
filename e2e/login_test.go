package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// loginSite is a Sluice with a pool, two apps, and a browser.
type loginSite struct {
	*harness.Sluice
	t       *testing.T
	b       *harness.Browser
	pool    string
	clients [2]string
	app     string // the redirect URI of both apps
}

// startLogin starts a Sluice with a pool whose users choose how they sign in, if factors are given.
func startLogin(t *testing.T, factors ...types.AuthFactorType) *loginSite {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<!doctype html><title>app</title><p id=arrived>%s", url.QueryEscape(r.URL.Query().Get("code")))
	}))
	t.Cleanup(app.Close)
	s := &loginSite{Sluice: harness.Start(t, harness.Config{}), t: t, app: strings.Replace(app.URL, "127.0.0.1", "localhost", 1) + "/callback"}
	admin, ctx := s.Users(harness.Admin), t.Context()
	in := &cip.CreateUserPoolInput{PoolName: aws.String("people"), AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		Schema: []types.SchemaAttributeType{{Name: aws.String("email"), Required: aws.Bool(true)}, {Name: aws.String("birthdate"), Required: aws.Bool(true)}}}
	if len(factors) > 0 {
		in.Policies = &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: factors}}
	}
	pool, err := admin.CreateUserPool(ctx, in)
	ok(t, err)
	s.pool = *pool.UserPool.Id
	_, err = admin.SetUserPoolMfaConfig(ctx, &cip.SetUserPoolMfaConfigInput{UserPoolId: &s.pool, MfaConfiguration: types.UserPoolMfaTypeOptional,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		WebAuthnConfiguration:         &types.WebAuthnConfigurationType{RelyingPartyId: aws.String("localhost")}})
	ok(t, err)
	flows := []types.ExplicitAuthFlowsType{"ALLOW_REFRESH_TOKEN_AUTH"}
	if len(factors) > 0 {
		flows = append(flows, "ALLOW_USER_AUTH")
	}
	for i := range s.clients {
		c, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &s.pool, ClientName: aws.String(fmt.Sprintf("app %d", i+1)),
			ExplicitAuthFlows: flows, PreventUserExistenceErrors: "ENABLED", AllowedOAuthFlowsUserPoolClient: true,
			AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email"}, CallbackURLs: []string{s.app}, LogoutURLs: []string{s.app},
			SupportedIdentityProviders: []string{"COGNITO"}})
		ok(t, err)
		s.clients[i] = *c.UserPoolClient.ClientId
	}
	return s
}

// query is the authorization request of an app.
func (s *loginSite) query(app int) string {
	return "?" + url.Values{"client_id": {s.clients[app]}, "redirect_uri": {s.app}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"s1"}}.Encode()
}

// page is the address of a page.
func (s *loginSite) page(path string, app int) string {
	return s.URL + "/" + s.pool + path + s.query(app)
}

// wantArrived waits until the browser is at the app with a code.
func (s *loginSite) wantArrived() {
	s.t.Helper()
	s.b.Await(`document.querySelector("#arrived")?.textContent.length > 8`)
}

// leave opens another page and forgets the cookies of the browser's session.
func (s *loginSite) leave() {
	s.t.Helper()
	s.b.Open(s.URL + "/" + s.pool + "/logout?client_id=" + s.clients[0] + "&logout_uri=" + url.QueryEscape(s.app))
	s.b.Await(`document.title === "app"`)
}

func (s *loginSite) signUp(name string) {
	s.t.Helper()
	s.b.Open(s.page("/signup", 0))
	s.b.Fill("username", name)
	s.b.Fill("requiredAttributes[email]", name+"@example.com")
	s.b.Evaluate(`document.querySelector('[name="requiredAttributes[birthdate]"]').value = "1990-02-28"`, nil)
	s.b.Fill("password", password)
	s.b.Fill("confirm_password", password)
	s.b.Submit("signup", "")
	s.b.Fill("code", s.OutboxCode(s.t, name+"@example.com", 1))
	s.b.Submit("confirm", "")
}

// TestLoginPages takes Chromium through the pages with a password, with scripts and without.
func TestLoginPages(t *testing.T) {
	t.Parallel()
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startLogin(t)
			s.b = harness.StartBrowser(t, "about:blank")
			s.b.Scripts(scripts)
			s.signUp("ada")
			s.wantArrived()

			s.b.Open(s.URL + "/" + s.pool + "/oauth2/authorize" + s.query(1)) // another app: the session serves it
			s.wantArrived()

			s.leave()
			s.b.Open(s.URL + "/" + s.pool + "/oauth2/authorize" + s.query(0))
			s.b.Fill("username", "ada")
			s.b.Fill("password", "Wrong-password-1")
			s.b.Submit("signin", "")
			s.b.Await(`document.querySelector("[role=alert]") && document.querySelector("[name=username]").value === "ada"`)
			s.b.Fill("password", password)
			s.b.Submit("signin", "")
			s.wantArrived()

			s.leave()
			s.b.Open(s.page("/forgotPassword", 0))
			s.b.Fill("username", "ada")
			s.b.Submit("forgot", "")
			s.b.Fill("code", s.OutboxCode(t, "ada@example.com", 2))
			s.b.Fill("password", "New-password-1")
			s.b.Fill("confirm_password", "New-password-1")
			s.b.Submit("reset", "")
			s.wantArrived()
		})
	}
}

// TestLoginNewPasswordAndAuthenticatorApp takes Chromium through a forced new password and the set-up of an authenticator app.
func TestLoginNewPasswordAndAuthenticatorApp(t *testing.T) {
	t.Parallel()
	s := startLogin(t)
	admin, ctx := s.Users(harness.Admin), t.Context()
	_, err := admin.SetUserPoolMfaConfig(ctx, &cip.SetUserPoolMfaConfigInput{UserPoolId: &s.pool, MfaConfiguration: types.UserPoolMfaTypeOn,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true}})
	ok(t, err)
	_, err = admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &s.pool, Username: aws.String("bob"), TemporaryPassword: aws.String(password),
		MessageAction: "SUPPRESS", UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("bob@example.com")}}})
	ok(t, err)
	s.b = harness.StartBrowser(t, s.page("/login", 0))
	s.b.Fill("username", "bob")
	s.b.Fill("password", password)
	s.b.Submit("signin", "")
	s.b.Evaluate(`document.querySelector('[name="requiredAttributes[birthdate]"]').value = "1990-02-28"`, nil)
	s.b.Fill("password", "New-password-1")
	s.b.Fill("confirm_password", "New-password-1")
	s.b.Submit("newpassword", "")
	s.b.Await(`document.querySelector("svg")`)
	var secret string
	s.b.Evaluate(`document.querySelector("code.key").textContent.replace(/\s/g, "")`, &secret)
	s.b.Fill("code", totpCode(t, secret, time.Now()))
	s.b.Submit("totp", "")
	s.wantArrived()

	s.leave()
	s.b.Open(s.page("/login", 0))
	s.b.Fill("username", "bob")
	s.b.Fill("password", "New-password-1")
	s.b.Submit("signin", "")
	s.b.Fill("code", totpCode(t, secret, time.Now().Add(30*time.Second)))
	s.b.Submit("code", "")
	s.wantArrived()
}

// TestLoginPasskeys makes a passkey after a sign-up and signs in with it, with codes, and with the password.
func TestLoginPasskeys(t *testing.T) {
	t.Parallel()
	s := startLogin(t, types.AuthFactorTypePassword, types.AuthFactorTypeEmailOtp, types.AuthFactorTypeWebAuthn)
	s.b = harness.StartBrowser(t, "about:blank")
	s.signUp("ada")
	s.b.Submit("addpasskey", "")
	s.wantArrived()

	s.leave()
	s.b.Open(s.page("/login", 0)) // the browser offers the passkey at once, and the authenticator takes it
	s.wantArrived()

	s.leave()
	s.b.Scripts(false)
	s.b.Open(s.page("/login", 0))
	s.b.Fill("username", "ada")
	s.b.Submit("signin", "")
	s.b.Submit("choose", "EMAIL_OTP")
	s.b.Fill("code", s.OutboxCode(t, "ada@example.com", 2))
	s.b.Submit("code", "")
	s.wantArrived()
}

// TestLoginSurvivesAKillAndGoesOnInAnotherProcess kills the process between the password and the code, and answers in another one.
func TestLoginSurvivesAKillAndGoesOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	s := startLogin(t)
	s.b = harness.StartBrowser(t, "about:blank")
	s.b.Open(s.page("/signup", 0))
	s.b.Fill("username", "ada")
	s.b.Fill("requiredAttributes[email]", "ada@example.com")
	s.b.Evaluate(`document.querySelector('[name="requiredAttributes[birthdate]"]').value = "1990-02-28"`, nil)
	s.b.Fill("password", password)
	s.b.Fill("confirm_password", password)
	s.b.Submit("signup", "")
	code := s.OutboxCode(t, "ada@example.com", 1)
	s.Kill()
	s.Launch(t)
	s.b.Fill("code", code)
	s.b.Submit("confirm", "")
	s.wantArrived()

	twin := s.Twin(t)
	var here string
	s.b.Open(twin.URL + "/" + s.pool + "/oauth2/authorize" + s.query(1)) // localhost: cookies do not depend on the port
	s.wantArrived()
	s.b.Evaluate("location.href", &here)
	if !strings.Contains(here, "code=") {
		t.Error(here)
	}
}

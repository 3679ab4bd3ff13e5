package login_test

import (
	"encoding/base32"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/totp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// web are the settings of a client of the pages that uses no API flow.
var web = userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED", ExplicitAuthFlows: []string{"ALLOW_REFRESH_TOKEN_AUTH"},
	SupportedIdentityProviders: []string{"COGNITO"}}

// verified are the settings of a pool that verifies e-mail addresses.
var verified = userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, Schema: []userpool.SchemaAttribute{{Name: "email", Required: new(true)}}}

func email(value string) userpool.Attribute { return userpool.Attribute{Name: "email", Value: value} }

func TestAPasswordLeadsToTheApp(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{}, web)
	s.User(s.pool.ID, "ada")
	b := s.browser()
	b.get("/login" + s.query())
	b.wantPage("/login", 200, "username", "password")
	b.submit("signin", "username", "ada", "password", "wrong")
	b.wantPage("/login", 400, "username", "password")
	if !strings.Contains(b.body, `value="ada"`) || strings.Contains(b.body, "wrong\"") {
		t.Error("the name is not kept, or the password is")
	}
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantApp()
	if by := s.oauth.done[0]; by.User.Username != "ada" || by.Pool.ID != s.pool.ID {
		t.Errorf("%+v", by)
	}
	b.get("/login" + s.query())
	b.wantApp() // by the session
	b.get("/login" + s.query("prompt", "login"))
	b.wantPage("/login", 200, "username")
}

// A step back to a page of a sign-in that is complete continues to the app.
func TestAStepBackAfterASignInContinues(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{}, web)
	s.User(s.pool.ID, "ada")
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantApp()
	b.get("/challenge" + s.query())
	b.wantApp()
	other := s.browser()
	other.get("/challenge" + s.query())
	other.wantPage("/login", 200, "username")
	if !strings.Contains(other.text(), "This took too long.") {
		t.Errorf("without a session the page does not say why: %s", other.text())
	}
}

// The pages act for the client, however it proves itself.
func TestTheAppNeedsNoProofOnThePages(t *testing.T) {
	keys := web
	keys.OAuth = &oauthclient.Metadata{AuthMethod: oauthclient.PrivateKeyJWT, KeysURL: "https://app.example.com/keys"}
	for name, settings := range map[string]userpool.ClientSettings{"a secret": web, "keys": keys} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, verified, web)
			c, err := s.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: s.pool.ID, Name: "web", GenerateSecret: name == "a secret", Settings: settings})
			if err != nil {
				t.Fatal(err)
			}
			s.client = c
			b := s.browser()
			b.get("/signup" + s.query())
			b.submit("signup", "username", "ada", "requiredAttributes[email]", "ada@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
			b.wantPage("/confirm", 200, "code")
			b.submit("resend")
			b.submit("confirm", "code", s.Code())
			b.wantApp()
			b = s.browser()
			b.get("/forgotPassword" + s.query())
			b.submit("forgot", "username", "ada")
			b.wantPage("/confirmforgotPassword", 200, "code", "password")
			b.submit("reset", "code", s.Code(), "password", "New-password-7", "confirm_password", "New-password-7")
			b.wantApp()
		})
	}
}

func TestAForcedNewPasswordAsksForWhatIsMissing(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "given_name", Required: new(true)}, {Name: "birthdate", Required: new(true)}}}, web)
	if _, err := s.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: s.pool.ID, Username: "bob", TemporaryPassword: userpooltest.Password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "bob", "password", userpooltest.Password)
	b.wantPage("/challenge", 200, "requiredAttributes[given_name]", "requiredAttributes[birthdate]", "password", "confirm_password")
	b.submit("newpassword", "password", "New-password-1", "confirm_password", "New-password-2")
	b.wantPage("/challenge", 400)
	b.submit("newpassword", "password", "short", "confirm_password", "short", "requiredAttributes[given_name]", "Bob", "requiredAttributes[birthdate]", "1990-02-28")
	b.wantPage("/challenge", 400)
	b.submit("newpassword", "password", "New-password-1", "confirm_password", "New-password-1", "requiredAttributes[given_name]", "Bob", "requiredAttributes[birthdate]", "1990-02-28")
	b.wantApp()
	if got := s.Attribute(s.pool.ID, "bob", "birthdate"); got != "1990-02-28" {
		t.Error(got)
	}
}

func TestSignUpConfirmsAndSignsIn(t *testing.T) {
	s := newSite(t, verified, web)
	b := s.browser()
	b.get("/signup" + s.query())
	b.wantPage("/signup", 200, "username", "requiredAttributes[email]", "password", "confirm_password")
	b.submit("signup", "username", "ada", "requiredAttributes[email]", "nobody", "password", "weak", "confirm_password", "weak")
	b.wantPage("/signup", 400)
	if !strings.Contains(b.body, `value="nobody"`) {
		t.Error("what was given is lost")
	}
	b.submit("signup", "username", "ada", "requiredAttributes[email]", "ada@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	b.wantPage("/confirm", 200, "code")
	if !strings.Contains(b.text(), "a***@e***") {
		t.Error("the page does not say where the code went")
	}
	b.submit("confirm", "code", userpooltest.WrongCode(s.Code()))
	b.wantPage("/confirm", 400, "code")
	first := s.Code()
	b.submit("resend")
	b.wantPage("/confirm", 200, "code")
	if s.Code() == first {
		t.Error("no other code was sent")
	}
	code := s.Code()
	b.submit("confirm", "code", code[:3]+" "+code[3:])
	b.wantApp()
	b = s.browser()
	b.get("/signup" + s.query())
	b.submit("signup", "username", "ada", "requiredAttributes[email]", "ada@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	b.wantPage("/signup", 400)
}

// After a quarter of an hour the browser has the password of the sign-up no more. A client without USER_AUTH then asks for it.
func TestASignUpThatIsConfirmedLate(t *testing.T) {
	t.Parallel()
	s := newSite(t, verified, web)
	b := s.browser()
	b.get("/signup" + s.query())
	b.submit("signup", "username", "ada", "requiredAttributes[email]", "ada@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	s.Clock.Forward(16 * time.Minute)
	b.submit("confirm", "code", s.Code())
	b.wantPage("/login", 200, "password")
	if strings.Contains(b.body, `role="alert"`) || !strings.Contains(b.body, `role="status"`) {
		t.Error(b.text())
	}
}

func TestAnUnconfirmedUserGoesOnWithTheCode(t *testing.T) {
	s := newSite(t, verified, web)
	if _, err := s.SignUp(s.client.ID, "ada", email("ada@example.com")); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantPage("/confirm", 200, "code")
	b.submit("confirm", "code", s.Code())
	b.wantApp()
}

func TestSignUpIsClosedWhereOnlyAdministratorsMakeUsers(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{AdminCreateUserConfig: &userpool.AdminCreateConfig{AllowAdminCreateUserOnly: true}}, web)
	b := s.browser()
	b.get("/signup" + s.query())
	b.wantPage("/login", 200)
	if strings.Contains(b.body, "/signup") {
		t.Error("the page links to the sign-up")
	}
}

func TestAForgottenPassword(t *testing.T) {
	s := newSite(t, verified, web)
	s.User(s.pool.ID, "ada", email("ada@example.com"), userpool.Attribute{Name: "email_verified", Value: "true"})
	b := s.browser()
	b.get("/forgotPassword" + s.query())
	b.submit("forgot", "username", "ada")
	b.wantPage("/confirmforgotPassword", 200, "code", "password", "confirm_password")
	b.submit("reset", "code", userpooltest.WrongCode(s.Code()), "password", "New-password-1", "confirm_password", "New-password-1")
	b.wantPage("/confirmforgotPassword", 400)
	b.submit("reset", "code", s.Code(), "password", "New-password-1", "confirm_password", "New-password-1")
	b.wantApp()
	b = s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", "New-password-1")
	b.wantApp()
}

func TestAnAuthenticatorAppIsSetUpAndAskedFor(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{}, web)
	s.requireTOTP(t)
	s.User(s.pool.ID, "ada")
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantPage("/challenge", 200, "code")
	secret := secretIn(t, b)
	b.submit("totp", "code", "000000")
	b.wantPage("/challenge", 400, "code")
	if got := secretIn(t, b); got != secret {
		t.Error("a wrong code changed the secret")
	}
	b.submit("totp", "code", codeOf(t, s, secret))
	b.wantApp()
	s.Clock.Forward(time.Minute)
	b = s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantPage("/challenge", 200, "code")
	b.submit("code", "code", "000000")
	b.wantPage("/challenge", 400, "code")
	b.submit("code", "code", codeOf(t, s, secret))
	b.wantApp()
}

func codeOf(t *testing.T, s *site, secret string) string {
	t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.Code(raw, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

var keyTag = regexp.MustCompile(`<code class="key"[^>]*>([^<]*)`)

// secretIn is the secret of an authenticator app that the page shows.
func secretIn(t *testing.T, b *browser) string {
	t.Helper()
	m := keyTag.FindStringSubmatch(b.body)
	if m == nil {
		t.Fatalf("no secret: %s", b.text())
	}
	return strings.Join(strings.Fields(m[1]), "")
}

func (s *site) requireTOTP(t *testing.T) {
	t.Helper()
	s.mfa(t, userpool.MFAChange{Configuration: "ON", Token: &userpool.SoftwareTokenConfig{Enabled: true}})
}

func (s *site) mfa(t *testing.T, change userpool.MFAChange) {
	t.Helper()
	if _, err := s.Pools.SetUserPoolMfaConfig(t.Context(), s.pool.ID, change); err != nil {
		t.Fatal(err)
	}
}

func TestASignUpWhoseCodeCannotBeSentGoesOnToAnotherCode(t *testing.T) {
	t.Parallel()
	s := newSite(t, verified, web, func(o *idp.Options) { o.Sender = userpooltest.BrokenSender{} })
	b := s.browser()
	b.get("/signup" + s.query())
	b.submit("signup", "username", "ada", "requiredAttributes[email]", "ada@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	b.wantPage("/confirm", 200, "code")
	if !strings.Contains(b.body, `role="alert"`) {
		t.Error("the page does not say that no code was sent")
	}
	b.form("resend")
}

// Errors of requests without an app say what to do, each of them.
func TestErrorsHaveTexts(t *testing.T) {
	t.Parallel()
	s := newSite(t, userpool.PoolSettings{}, web)
	for _, key := range []string{oauth.KeyClient, oauth.KeyNoClient, oauth.KeyRedirect, oauth.KeyProvider, oauth.KeyLogout, oauth.KeyRequest, oauth.KeyError, "unknown"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "https://auth.example.com/error", nil)
		s.handler.ShowError(w, r.WithContext(mount.With(r.Context(), s.at)), oauth.Shown(key, ""))
		if w.Code != 400 || strings.Contains(w.Body.String(), "problem.") {
			t.Errorf("%s: %d %s", key, w.Code, w.Body)
		}
	}
}

package login_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// choosing are the settings of a pool whose users choose how they sign in.
func choosing(factors ...string) userpool.PoolSettings {
	s := verified
	s.Policies = &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: factors}}
	s.WebAuthnConfiguration = &userpool.WebAuthnConfig{RelyingPartyID: "auth.example.com"}
	return s
}

var chooser = userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED", ExplicitAuthFlows: []string{"ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	SupportedIdentityProviders: []string{"COGNITO"}}

func withAda(t *testing.T, s *site) {
	t.Helper()
	s.User(s.pool.ID, "ada", email("ada@example.com"), userpool.Attribute{Name: "email_verified", Value: "true"})
}

func TestAUserChoosesACodeAndThenThePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, choosing("PASSWORD", "EMAIL_OTP"), chooser)
	withAda(t, s)
	b := s.browser()
	b.get("/login" + s.query())
	b.wantPage("/login", 200, "username")
	if strings.Contains(strings.Join(b.fields(), " "), "password") {
		t.Error("the first page asks for the password")
	}
	b.submit("signin", "username", "ada")
	b.wantPage("/challenge", 200)
	b.submit("choose", "choice", "EMAIL_OTP")
	b.wantPage("/challenge", 200, "code")
	b.submit("code", "code", userpooltest.WrongCode(s.Code()))
	b.wantPage("/challenge", 400, "code")
	first := s.Code()
	b.submit("resend")
	b.wantPage("/challenge", 200, "code")
	if s.Code() == first {
		t.Error("no other code came")
	}
	b.submit("other")
	b.wantPage("/challenge", 200)
	b.submit("choose", "choice", "PASSWORD")
	b.wantPage("/challenge", 200, "password")
	b.submit("password", "password", userpooltest.Password)
	b.wantApp()
	b = s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada")
	b.submit("choose", "choice", "EMAIL_OTP")
	b.submit("code", "code", s.Code())
	b.wantApp()
	b = s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada")
	b.submit("choose", "choice", "WEB_AUTHN") // not offered
	if b.status != 400 {
		t.Errorf("a factor that is not offered: %d", b.status)
	}
	b.submit("back")
	b.wantPage("/login", 200)
}

func TestAUserWithOneFactorIsNotAskedToChoose(t *testing.T) {
	t.Parallel()
	s := newSite(t, choosing("PASSWORD", "WEB_AUTHN"), chooser)
	withAda(t, s)
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada")
	b.wantPage("/challenge", 200, "password")
	b.submit("password", "password", "Wrong-password-1")
	b.wantPage("/login", 200)
	if !strings.Contains(b.body, `value="ada"`) {
		t.Error("the name is lost")
	}
}

var optionsTag = regexp.MustCompile(`data-options="([^"]*)"`)

// options are the passkey options of the page.
func (b *browser) options() string {
	b.t.Helper()
	m := optionsTag.FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("no options on %s: %s", b.path, b.text())
	}
	return html.UnescapeString(m[1])
}

func TestAPasskeyIsMadeAfterTheSignUpAndSignsInWithoutAName(t *testing.T) {
	t.Parallel()
	s := newSite(t, choosing("PASSWORD", "WEB_AUTHN"), chooser)
	b := s.browser()
	b.get("/signup" + s.query())
	b.submit("signup", "username", "ada", "requiredAttributes[email]", "ada@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	b.submit("confirm", "code", s.Code())
	b.wantPage("/passkeys/add", 200)
	key := userpooltest.NewAuthenticator(t, "https://auth.example.com")
	b.submit("addpasskey", "credential", string(key.Create([]byte(b.options()))))
	b.wantApp()
	b = s.browser()
	b.get("/login" + s.query())
	credential := key.Get(b.options())
	b.submit("passkey", "credential", credential)
	b.wantApp()
	// The same answer again, from a fresh page, and an answer to another page's challenge.
	b = s.browser()
	b.get("/login" + s.query())
	b.submit("passkey", "credential", credential)
	b.wantPage("/login", 400)
	if !strings.Contains(b.text(), "passkey did not work") {
		t.Error(b.text())
	}
	b.submit("passkey", "credential", key.Get(b.options()))
	b.wantApp()
	// By name, too.
	b = s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada")
	b.submit("choose", "choice", "WEB_AUTHN")
	b.wantPage("/challenge", 200)
	b.submit("passkey", "credential", key.Get(b.options()))
	b.wantApp()
}

func TestThePasskeyPageAsksForASignInAndCanBeSkipped(t *testing.T) {
	t.Parallel()
	s := newSite(t, choosing("PASSWORD", "WEB_AUTHN"), chooser)
	withAda(t, s)
	b := s.browser()
	b.get("/passkeys/add" + s.query())
	b.wantPage("/login", 200)
	b.submit("signin", "username", "ada")
	b.submit("password", "password", userpooltest.Password)
	b.wantPage("/passkeys/add", 200)
	b.submit("skip")
	b.wantApp()
	b.get("/passkeys/add" + s.query())
	b.wantPage("/passkeys/add", 200) // by the session
	b.submit("addpasskey", "credential", "{}")
	b.wantPage("/passkeys/add", 400)
	key := userpooltest.NewAuthenticator(t, "https://auth.example.com")
	b.submit("addpasskey", "credential", string(key.Create([]byte(b.options()))))
	if b.left != "/oauth2/authorize"+s.query() {
		t.Errorf("left to %q, %d: %s", b.left, b.status, b.text())
	}
	// Another browser with the session's name only: not signed in.
	b = s.browser()
	b.cookies["__Host-cognito"] = "forged"
	b.get("/passkeys/add" + s.query())
	b.wantPage("/login", 200)
}

// Whoever has the account at an identity provider has no say in how the pool's own user signs in.
func TestASessionOfAnIdentityProviderMakesNoPasskey(t *testing.T) {
	t.Parallel()
	s := newSite(t, choosing("PASSWORD", "WEB_AUTHN"), chooser)
	withAda(t, s)
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada")
	b.submit("password", "password", userpooltest.Password)
	b.wantApp()
	b.get("/passkeys/add" + s.query())
	b.wantPage("/passkeys/add", 200)
	address, fields := b.form("addpasskey")
	fields.Set("credential", string(userpooltest.NewAuthenticator(t, "https://auth.example.com").Create([]byte(b.options()))))
	s.oauth.provider = "Google"
	b.get("/passkeys/add" + s.query())
	if b.path == "/passkeys/add" {
		t.Error("the page is shown:", b.text())
	}
	b.do(post(address, fields))
	u, err := s.Users.AdminGetUser(t.Context(), s.pool.ID, "ada")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Base().View(t.Context(), func(tx store.Tx) error {
		list, err := tx.Passkeys.OfUser(s.pool.ID, u.Sub)
		if len(list) > 0 {
			t.Error("a passkey was made")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// A client without users of the pool itself has no such page, and neither has one that takes no passkeys.
	s.oauth.provider, s.withoutLocal = "", true
	b.get("/passkeys/add" + s.query())
	b.wantPage("/passkeys/add", 400)
	other := newSite(t, choosing("PASSWORD", "WEB_AUTHN"), userpool.ClientSettings{SupportedIdentityProviders: chooser.SupportedIdentityProviders})
	withAda(t, other)
	b = other.browser()
	b.get("/passkeys/add" + other.query())
	if b.left == "" {
		t.Errorf("a client without passkeys: %s %d", b.path, b.status)
	}
}

// The page data of a sign-up does not outlive the session: someone who uses the browser after a sign-out cannot add a passkey to the account.
func TestAPasskeyIsNotMadeAfterTheSignOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, choosing("PASSWORD", "WEB_AUTHN"), chooser)
	b := s.browser()
	b.get("/signup" + s.query())
	b.submit("signup", "username", "ada", "requiredAttributes[email]", "ada@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	b.submit("confirm", "code", s.Code())
	b.wantPage("/passkeys/add", 200)
	address, fields := b.form("addpasskey")
	fields.Set("credential", string(userpooltest.NewAuthenticator(t, "https://auth.example.com").Create([]byte(b.options()))))
	clear(s.oauth.sessions) // a sign-out
	b.get("/passkeys/add" + s.query())
	b.wantPage("/login", 200)
	b.do(post(address, fields))
	b.wantPage("/login", 200)
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada")
	if strings.Contains(b.body, `value="WEB_AUTHN"`) {
		t.Error("the passkey was made")
	}
}

func TestTheAccountChooser(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.browser()
	b.get("/login" + s.query("prompt", "select_account"))
	b.wantPage("/login", 200, "username") // no one is signed in
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantApp()
	b.get("/login" + s.query("prompt", "select_account"))
	b.wantPage("/login", 200)
	if !strings.Contains(b.text(), "name of ") {
		t.Fatal(b.text())
	}
	b.submit("account", "account", b.cookies["__Host-cognito"])
	b.wantApp()
	b.get("/login" + s.query("prompt", "select_account"))
	b.submit("another")
	b.wantPage("/login", 200, "username")
}

func TestFormPostNeedsNoScript(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.browser()
	b.get("/login" + s.query("response_mode", "form_post"))
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	if b.status != http.StatusOK || !strings.Contains(b.body, `action="`+app+`"`) || !strings.Contains(b.body, `name="code"`) || !strings.Contains(b.body, "<button") {
		t.Errorf("%d %s", b.status, b.body)
	}
}

func TestErrorsOfTheRequest(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.browser()
	b.get("/login" + s.query("client_id", "nobody"))
	if b.status != 400 || b.left != "" {
		t.Errorf("unknown client: %d %q", b.status, b.left)
	}
	b.get("/login" + s.query("redirect_uri", evil))
	if b.status != 400 || b.left != "" || strings.Contains(b.body, "evil.example/\"") {
		t.Errorf("foreign redirect: %d %q %s", b.status, b.left, b.body)
	}
	b.get("/login" + s.query("response_type", "x"))
	if !strings.HasPrefix(b.left, app+"?error=") {
		t.Errorf("response type: %q", b.left)
	}
}

func TestSecondFactorsByMailAndTheChoiceBetweenThem(t *testing.T) {
	t.Parallel()
	settings := userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}},
		EmailConfiguration: []byte(`{"EmailSendingAccount":"DEVELOPER","SourceArn":"arn:aws:ses:us-east-1:123456789012:identity/a@example.com","From":"a@example.com"}`)}
	s := newSite(t, settings, web)
	s.mfa(t, userpool.MFAChange{Configuration: "ON", Email: &userpool.EmailMFAConfig{}, Token: &userpool.SoftwareTokenConfig{Enabled: true}})
	s.User(s.pool.ID, "ada")
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantPage("/challenge", 200)
	b.submit("choose", "choice", "EMAIL_OTP")
	b.wantPage("/challenge", 200, "email")
	b.submit("other")
	b.submit("choose", "choice", "SOFTWARE_TOKEN_MFA")
	b.wantPage("/challenge", 200, "code")
	secretIn(t, b)
	b.submit("other")
	b.submit("choose", "choice", "EMAIL_OTP")
	b.submit("contact", "email", "not an address")
	b.wantPage("/challenge", 400, "email")
	b.submit("contact", "email", "ada@example.com")
	b.wantPage("/challenge", 200, "code")
	b.submit("code", "code", s.Code())
	b.wantApp()
	if got := s.Attribute(s.pool.ID, "ada", "email"); got != "ada@example.com" {
		t.Error(got)
	}
}

func TestAnAppCanAskForAHigherLevel(t *testing.T) {
	t.Parallel()
	s := newSite(t, userpool.PoolSettings{}, web)
	s.mfa(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: &userpool.SoftwareTokenConfig{Enabled: true}})
	s.User(s.pool.ID, "ada")
	s.oauth.levels = []int{4}
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	if b.left != "" || b.status != http.StatusBadRequest {
		t.Errorf("a user who cannot reach the level: %d, left to %q", b.status, b.left)
	}
	s.oauth.levels = nil
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantApp()
}

func TestAnotherCodeOfASecondFactor(t *testing.T) {
	t.Parallel()
	s := newSite(t, userpool.PoolSettings{}, web)
	s.mfa(t, userpool.MFAChange{Configuration: "ON", SMS: &userpool.SMSMFAConfig{Configuration: json.RawMessage(`{"SnsCallerArn":"arn:aws:iam::000000000000:role/sms"}`)}})
	s.User(s.pool.ID, "ada", userpool.Attribute{Name: "phone_number", Value: "+15550009878"}, userpool.Attribute{Name: "phone_number_verified", Value: "true"})
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantPage("/challenge", 200, "code")
	old := s.Code()
	b.submit("resend")
	b.wantPage("/challenge", 200, "code")
	if s.Code() == old || !strings.Contains(b.text(), "another code") && !strings.Contains(b.text(), "new code") {
		t.Error("no other code:", b.text())
	}
	b.submit("code", "code", s.Code())
	b.wantApp()
}

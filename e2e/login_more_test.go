package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"golang.org/x/oauth2"

	"github.com/sluicegate/sluice/e2e/harness"
)

// addUser makes a confirmed user without an address.
func (s *loginSite) addUser(name string) {
	s.t.Helper()
	admin, ctx := s.Users(harness.Admin), context.WithoutCancel(s.t.Context())
	_, err := admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &s.pool, Username: &name, MessageAction: types.MessageActionTypeSuppress})
	ok(s.t, err)
	_, err = admin.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: &s.pool, Username: &name, Password: aws.String(password), Permanent: true})
	ok(s.t, err)
}

// requireSMS makes codes by SMS the second factor that everybody needs.
func (s *loginSite) requireSMS() {
	s.t.Helper()
	_, err := s.Users(harness.Admin).SetUserPoolMfaConfig(s.t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: &s.pool, MfaConfiguration: types.UserPoolMfaTypeOn,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		SmsMfaConfiguration:           &types.SmsMfaConfigType{SmsConfiguration: &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::123456789012:role/sms")}}})
	ok(s.t, err)
}

// enter opens the login page of an app and types the password.
func (s *loginSite) enter(app int, name string) {
	s.t.Helper()
	s.b.Open(s.URL + "/" + s.pool + "/oauth2/authorize" + s.query(app))
	s.b.Fill("username", name)
	s.b.Fill("password", password)
	s.b.Submit("signin", "")
}

// tokens exchanges the code with which the browser has arrived at an app.
func (s *loginSite) tokens(app int) *oauth2.Token {
	s.t.Helper()
	s.wantArrived()
	config := oauth2.Config{ClientID: s.clients[app], RedirectURL: s.app, Endpoint: oauth2.Endpoint{TokenURL: s.URL + "/" + s.pool + "/oauth2/token", AuthStyle: oauth2.AuthStyleInParams}}
	token, err := config.Exchange(s.t.Context(), s.arrival().Get("code"))
	ok(s.t, err)
	return token
}

// TestLoginSetsUpSMSAndRemembersTheBrowser sets up codes by SMS in Chromium, and needs none where the user wants the browser to be
// remembered, until an administrator forgets it.
func TestLoginSetsUpSMSAndRemembersTheBrowser(t *testing.T) {
	t.Parallel()
	const number = "+4915112345678"
	s := startLogin(t)
	s.requireSMS()
	admin, ctx := s.Users(harness.Admin), t.Context()
	pool, err := admin.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &s.pool})
	ok(t, err)
	_, err = admin.UpdateUserPool(ctx, &cip.UpdateUserPoolInput{UserPoolId: &s.pool, MfaConfiguration: types.UserPoolMfaTypeOn, AutoVerifiedAttributes: pool.UserPool.AutoVerifiedAttributes,
		SmsConfiguration:    pool.UserPool.SmsConfiguration,
		DeviceConfiguration: &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true}})
	ok(t, err)
	s.addUser("bob")
	s.b = harness.StartBrowser(t, "about:blank")
	code := func(nth int, remember bool) {
		t.Helper()
		s.b.Fill("code", s.OutboxCode(t, number, nth))
		if remember {
			s.b.Evaluate(`document.querySelector("[name=remember_device]").click()`, nil)
		}
		s.b.Submit("code", "")
		s.wantArrived()
		s.leave()
	}
	s.enter(0, "bob")
	s.b.Submit("choose", "SMS_MFA")
	s.b.Fill("phone_number", "+49 (151) 1234-5678")
	s.b.Submit("contact", "")
	code(1, false)
	user, err := admin.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &s.pool, Username: aws.String("bob")})
	ok(t, err)
	for name, want := range map[string]string{"phone_number": number, "phone_number_verified": "true"} {
		if !slices.ContainsFunc(user.UserAttributes, func(a types.AttributeType) bool { return *a.Name == name && *a.Value == want }) {
			t.Errorf("%s is not %s: %v", name, want, user.UserAttributes)
		}
	}

	s.enter(0, "bob") // the browser is not remembered
	code(2, true)
	s.enter(0, "bob")
	s.wantArrived()
	s.leave()
	devices, err := admin.AdminListDevices(ctx, &cip.AdminListDevicesInput{UserPoolId: &s.pool, Username: aws.String("bob")})
	ok(t, err)
	if len(devices.Devices) != 1 {
		t.Fatalf("%d devices", len(devices.Devices))
	}
	_, err = admin.AdminForgetDevice(ctx, &cip.AdminForgetDeviceInput{UserPoolId: &s.pool, Username: aws.String("bob"), DeviceKey: devices.Devices[0].DeviceKey})
	ok(t, err)
	s.enter(0, "bob")
	code(3, false)
}

// TestAPageChallengeGoesOnInAnotherProcess types the password in one process and the code in another, after the first one was killed.
func TestAPageChallengeGoesOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	const number = "+4915187654321"
	s := startLogin(t)
	s.requireSMS()
	s.addUser("bob")
	_, err := s.Users(harness.Admin).AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{UserPoolId: &s.pool, Username: aws.String("bob"),
		UserAttributes: []types.AttributeType{{Name: aws.String("phone_number"), Value: aws.String(number)}, {Name: aws.String("phone_number_verified"), Value: aws.String("true")}}})
	ok(t, err)
	twin := s.Twin(t)
	s.b = harness.StartBrowser(t, "about:blank")
	s.enter(0, "bob")
	code := s.OutboxCode(t, number, 1)
	s.b.Await(`document.querySelector("[name=code]")`)
	s.Kill()
	var address string
	s.b.Evaluate("location.href", &address)
	s.b.Open(strings.Replace(address, s.URL, twin.URL, 1)) // localhost: cookies do not depend on the port
	s.b.Fill("code", "000000")
	s.b.Submit("code", "")
	s.b.Await(`document.querySelector("[name=code][aria-invalid=true]")`)
	s.b.Fill("code", code)
	s.b.Submit("code", "")
	s.wantArrived()
}

// TestSessionsOfBrowsersAndTheirTokens lists the session of a browser with those of its tokens, and ends them together. The client
// decides for how long a session answers.
func TestSessionsOfBrowsersAndTheirTokens(t *testing.T) {
	t.Parallel()
	s := startLogin(t)
	_, err := newest(t, s.Sluice, harness.Admin, "SetUserPoolSessionConfiguration", trackingOf(s.pool, "ENABLED", 5))
	ok(t, err)
	s.addUser("bob")
	s.b = harness.StartBrowser(t, "about:blank")
	s.enter(0, "bob")
	s.tokens(0)
	s.b.Open(s.URL + "/" + s.pool + "/oauth2/authorize" + s.query(1))
	second := s.tokens(1)
	list := func() map[string]fields {
		t.Helper()
		out, err := newest(t, s.Sluice, harness.Admin, "AdminListUserSessions", fields{"UserPoolId": s.pool, "Username": "bob"})
		ok(t, err)
		sessions, _ := out["Sessions"].([]any)
		found := map[string]fields{}
		for _, x := range sessions {
			x, _ := x.(fields)
			id, _ := x["SessionId"].(string)
			found[id] = x
		}
		return found
	}
	var sso string
	listed := list()
	for id := range listed {
		if strings.HasPrefix(id, "sso") {
			sso = id
		}
	}
	if len(listed) != 3 || sso == "" {
		t.Fatalf("sessions %v", listed)
	}
	for id, x := range listed {
		if id != sso && (x["OriginSessionId"] != sso || x["SessionType"] == listed[sso]["SessionType"]) {
			t.Errorf("%s is not linked to %s: %v", id, sso, x)
		}
	}

	setMinutes := func(minutes int) {
		t.Helper()
		_, err := newest(t, s.Sluice, harness.Admin, "SetUserPoolClientSessionConfiguration",
			fields{"UserPoolId": s.pool, "ClientId": s.clients[1], "SSOSession": fields{"MaxValidityMinutes": minutes}})
		ok(t, err)
	}
	asks := func(app int) {
		t.Helper()
		s.b.Open(s.URL + "/" + s.pool + "/oauth2/authorize" + s.query(app) + "&prompt=none")
		s.b.Await(`document.title === "app" && location.search.includes("login_required")`)
	}
	setMinutes(0)
	asks(1)
	s.b.Open(s.URL + "/" + s.pool + "/oauth2/authorize" + s.query(0)) // the other client's time is its own
	s.wantArrived()
	setMinutes(5)
	s.b.Open(s.URL + "/" + s.pool + "/oauth2/authorize" + s.query(1))
	s.wantArrived()

	_, err = newest(t, s.Sluice, harness.Admin, "AdminRevokeUserSession",
		fields{"UserPoolId": s.pool, "Username": "bob", "SessionId": sso, "RevokeAssociatedSessions": "LINKED"})
	ok(t, err)
	equal(t, "sessions after the revocation", len(list()), 0)
	asks(0)
	info := s.Get(t, "GET", "/"+s.pool+"/oauth2/userInfo", "Authorization", "Bearer "+second.AccessToken)
	equal(t, "userInfo after the revocation", info.Status, 401)
}

// TestTermsAtTheSignUp shows the documents of a client in the language of the page.
func TestTermsAtTheSignUp(t *testing.T) {
	t.Parallel()
	s := startLogin(t)
	admin, ctx := s.Users(harness.Admin), t.Context()
	make := func(name string) {
		t.Helper()
		_, err := admin.CreateTerms(ctx, &cip.CreateTermsInput{UserPoolId: &s.pool, ClientId: &s.clients[0], TermsName: &name, TermsSource: types.TermsSourceTypeLink,
			Enforcement: types.TermsEnforcementTypeNone, Links: map[string]string{"cognito:default": "https://example.com/" + name, "cognito:german": "https://example.com/de/" + name}})
		ok(t, err)
	}
	s.b = harness.StartBrowser(t, "about:blank")
	links := func(lang string, app int) (found []string) {
		t.Helper()
		s.b.Open(s.page("/signup", app) + "&lang=" + lang)
		s.b.Await(fmt.Sprintf(`document.documentElement.lang === %q`, lang))
		s.b.Evaluate(`[...document.querySelectorAll(".terms a")].map((a) => a.href)`, &found)
		return found
	}
	make("terms-of-use")
	equal(t, "links to one document", len(links("en", 0)), 0) // as in Cognito, both or none
	make("privacy-policy")
	for lang, folder := range map[string]string{"en": "", "ja": "", "de": "de/"} {
		equal(t, lang, strings.Join(links(lang, 0), " "), "https://example.com/"+folder+"terms-of-use https://example.com/"+folder+"privacy-policy")
	}
	equal(t, "links of another client", len(links("en", 1)), 0)
}

// TestLoginLanguagesOfAFolder shows the pages in a language that the operator has added, with texts of the operator, and keeps them
// up to date with a reload.
func TestLoginLanguagesOfAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(file, text string) { ok(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600)) }
	write("sv.json", `{"language": "Svenska", "signin.title": "Logga in", "signin.submit": "Logga in", "signup.title": "<b>Nytt konto</b>"}`)
	write("en.json", `{"signin.title": "Welcome to Notes"}`)
	s := harness.Start(t, harness.Config{Global: "\t\tlogin_languages " + dir})
	page := func(path, lang, accept string) string {
		t.Helper()
		query := "?client_id=" + harness.Client + "&response_type=code&redirect_uri=" + "http%3A%2F%2Flocalhost%3A8080%2Fapp%2F"
		if lang != "" {
			query += "&lang=" + lang
		}
		got := s.Get(t, "GET", "/"+harness.Pool+path+query, "Accept-Language", accept)
		if got.Status != 200 {
			t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
		return got.Body
	}
	want := func(what, body string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(body, text) {
				t.Errorf("%s has no %q", what, text)
			}
		}
	}
	want("lang=sv", page("/login", "sv", ""), `<html lang="sv"`, "Logga in", "Create an account")
	want("a browser that prefers sv", page("/login", "", "sv-SE,en;q=0.5"), `<html lang="sv"`)
	want("the list of languages", page("/login", "en", ""), "Svenska", "Welcome to Notes", "lang=sv")
	want("a text with markup", page("/signup", "sv", ""), "&lt;b&gt;Nytt konto&lt;/b&gt;")

	write("en.json", `{"signin.title": "Welcome back"}`)
	s.Reload(t)
	want("after a reload", page("/login", "en", ""), "Welcome back")
}

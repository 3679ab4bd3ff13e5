package login_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/login"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// stage brings a browser to a page with a form, and names what the form's fields should have.
type stage struct {
	name   string
	action string
	fields []string
	reach  func(*testing.T, *browser)
}

// crowded is a site on which every form can be reached: ada has an authenticator app, eve a temporary password, uma is not confirmed.
func crowded(t *testing.T) *site {
	t.Helper()
	s := newSite(t, verified, web)
	s.User(s.pool.ID, "ada", email("ada@example.com"), userpool.Attribute{Name: "email_verified", Value: "true"})
	return s
}

var stages = []stage{
	{"sign-in", "signin", []string{"username", "ada", "password", userpooltest.Password}, func(_ *testing.T, b *browser) { b.get("/login" + b.s.query()) }},
	{"sign-up", "signup", []string{"username", "new", "requiredAttributes[email]", "new@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password},
		func(_ *testing.T, b *browser) { b.get("/signup" + b.s.query()) }},
	{"confirm", "confirm", []string{"code", "123456"}, func(t *testing.T, b *browser) {
		b.get("/signup" + b.s.query())
		b.submit("signup", "username", "uma", "requiredAttributes[email]", "uma@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
		b.wantPage("/confirm", 200)
	}},
	{"resend", "resend", nil, func(t *testing.T, b *browser) {
		b.get("/signup" + b.s.query())
		b.submit("signup", "username", "ugo", "requiredAttributes[email]", "ugo@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	}},
	{"forgot", "forgot", []string{"username", "ada"}, func(_ *testing.T, b *browser) { b.get("/forgotPassword" + b.s.query()) }},
	{"reset", "reset", []string{"code", "123456", "password", "New-password-1", "confirm_password", "New-password-1"}, func(_ *testing.T, b *browser) {
		b.get("/forgotPassword" + b.s.query())
		b.submit("forgot", "username", "ada")
	}},
	{"set-up of an app", "totp", []string{"code", "123456"}, func(t *testing.T, b *browser) {
		b.s.requireTOTP(t)
		b.get("/login" + b.s.query())
		b.submit("signin", "username", "ada", "password", userpooltest.Password)
	}},
}

func TestEveryFormRefusesForgeries(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	for _, st := range stages {
		t.Run(st.name, func(t *testing.T) {
			b := s.browser()
			b.t = t
			st.reach(t, b)
			address, fields := b.form(st.action)
			for i := 0; i < len(st.fields); i += 2 {
				fields.Set(st.fields[i], st.fields[i+1])
			}
			other := s.browser()
			other.get("/login" + s.query())
			_, foreign := other.form("signin")
			for name, forge := range map[string]func(http.Header, url.Values){
				"without a token":            func(_ http.Header, f url.Values) { f.Del("_csrf") },
				"with an empty token":        func(_ http.Header, f url.Values) { f.Set("_csrf", "") },
				"another browser's token":    func(_ http.Header, f url.Values) { f.Set("_csrf", foreign.Get("_csrf")) },
				"a token with a changed end": func(_ http.Header, f url.Values) { f.Set("_csrf", flip(f.Get("_csrf"))) },
				"from another site":          func(h http.Header, _ url.Values) { h.Set("Sec-Fetch-Site", "cross-site") },
				"from a site of the domain":  func(h http.Header, _ url.Values) { h.Set("Sec-Fetch-Site", "same-site") },
				"from another origin": func(h http.Header, _ url.Values) {
					h.Del("Sec-Fetch-Site")
					h.Set("Origin", "https://evil.example")
				},
				"from no origin": func(h http.Header, _ url.Values) {
					h.Del("Sec-Fetch-Site")
					h.Set("Origin", "null")
				},
			} {
				form := url.Values{}
				for k, v := range fields {
					form[k] = slices.Clone(v)
				}
				header := post(address, form).Header
				forge(header, form)
				r := post(address, form)
				r.Header = header
				before := len(s.Mails())
				if w := b.once(r); w.Code != http.StatusForbidden {
					t.Errorf("%s: %d", name, w.Code)
				}
				if len(s.Mails()) != before || len(s.oauth.done) != 0 {
					t.Errorf("%s: the form was processed", name)
				}
			}
			w := b.once(post(address, fields))
			if w.Code == http.StatusForbidden {
				t.Errorf("the true form: %d", w.Code)
			}
			s.oauth.done = nil
		})
	}
}

// flip changes the last character of a token.
func flip(token string) string {
	last := byte('A')
	if token[len(token)-1] == last {
		last = 'Q'
	}
	return token[:len(token)-1] + string(last)
}

// The attacker's own page data and secret belong together; either alone is invalid in another browser.
func TestPageDataOfAnotherBrowserIsVoid(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	s.requireTOTP(t)
	attacker, victim := s.browser(), s.browser()
	attacker.get("/login" + s.query())
	attacker.submit("signin", "username", "ada", "password", userpooltest.Password)
	attacker.wantPage("/challenge", 200)
	victim.get("/login" + s.query())
	name := login.PageCookie(s.at, strings.TrimPrefix(s.query(), "?"))
	victim.cookies[name] = attacker.cookies[name]
	victim.get("/challenge" + s.query())
	victim.wantPage("/login", 200)
	// Nor can they continue with another authorization request or in another pool.
	attacker.once(httptest.NewRequest("GET", "https://auth.example.com/challenge"+s.query("state", "other"), nil))
	if attacker.status != http.StatusFound {
		t.Errorf("another request: %d", attacker.status)
	}
	elsewhere := s.Pool(userpool.PoolSettings{})
	s.at = mount.Point{PoolID: elsewhere.ID, Base: "https://auth.example.com"}
	attacker.get("/challenge" + s.query())
	if attacker.status == http.StatusOK && strings.Contains(attacker.body, "totp") {
		t.Error("another pool takes the page data")
	}
}

// Two windows of a browser sign in side by side, and many do not fill it with cookies.
func TestWindowsDoNotShareTheirSignIns(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	s.requireTOTP(t)
	b := s.browser()
	sign := func(b *browser, state string) {
		b.get("/login" + s.query("state", state))
		b.submit("signin", "username", "ada", "password", userpooltest.Password)
		b.wantPage("/challenge", 200)
	}
	sign(b, "one")
	address, fields := b.form("totp")
	secret := secretIn(t, b)
	sign(b, "two")
	fields.Set("code", codeOf(t, s, secret))
	if b.do(post(address, fields)); !strings.HasSuffix(b.left, "state=one") {
		t.Fatalf("%d, left to %q: %s", b.status, b.left, b.text())
	}
	many := s.browser()
	for i := range 20 {
		sign(many, strconv.Itoa(i))
	}
	if len(many.cookies) > 14 {
		t.Errorf("%d cookies", len(many.cookies))
	}
}

func TestASignInGivesTheBrowserNewSecrets(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.browser()
	b.cookies["__Host-cognito"] = "planted"
	b.get("/login" + s.query())
	before := b.cookies["__Host-XSRF-TOKEN"]
	_, old := b.form("signin")
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantApp()
	if b.cookies["__Host-cognito"] == "planted" || b.cookies["__Host-XSRF-TOKEN"] == before || b.cookies[login.PageCookie(s.at, strings.TrimPrefix(s.query(), "?"))] != "" {
		t.Errorf("cookies after the sign-in: %v", b.cookies)
	}
	if w := b.once(post("/login"+s.query(), old)); w.Code != http.StatusForbidden {
		t.Errorf("a form from before the sign-in: %d", w.Code)
	}
}

func TestAFormCountsOnce(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	s.requireTOTP(t)
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	address, fields := b.form("totp")
	fields.Set("code", codeOf(t, s, secretIn(t, b)))
	cookies := map[string]string{}
	for k, v := range b.cookies {
		cookies[k] = v
	}
	b.do(post(address, fields))
	b.wantApp()
	again := s.browser()
	again.cookies = cookies // as a second click, or a thief of the cookies, would send
	again.do(post(address, fields))
	if again.left != "" || len(s.oauth.done) != 1 {
		t.Errorf("the second form left to %q; %d sign-ins", again.left, len(s.oauth.done))
	}
}

const evil = "https://evil.example/"

func TestNoParameterRedirectsElsewhere(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	names := []string{"redirect_uri", "logout_uri", "return_to", "next", "continue", "redirect", "url", "state", "login_hint", "lang", "response_mode", "prompt",
		"nonce", "scope", "client_id", "user_code", "add_passkey", "identity_provider", "idp_identifier", "resource", "post_logout_redirect_uri"}
	paths := []string{"/login", "/signup", "/challenge", "/confirm", "/forgotPassword", "/confirmforgotPassword", "/passkeys/add", "/signedout", "/confirmUser",
		"//evil.example/login", "/\\evil.example/login", "/login/..//evil.example"}
	for _, value := range []string{evil, "//evil.example", "/\\evil.example", "javascript:alert(1)", "https://app.example.com.evil.example/callback",
		app + "/../../evil", app + "#x", app + "@evil.example", strings.ToUpper(app)} {
		for _, path := range paths {
			for _, name := range names {
				b := s.browser()
				r := httptest.NewRequest("GET", "https://auth.example.com/", nil)
				r.URL.Path, r.URL.RawQuery = path, strings.TrimPrefix(s.query(name, value), "?")
				b.once(r)
				to := b.header.Get("Location")
				u, err := url.Parse(to)
				if err != nil || u.Host != "" && u.Host != "app.example.com" || u.Scheme != "" && u.Scheme != "https" || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") {
					t.Errorf("%s?%s=%s leads to %q", path, name, value, to)
				}
				if b.header.Get("Refresh") != "" || strings.Contains(strings.ToLower(b.body), "http-equiv") || linksAway.MatchString(b.body) {
					t.Errorf("%s?%s=%s: the page leads away", path, name, value)
				}
			}
		}
	}
}

var linksAway = regexp.MustCompile(`(?i)(href|action|src|srcset|formaction)="\s*(https?:|//|/\\|javascript:|data:)`)

const payload = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}`

func TestEverythingEchoedIsEscaped(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	h.Lambda(func(e userpooltest.Event) error {
		if e.Source() == "PreSignUp_AdminCreateUser" {
			return nil
		}
		return &trigger.FunctionError{Message: payload}
	})
	settings := verified
	settings.LambdaConfig = &userpool.LambdaConfig{PreSignUp: userpooltest.ARN, PreAuthentication: userpooltest.ARN}
	s := newSiteOn(h, settings, web)
	s.User(s.pool.ID, "ada")
	check := func(b *browser, what string) {
		t.Helper()
		if strings.Contains(b.body, "<script>alert") || strings.Contains(b.body, "<img src=x") || strings.Contains(b.body, "<b>web") || strings.Contains(b.body, `"'>`) {
			t.Errorf("%s is echoed as it is: %s", what, b.body)
		}
	}
	for _, path := range []string{"/login", "/signup", "/challenge", "/confirm", "/forgotPassword", "/confirmforgotPassword", "/confirmUser", "/nothing", "/" + payload} {
		for _, name := range []string{"login_hint", "lang", "state", "prompt", "client_id", "redirect_uri", payload, "username", "error", "error_description", "user_name", "confirmation_code"} {
			b := s.browser()
			r := httptest.NewRequest("GET", "https://auth.example.com/", nil)
			r.URL.Path, r.URL.RawQuery = path, strings.TrimPrefix(s.query(name, payload), "?")
			b.do(r)
			check(b, path+" "+name)
		}
	}
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", payload, "password", payload)
	check(b, "the name")
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	check(b, "the text of PreAuthentication")
	if !strings.Contains(b.text(), payload) {
		t.Errorf("the text of the trigger is not shown: %s", b.text())
	}
	b.get("/signup" + s.query())
	b.submit("signup", "username", payload, "requiredAttributes[email]", payload, "requiredAttributes["+payload+"]", payload, "password", payload, "confirm_password", "x")
	check(b, "the sign-up")
	b.submit("signup", "username", "new", "requiredAttributes[email]", "new@example.com", "password", userpooltest.Password, "confirm_password", userpooltest.Password)
	check(b, "the text of PreSignUp")
	if !strings.Contains(b.text(), payload) {
		t.Errorf("the text of the trigger is not shown: %s", b.text())
	}
	b.get("/forgotPassword" + s.query())
	b.submit("forgot", "username", payload)
	check(b, "the name of a reset")
	b.submit("reset", "code", payload, "password", "New-password-1", "confirm_password", "New-password-1")
	check(b, "the code of a reset")
}

func TestEveryPageHasTheHeaders(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	for _, st := range stages {
		b := s.browser()
		st.reach(t, b)
		wantHeaders(t, st.name, b)
		if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https:;") {
			t.Errorf("%s: %s", st.name, csp)
		}
	}
	for _, target := range []string{"/confirmUser", "/signedout", "/nothing", "/login?client_id=x", "/login"} {
		b := s.browser()
		b.get(target)
		wantHeaders(t, target, b)
	}
}

func wantHeaders(t *testing.T, name string, b *browser) {
	t.Helper()
	csp := b.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'", "style-src 'self'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("%s: CSP %s", name, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
		t.Errorf("%s: CSP %s", name, csp)
	}
	for header, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Content-Type": "text/html; charset=utf-8"} {
		if got := b.header.Get(header); got != want {
			t.Errorf("%s: %s %q", name, header, got)
		}
	}
	if got := b.header.Get("Referrer-Policy"); got != "same-origin" && got != "no-referrer" {
		t.Errorf("%s: Referrer-Policy %q", name, got)
	}
	if inline.MatchString(b.body) {
		t.Errorf("%s: inline script or style: %s", name, inline.FindString(b.body))
	}
}

var inline = regexp.MustCompile(`(?i)<script(?:[^>]*[^/])?>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)

func TestCookiesAreLocked(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	for _, at := range []mount.Point{
		{PoolID: s.pool.ID, Base: "https://auth.example.com"},
		{PoolID: s.pool.ID, Base: "https://auth.example.com/" + s.pool.ID, Path: "/" + s.pool.ID},
		{PoolID: s.pool.ID, Base: "http://localhost:8080/" + s.pool.ID, Path: "/" + s.pool.ID},
	} {
		s.at = at
		b := s.browser()
		w := b.once(httptest.NewRequest("GET", "https://auth.example.com/login"+s.query("lang", "de"), nil))
		list := w.Result().Cookies()
		if len(list) != 2 {
			t.Errorf("%s: %v", at.Base, list)
		}
		for _, c := range list {
			secure := strings.HasPrefix(at.Base, "https")
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure ||
				strings.HasPrefix(c.Name, "__Host-") != secure || (at.Path != "") != strings.HasSuffix(c.Name, s.pool.ID) {
				t.Errorf("%s: %+v", at.Base, c)
			}
		}
	}
}

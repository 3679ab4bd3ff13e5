package login_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// registered is a client that registered itself.
func registered(t *testing.T) *site {
	t.Helper()
	settings := web
	settings.ClientType = userpool.ClientDCR
	s := newSite(t, userpool.PoolSettings{}, settings)
	s.User(s.pool.ID, "ada")
	return s
}

// A link to an attacker's app gives the attacker nothing until the user has allowed it, whether the user is signed in or not.
func TestAnAppThatRegisteredItselfNeedsConsent(t *testing.T) {
	t.Parallel()
	s := registered(t)
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.wantPage("/consent", 200)
	for _, text := range []string{"name of ", "app.example.com", "registered itself"} {
		if !strings.Contains(b.text(), text) {
			t.Errorf("no %q: %s", text, b.text())
		}
	}
	address, fields := b.form("allow")
	forged := s.browser()
	if forged.do(post(address, fields)); forged.status != 403 {
		t.Errorf("another browser: %d, left to %q", forged.status, forged.left)
	}
	b.get("/login" + s.query()) // the session continues, and the question too
	b.wantPage("/consent", 200)
	b.do(post(address, fields)) // the form of the question before
	if b.status != 403 {
		t.Errorf("an old form: %d, left to %q", b.status, b.left)
	}
	b.get("/consent" + s.query())
	b.submit("allow")
	b.wantApp()
	b.get("/consent" + s.query()) // nothing waits any more
	if !strings.HasPrefix(b.left, "/oauth2/authorize?") {
		t.Errorf("left to %q", b.left)
	}
}

func TestConsentIsDenied(t *testing.T) {
	t.Parallel()
	s := registered(t)
	b := s.browser()
	b.get("/login" + s.query())
	b.submit("signin", "username", "ada", "password", userpooltest.Password)
	b.submit("deny")
	if !strings.HasPrefix(b.left, app+"?") || !strings.Contains(b.left, "error=access_denied") || strings.Contains(b.left, "code=") {
		t.Errorf("left to %q", b.left)
	}
}

// The answer of an identity provider waits for the user's consent whatever language the app asked for.
func TestAFederatedSignInWithALanguageIsAskedForConsentOnce(t *testing.T) {
	t.Parallel()
	for _, more := range [][]string{nil, {"lang", "de"}, {"lang", "xx", "login_hint", "ada", "ui_locales", "de"}} {
		s := registered(t)
		query, err := url.ParseQuery(s.query(more...)[1:])
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.oauth.Parse(t.Context(), s.pool.ID, query)
		if err != nil {
			t.Fatal(err)
		}
		a.AsksConsent = true
		r := httptest.NewRequest("GET", "https://auth.example.com/oauth2/idpresponse?state=1", nil)
		w := httptest.NewRecorder()
		s.handler.Release(w, r.WithContext(mount.With(r.Context(), s.at)), &federation.Finished{Authorization: a, Query: query, Username: "Google_ada",
			Response: s.oauth.answer(a, "ada")})
		b := s.browser()
		for _, c := range w.Result().Cookies() {
			b.cookies[c.Name] = c.Value
		}
		b.get(w.Header().Get("Location"))
		b.wantPage("/consent", 200)
		if german := strings.Contains(b.body, `<html lang="de"`); german != (query.Get("lang") == "de") {
			t.Errorf("%v: in German: %t", more, german)
		}
		b.submit("allow")
		b.wantApp()
	}
}

// A client whose users come from other providers has no sign-in of the pool's own, whatever form is sent. The pages hold its secret.
func TestAClientWithoutLocalUsersHasNoLocalForms(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.browser()
	address := map[string]string{}
	fields := map[string]url.Values{}
	for path, action := range map[string]string{"/login": "signin", "/signup": "signup", "/forgotPassword": "forgot"} {
		b.get(path + s.query())
		address[path], fields[path] = b.form(action)
		fields[path].Set("username", "ada")
		fields[path].Set("password", userpooltest.Password)
	}
	s.withoutLocal = true
	for path := range address {
		b.do(post(address[path], fields[path]))
		if b.status != 400 || b.left != "" || len(s.oauth.done) > 0 || !strings.Contains(b.text(), "not available") {
			t.Errorf("%s: %d, left to %q: %s", path, b.status, b.left, b.text())
		}
	}
	for _, path := range []string{"/signup", "/forgotPassword", "/challenge", "/confirm", "/confirmforgotPassword"} {
		if b.get(path + s.query()); b.status != 400 {
			t.Errorf("%s: %d", path, b.status)
		}
	}
}

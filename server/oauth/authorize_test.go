package oauth_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/server/oauth"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const (
	callback = "https://app.example.com/callback"
	goodbye  = "https://app.example.com/out"
)

// site is a pool with a client, the user ann, and the handler at a domain.
type site struct {
	*userpooltest.Harness
	pool, client string
	handler      http.Handler
	at           mount.Point
}

func newSite(t *testing.T, change ...func(*idp.Options)) *site {
	t.Helper()
	h := userpooltest.New(t, change...)
	s := &site{Harness: h, pool: h.Pool(userpool.PoolSettings{}).ID}
	s.client = h.Client(s.pool, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code", "implicit"},
		AllowedOAuthScopes: []string{"openid"}, CallbackURLs: []string{callback}, LogoutURLs: []string{goodbye}, SupportedIdentityProviders: []string{"COGNITO"}}).ID
	h.User(s.pool, "ann")
	s.at = mount.Point{PoolID: s.pool, Base: "https://auth.example.com"}
	var err error
	s.handler, err = oauth.New(oauth.Options{OAuth: h.OAuth, Pools: h.Pools, PublicURL: "https://id.example.com", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends a request with the session cookie.
func (s *site) ask(method, target, form, cookie string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-cognito", Value: cookie})
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, mount.Enter(r, s.at, r.URL.Path))
	return w
}

// query is a request for a code, with more parameters behind it.
func (s *site) query(more string) string {
	return "client_id=" + s.client + "&redirect_uri=" + url.QueryEscape(callback) + "&response_type=code&state=s%20t%2Bx" + more
}

// signIn returns the session cookie of ann's sign-in.
func (s *site) signIn() string {
	s.T.Helper()
	values, err := url.ParseQuery(s.query(""))
	if err != nil {
		s.T.Fatal(err)
	}
	a, err := s.OAuth.Parse(s.T.Context(), s.pool, values)
	if err != nil {
		s.T.Fatal(err)
	}
	r, err := s.SignIns.InitiateAuth(s.T.Context(), signin.Request{Hosted: true, PoolID: s.pool, ClientID: s.client, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": "ann", "PASSWORD": userpooltest.Password}})
	if err != nil {
		s.T.Fatal(err)
	}
	answer, err := s.OAuth.Complete(s.T.Context(), a, r.Authentication, "")
	if err != nil {
		s.T.Fatal(err)
	}
	return answer.Cookie
}

func TestAuthorize(t *testing.T) {
	s := newSite(t)
	cookie := s.signIn()
	for name, tc := range map[string]struct {
		method, target, form, cookie string
		status                       int
		location                     string // the beginning
	}{
		"without a session":          {"GET", "/oauth2/authorize?" + s.query("&x=%7e"), "", "", 302, "/login?" + s.query("&x=%7e")},
		"as a form":                  {"POST", "/oauth2/authorize", s.query(""), "", 303, "/oauth2/authorize?client_id="},
		"with a session":             {"GET", "/oauth2/authorize?" + s.query(""), "", cookie, 302, callback + "?code="},
		"as a form with a session":   {"POST", "/oauth2/authorize", s.query(""), cookie, 303, callback + "?code="},
		"an error":                   {"GET", "/oauth2/authorize?" + s.query("&scope=x"), "", "", 302, callback + "?state=s+t%2Bx&error=invalid_scope&iss="},
		"no session and no page":     {"GET", "/oauth2/authorize?" + s.query("&prompt=none"), "", "", 302, callback + "?state=s+t%2Bx&error=login_required&iss="},
		"an unregistered address":    {"GET", "/oauth2/authorize?" + strings.Replace(s.query(""), "callback", "other", 1), "", cookie, 302, "/error?client_id=" + s.client + "&error=redirect_mismatch"},
		"an unknown client":          {"GET", "/oauth2/authorize?client_id=x&redirect_uri=https%3A%2F%2Fevil.example.com", "", cookie, 400, ""},
		"a client in query and form": {"POST", "/oauth2/authorize?client_id=" + s.client, s.query(""), cookie, 400, ""},
		"a broken query":             {"GET", "/oauth2/authorize?" + s.query("&a=%zz"), "", cookie, 400, ""},
		"a semicolon":                {"GET", "/oauth2/authorize?" + s.query("&a=b;c=d"), "", cookie, 400, ""},
		"only the headers":           {"HEAD", "/oauth2/authorize?" + s.query(""), "", cookie, 200, ""},
		"another method":             {"PUT", "/oauth2/authorize?" + s.query(""), "", cookie, 405, ""},
		"a form that is too long":    {"POST", "/oauth2/authorize", s.query("&x=" + strings.Repeat("a", 70<<10)), cookie, 400, ""},
	} {
		w := s.ask(tc.method, tc.target, tc.form, tc.cookie)
		if location := w.Header().Get("Location"); w.Code != tc.status || !strings.HasPrefix(location, tc.location) || (tc.location == "") != (location == "") {
			t.Errorf("%s: %d %s", name, w.Code, location)
		}
		if tc.status != 405 && (w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer") {
			t.Errorf("%s: %v", name, w.Header())
		}
	}
	if w := s.ask("GET", "/oauth2/authorize?"+s.query("&response_mode=form_post"), "", cookie); w.Code != 200 ||
		!strings.Contains(w.Body.String(), `<form method="post" action="`+callback+`">`) || !strings.Contains(w.Body.String(), `name="state" value="s t&#43;x"`) {
		t.Error(w.Code, w.Body)
	}
	if w := s.ask("GET", `/error?error=<script>&client_id="><script>`, "", ""); w.Code != 400 || strings.Contains(w.Body.String(), "script") {
		t.Error(w.Code, w.Body)
	}
}

// RFC 9126 section 4: the browser brings a reference, which works once, and the login pages continue with another one.
func TestAuthorizeWithAPushedRequest(t *testing.T) {
	s := newSite(t)
	p, c, err := s.Pools.ClientOf(t.Context(), s.pool, s.client)
	if err != nil {
		t.Fatal(err)
	}
	push := func() string {
		t.Helper()
		query, err := url.ParseQuery(s.query("&nonce=n1&lang=de"))
		if err != nil {
			t.Fatal(err)
		}
		pushed, err := s.OAuth.Push(t.Context(), p, c, query)
		if err != nil {
			t.Fatal(err)
		}
		return url.Values{"client_id": {s.client}, "request_uri": {pushed.RequestURI}}.Encode()
	}
	query := push()
	w := s.ask("GET", "/oauth2/authorize?"+query, "", "")
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != 302 || to.Path != "/login" || to.Query().Get("lang") != "de" || to.Query().Has("state") {
		t.Fatal(w.Code, to, err)
	}
	if a, err := s.OAuth.Parse(t.Context(), s.pool, to.Query()); err != nil || a.Nonce != "n1" || a.State != "s t+x" {
		t.Error(a, err)
	}
	if w := s.ask("GET", "/oauth2/authorize?"+query, "", ""); w.Code != 400 || w.Header().Get("Location") != "" {
		t.Error("again:", w.Code, w.Header())
	}
	if w := s.ask("GET", "/oauth2/authorize?"+to.RawQuery, "", ""); w.Code != 302 || w.Header().Get("Location") != to.String() {
		t.Error("back from the pages:", w.Code, w.Header())
	}
	if w := s.ask("POST", "/oauth2/authorize", push(), s.signIn()); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), callback+"?code=") {
		t.Error("with a session:", w.Code, w.Header())
	}
}

// RP-Initiated Logout section 2 and 3: the browser is never sent to an address that is not registered.
func TestLogout(t *testing.T) {
	s := newSite(t)
	cookie := s.signIn()
	code := s.ask("GET", "/oauth2/authorize?"+s.query("&response_type=token"), "", cookie)
	if !strings.Contains(code.Header().Get("Location"), "error") {
		t.Error("two response types", code.Header())
	}
	tokens := s.ask("GET", "/oauth2/authorize?"+strings.Replace(s.query(""), "=code", "=token", 1), "", cookie)
	answer, err := url.ParseQuery(strings.TrimPrefix(tokens.Header().Get("Location"), callback+"#"))
	if err != nil || answer.Get("id_token") == "" {
		t.Fatal(tokens.Header(), err)
	}
	hint, out := "&id_token_hint="+answer.Get("id_token"), url.QueryEscape(goodbye)
	client := "client_id=" + s.client
	sorted := func(more string) string {
		values, err := url.ParseQuery(s.query(more))
		if err != nil {
			t.Fatal(err)
		}
		return values.Encode()
	}
	for name, tc := range map[string]struct{ query, location string }{
		"to a logout URL":                  {client + "&logout_uri=" + out + "&state=x", goodbye},
		"to the login page":                {s.query("&scope=openid"), "/login?" + sorted("&scope=openid")},
		"to no identity provider":          {s.query("&identity_provider=Corp&idp_identifier=x&login_hint=a"), "/login?" + sorted("")},
		"with both":                        {s.query("&logout_uri=" + out), goodbye},
		"by the relying party":             {client + "&post_logout_redirect_uri=" + out + "&state=a%26b", goodbye + "?state=a%26b"},
		"with a hint":                      {"post_logout_redirect_uri=" + out + hint, goodbye},
		"with a hint and the client":       {client + "&post_logout_redirect_uri=" + out + hint, goodbye},
		"to nowhere":                       {client, "/signedout"},
		"without parameters":               {"", "/signedout"},
		"with a state only":                {"state=x&ui_locales=de", "/signedout"},
		"with any hint, as Cognito":        {client + "&logout_uri=" + out + "&id_token_hint=x", goodbye},
		"with the client twice":            {client + "&" + client + "&logout_uri=" + out, goodbye},
		"with two clients":                 {client + "&client_id=x&logout_uri=" + out, ""},
		"with any hint, elsewhere":         {client + "&id_token_hint=x&logout_uri=https%3A%2F%2Fevil.example.com", ""},
		"with a broken hint only":          {"id_token_hint=x", ""},
		"without a client":                 {"logout_uri=" + out, ""},
		"to a foreign address":             {client + "&logout_uri=https%3A%2F%2Fevil.example.com", ""},
		"to a longer address":              {client + "&logout_uri=" + out + "%2Fx", ""},
		"to a callback URL":                {client + "&logout_uri=" + url.QueryEscape(callback), ""},
		"by the relying party, elsewhere":  {client + "&post_logout_redirect_uri=https%3A%2F%2Fevil.example.com", ""},
		"with another client than hinted":  {"client_id=x&post_logout_redirect_uri=" + out + hint, ""},
		"with a broken hint":               {"post_logout_redirect_uri=" + out + hint + "x", ""},
		"with an access token as hint":     {"post_logout_redirect_uri=" + out + "&id_token_hint=" + answer.Get("access_token"), ""},
		"to two addresses":                 {client + "&logout_uri=" + out + "&logout_uri=" + out, ""},
		"to the login page, for elsewhere": {client + "&redirect_uri=https%3A%2F%2Fevil.example.com&response_type=code", "/error?"},
	} {
		for _, method := range []string{"GET", "POST"} {
			target, form := "/logout?"+tc.query, ""
			if method == "POST" {
				target, form = "/logout", tc.query
			}
			cookie := s.signIn()
			w := s.ask(method, target, form, cookie)
			location := w.Header().Get("Location")
			ends := tc.location != "" && tc.location != "/error?"
			if method == "GET" && (location != tc.location && tc.location != "/error?" || !strings.HasPrefix(location, tc.location)) {
				t.Errorf("%s: %d %s", name, w.Code, location)
			}
			if strings.Contains(location, "evil") {
				t.Errorf("%s, %s: %s", name, method, location)
			}
			if ends != strings.Contains(w.Header().Get("Set-Cookie"), "__Host-cognito=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax") {
				t.Errorf("%s, %s: %v", name, method, w.Header())
			}
			if again := s.ask("GET", "/oauth2/authorize?"+s.query(""), "", cookie).Header().Get("Location"); ends != strings.HasPrefix(again, "/login") {
				t.Errorf("%s, %s, then: %s", name, method, again)
			}
		}
	}
}

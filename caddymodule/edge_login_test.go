package caddymodule

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// browser is a client with cookies that navigates as browsers do.
type browser struct {
	t    testing.TB
	http *http.Client
	base *url.URL
}

func (e *edge) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	b := &browser{t: t, http: &http.Client{Jar: jar, Timeout: aMinute, Transport: transport,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error { navigation(r); return nil }}}
	b.at(e)
	return b
}

// at has the browser open the paths of an edge.
func (b *browser) at(e *edge) {
	b.t.Helper()
	var err error
	if b.base, err = url.Parse(e.url("/")); err != nil {
		b.t.Fatal(err)
	}
}

// navigation adds the headers of a navigation.
func navigation(r *http.Request) {
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
}

// open navigates to a path and follows all redirects.
func (b *browser) open(path string, headers ...string) answer {
	b.t.Helper()
	return b.get(b.http, path, true, headers)
}

// step navigates without following a redirect.
func (b *browser) step(path string, headers ...string) answer {
	b.t.Helper()
	return b.get(b.still(), path, true, headers)
}

// fetch is a script's request.
func (b *browser) fetch(path string, headers ...string) answer {
	b.t.Helper()
	return b.get(b.http, path, false, append(headers, "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Sec-Fetch-Site: same-origin"))
}

// still is a client that follows no redirect.
func (b *browser) still() *http.Client {
	client := *b.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func (b *browser) get(client *http.Client, path string, navigates bool, headers []string) answer {
	b.t.Helper()
	target, err := b.base.Parse(path)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, target.String(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if navigates {
		navigation(r)
	}
	addHeaders(r, headers)
	return do(b.t, client, r)
}

// post sends a form.
func (b *browser) post(path, form string, headers ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base.JoinPath(path).String(), strings.NewReader(form))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	addHeaders(r, headers)
	return do(b.t, b.still(), r)
}

// cookies returns the browser's cookies by name.
func (b *browser) cookies() map[string]string {
	all := map[string]string{}
	for _, c := range b.http.Jar.Cookies(b.base) {
		all[c.Name] = c.Value
	}
	return all
}

// session returns the name and value of the session cookie.
func (b *browser) session() (name, value string) {
	for name, value := range b.cookies() {
		if strings.HasPrefix(name, "sluice-") && len(name) == len("sluice-")+16 {
			return name, value
		}
	}
	return "", ""
}

// loginEdge starts an edge whose site signs in with a new provider; options go into the login block, and rules next to it.
func loginEdge(t testing.TB, options, rules string) (*edge, *provider) {
	t.Helper()
	e, p := newEdge(t), startProvider(t)
	e.more = []string{"%PROVIDER%", p.url}
	e.load(t, "", loginSite(options, rules))
	return e, p
}

func loginSite(options, rules string) string {
	return "sluice_authorize {\n issuer %PROVIDER% {\n client_id web\n username_claim preferred_username\n }\n login web the-secret-of-web {\n" +
		options + "\n}\n" + rules + "\n}\nreverse_proxy %UPSTREAM%\n"
}

const everyoneSignedIn = "allow any * *\nheader X-User {http.auth.user.username}"

// userOf is the user that the upstream saw.
func userOf(a answer) string {
	if a.got == nil {
		return ""
	}
	return strings.Join(a.got.values("X-User"), ",")
}

// targetOf is the request target that the upstream saw.
func targetOf(a answer) string {
	if a.got == nil {
		return ""
	}
	return strings.Split(a.got.Line, " ")[1]
}

func TestANavigationSignsInAndReturnsToTheDeepLink(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	b := e.browser(t)
	a := b.open("/deep/link?a=1&b=%2F2")
	if a.status != http.StatusOK || a.got == nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if targetOf(a) != "/deep/link?a=1&b=%2F2" || userOf(a) != "ann" {
		t.Errorf("%+v", a.got)
	}
	if cookie := a.got.values("Cookie"); len(cookie) > 0 {
		t.Errorf("the upstream got the cookies %q", cookie)
	}
	name, value := b.session()
	if name == "" || len(value) > 160 {
		t.Errorf("the session cookie is %s=%s", name, value)
	}
	if n := len(b.cookies()); n != 1 {
		t.Errorf("%d cookies are left: %v", n, b.cookies())
	}
	if a := b.fetch("/api", "Cookie: theme=dark"); a.status != http.StatusOK || userOf(a) != "ann" || strings.Join(a.got.values("Cookie"), "|") != "theme=dark" {
		t.Errorf("a script of a signed-in user got %d %s", a.status, a.body)
	}
}

func TestAScriptGets401WithAHint(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	b := e.browser(t)
	for name, a := range map[string]answer{
		"fetch":         b.fetch("/api"),
		"XMLHttp":       e.get(t, "/api", "Accept: text/html", "X-Requested-With: XMLHttpRequest"),
		"frame":         e.get(t, "/", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe", "Accept: text/html"),
		"image":         e.get(t, "/", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"),
		"prefetch":      e.get(t, "/", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Purpose: prefetch", "Accept: text/html"),
		"form":          e.send(t, "POST", "/", "a=1", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Accept: text/html"),
		"command":       e.get(t, "/", "Accept: */*"),
		"bearer, wrong": e.get(t, "/", "Accept: text/html", "Authorization: Bearer a.b.c"),
	} {
		if a.status != http.StatusUnauthorized || len(a.header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d %v", name, a.status, a.header)
			continue
		}
		if login := a.problem(t, "login"); login != "/.sluice/login" {
			t.Errorf("%s: the problem names %q", name, login)
		}
		if challenge := a.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `login="/.sluice/login"`) {
			t.Errorf("%s: WWW-Authenticate is %q", name, challenge)
		}
	}
	if a := e.get(t, "/", "Accept: text/html,*/*"); a.status != http.StatusSeeOther {
		t.Errorf("an old browser got %d", a.status)
	}
}

func TestSignInHasPKCENonceAndState(t *testing.T) {
	e, p := loginEdge(t, "scope openid email notes/read", everyoneSignedIn)
	a := e.browser(t).step("/x")
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusSeeOther || !strings.HasPrefix(to.String(), p.url+"/authorize?") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	q := to.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": "web", "redirect_uri": e.url("/.sluice/callback"),
		"scope": "openid email notes/read", "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("state")) != 40 || len(q.Get("nonce")) != 22 || len(q.Get("code_challenge")) != 43 {
		t.Errorf("%v", q)
	}
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=900"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
	for _, secret := range []string{q.Get("nonce"), q.Get("state")} {
		if strings.Contains(strings.SplitN(cookie, "=", 2)[1], secret) {
			t.Error("the cookie is not sealed")
		}
	}
}

func TestRulesDecideAfterTheSignIn(t *testing.T) {
	e, p := loginEdge(t, "", "allow group editors * /edit/*\nallow any GET /read/*\nallow anonymous GET /open/*")
	b := e.browser(t)
	if a := b.fetch("/open/a"); a.status != http.StatusOK {
		t.Errorf("public: %d", a.status)
	}
	if a := b.open("/edit/a"); a.status != http.StatusOK {
		t.Errorf("an editor: %d %s", a.status, a.body)
	}
	p.set(func(p *provider) { p.user, p.groups = "bob", nil })
	b = e.browser(t)
	if a := b.open("/read/a"); a.status != http.StatusOK {
		t.Errorf("a reader: %d", a.status)
	}
	if a := b.open("/edit/a"); a.status != http.StatusForbidden {
		t.Errorf("not an editor: %d", a.status)
	}
}

func TestUnauthenticatedAllowAndDeny(t *testing.T) {
	e, _ := loginEdge(t, "unauthenticated allow", everyoneSignedIn+"\ndeny any * /secret/*")
	b := e.browser(t)
	if a := b.open("/"); a.status != http.StatusOK || userOf(a) != "" {
		t.Errorf("allow: %d %v", a.status, a.got)
	}
	if a := b.open("/.sluice/login?return_to=/home"); a.status != http.StatusOK || targetOf(a) != "/home" || userOf(a) != "ann" {
		t.Errorf("after a sign-in: %d %+v", a.status, a.got)
	}
	if a := b.open("/secret/x"); a.status != http.StatusForbidden {
		t.Errorf("denied: %d", a.status)
	}
	e.load(t, "", loginSite("unauthenticated deny", everyoneSignedIn))
	if a := e.browser(t).step("/"); a.status != http.StatusUnauthorized {
		t.Errorf("deny: %d", a.status)
	}
}

// A sign-in does not change the header, so that the browser would come back and be sent away for ever.
func TestABrowserWithAnEmptyAuthorizationIsNotSentToSignIn(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	b := e.browser(t)
	if a := b.step("/", "Authorization: "); a.status != http.StatusUnauthorized {
		t.Errorf("without a session: %d %v", a.status, a.header)
	}
	b.open("/")
	if a := b.step("/", "Authorization: "); a.status != http.StatusUnauthorized {
		t.Errorf("with a session: %d %v", a.status, a.header)
	}
}

func TestSignOutEndsBothSessions(t *testing.T) {
	e, p := loginEdge(t, "return_to other.example", everyoneSignedIn)
	b := e.browser(t)
	b.open("/")
	name, value := b.session()
	if a := b.step("/.sluice/logout", "Sec-Fetch-Site: cross-site"); a.status != http.StatusOK || !strings.Contains(a.body, `<form method="post" action="/.sluice/logout">`) {
		t.Errorf("a link on another site: %d %s", a.status, a.body)
	}
	for _, site := range []string{"cross-site", "same-site"} {
		if a := b.post("/.sluice/logout", "", "Sec-Fetch-Site: "+site); a.status != http.StatusForbidden {
			t.Errorf("a form, %s: %d", site, a.status)
		}
	}
	if a := b.fetch("/"); a.status != http.StatusOK {
		t.Fatalf("others signed the user out: %d", a.status)
	}
	a := b.post("/.sluice/logout", "return_to=https%3A%2F%2Fother.example%2Fbye", "Sec-Fetch-Site: same-origin")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), p.url+"/end?") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	if a := b.step(a.header.Get("Location")); a.header.Get("Location") != e.url("/.sluice/logout") {
		t.Fatalf("the provider sends the browser to %v", a.header)
	}
	p.set(func(p *provider) {
		if p.ended.Get("client_id") != "web" || p.ended.Get("id_token_hint") == "" {
			t.Errorf("the provider got %v", p.ended)
		}
	})
	if a := b.step("/.sluice/logout"); a.header.Get("Location") != "https://other.example/bye" {
		t.Errorf("back from the provider: %d %v", a.status, a.header)
	}
	if a := b.step("/.sluice/logout"); a.status != http.StatusOK || !strings.Contains(a.body, "You are signed out") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := e.get(t, "/", "Cookie: "+name+"="+value); a.status != http.StatusUnauthorized {
		t.Errorf("the old cookie still works: %d", a.status)
	}
	eventually(t, "the refresh token is revoked", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.revoked == 1
	})
}

func TestTokensAreRenewedOnceBeforeTheyExpire(t *testing.T) {
	e, p := loginEdge(t, "", everyoneSignedIn)
	p.set(func(p *provider) { p.life = 6 * time.Second })
	b := e.browser(t)
	b.open("/")
	p.set(func(p *provider) { p.life = time.Hour })
	eventually(t, "the tokens are renewed", func() bool {
		if a := b.fetch("/"); a.status != http.StatusOK {
			t.Fatalf("a request while the tokens are renewed: %d %s", a.status, a.body)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.renewed > 0
	})
	for range 20 {
		b.fetch("/")
	}
	p.set(func(p *provider) {
		if p.renewed != 1 {
			t.Errorf("renewed %d times", p.renewed)
		}
	})
}

func TestASessionEndsWhenTheProviderRefuses(t *testing.T) {
	e, p := loginEdge(t, "", everyoneSignedIn)
	p.set(func(p *provider) { p.life, p.refused = 2*time.Second, true })
	b := e.browser(t)
	b.open("/")
	eventually(t, "the session ends", func() bool { return b.fetch("/").status == http.StatusUnauthorized })
}

func TestAnAwayProviderEndsNoSession(t *testing.T) {
	e, p := loginEdge(t, "", everyoneSignedIn)
	p.set(func(p *provider) { p.life = 2 * time.Second })
	b := e.browser(t)
	b.open("/")
	p.set(func(p *provider) { p.away = true })
	eventually(t, "the tokens expire", func() bool {
		a := b.fetch("/")
		if a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return a.status == http.StatusServiceUnavailable
	})
	p.set(func(p *provider) { p.away, p.life = false, time.Hour })
	eventually(t, "the session goes on", func() bool { return b.fetch("/").status == http.StatusOK })
}

func TestASessionSurvivesAReload(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	b := e.browser(t)
	begun := b.step("/x")
	e.load(t, "", loginSite("session 1h", everyoneSignedIn)) // another service, on another port of the same host
	back, err := url.Parse(b.step(begun.header.Get("Location")).header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	b.at(e)
	if a := b.open(back.RequestURI()); a.status != http.StatusOK || targetOf(a) != "/x" {
		t.Fatalf("after a reload in the middle: %d %s", a.status, a.body)
	}
	e.load(t, "", loginSite("", everyoneSignedIn))
	b.at(e)
	if a := b.fetch("/"); a.status != http.StatusOK {
		t.Errorf("after a reload: %d %s", a.status, a.body)
	}
}

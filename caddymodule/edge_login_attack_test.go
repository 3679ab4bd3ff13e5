package caddymodule

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// answerOf begins a sign-in in the browser and returns the provider's answer, which the browser has not followed yet.
func (b *browser) answerOf(path string) *url.URL {
	b.t.Helper()
	return b.follow(b.step(path))
}

// follow opens the provider's page and returns where it sends the browser.
func (b *browser) follow(begun answer) *url.URL {
	b.t.Helper()
	to, err := url.Parse(b.step(begun.header.Get("Location")).header.Get("Location"))
	if err != nil {
		b.t.Fatal(err)
	}
	return to
}

func TestNoLinkLeadsToAnotherSite(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	for _, to := range []string{"//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
		"/%0d%0aLocation:%20https://evil.example", "https:evil.example", "javascript:alert(1)", "https://127.0.0.1@evil.example", "///evil.example", "/%2F/evil.example"} {
		for _, path := range []string{"/.sluice/login", "/.sluice/logout"} {
			b := e.browser(t)
			a := b.step(path + "?return_to=" + url.QueryEscape(to))
			if path == "/.sluice/login" {
				back := b.follow(a)
				a = b.step(back.RequestURI())
			}
			at := a.header.Get("Location")
			if u, err := url.Parse(at); err != nil || u.Host != "" || strings.HasPrefix(at, "//") || strings.ContainsAny(at, "\\\r\n\t") {
				t.Errorf("%s with %q leads to %q", path, to, at)
			}
		}
	}
	for _, target := range []string{"//evil.example/", "/\\evil.example", "http://evil.example/", "/a/../../evil", "/%2f%2fevil.example"} {
		a := e.raw(t, "GET "+target+" HTTP/1.1\r\nHost: 127.0.0.1:"+e.port+"\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
		if a.status != http.StatusBadRequest {
			t.Errorf("%q: %d %v", target, a.status, a.header)
		}
	}
}

func TestForeignCookiesAreNoSession(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	b := e.browser(t)
	b.open("/")
	name, value := b.session()
	changed := value[:60] + "AAAA" + value[64:]
	for what, headers := range map[string][]string{
		"a changed cookie":        {"Cookie: " + name + "=" + changed},
		"no value":                {"Cookie: " + name + "="},
		"a long value":            {"Cookie: " + name + "=" + strings.Repeat("A", 4000)},
		"another name":            {"Cookie: " + name + "0=" + value},
		"the name of https":       {"Cookie: __Host-" + name + "=" + value},
		"quotes around the value": {"Cookie: " + name + `="` + value + `"`},
	} {
		if a := e.get(t, "/", headers...); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, a.status)
		}
	}
	for what, headers := range map[string][]string{
		"twice":             {"Cookie: " + name + "=" + value + "; " + name + "=" + value},
		"with Bearer":       {"Cookie: " + name + "=" + value, "Authorization: Bearer a.b.c"},
		"with Basic":        {"Cookie: " + name + "=" + value, "Authorization: Basic YTpi"},
		"with access_token": {"Cookie: " + name + "=" + value},
	} {
		path := "/"
		if what == "with access_token" {
			path = "/?access_token=x"
		}
		if a := e.get(t, path, headers...); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", what, a.status)
		}
	}
	// On another host, and at another login of the same provider.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "other.localhost"
	request.Header.Set("Cookie", name+"="+value)
	if a := do(t, e.http, request); a.status != http.StatusUnauthorized {
		t.Errorf("on another host: %d", a.status)
	}
}

func TestACallbackOfAnotherBrowserMakesNoSession(t *testing.T) {
	e, p := loginEdge(t, "", everyoneSignedIn)
	p.set(func(p *provider) { p.user = "mallory" })
	attackers := e.browser(t)
	back := attackers.answerOf("/")
	victim := e.browser(t)
	if a := victim.step(back.RequestURI()); a.status != http.StatusBadRequest || len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("login CSRF: %d %v", a.status, a.header)
	}
	// The victim has begun a sign-in too: its cookie does not help the attacker's answer, nor does a mix of both.
	own := victim.step("/")
	if a := victim.step(back.RequestURI()); a.status != http.StatusBadRequest {
		t.Errorf("with an attempt of the victim: %d", a.status)
	}
	begun, err := url.Parse(own.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	mixed := back.Query()
	mixed.Set("state", begun.Query().Get("state"))
	if a := victim.step("/.sluice/callback?" + mixed.Encode()); a.status < 400 {
		t.Errorf("the attacker's code with the victim's state: %d", a.status)
	}
	if name, _ := victim.session(); name != "" {
		t.Error("the victim has a session")
	}
}

func TestAnAnswerIsUsedOnce(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	b := e.browser(t)
	back := b.answerOf("/deep")
	if a := b.step(back.RequestURI()); a.header.Get("Location") != "/deep" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	_, before := b.session()
	if a := b.step(back.RequestURI()); a.header.Get("Location") != "/" || len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("a step back in the history: %d %v", a.status, a.header)
	}
	if _, after := b.session(); after != before {
		t.Error("the session changed")
	}
	if a := e.browser(t).step(back.RequestURI()); a.status != http.StatusBadRequest {
		t.Errorf("in another browser: %d", a.status)
	}
}

func TestASignInMakesANewSession(t *testing.T) {
	e, p := loginEdge(t, "", everyoneSignedIn)
	p.set(func(p *provider) { p.user = "mallory" })
	attackers := e.browser(t)
	attackers.open("/")
	name, fixed := attackers.session()
	p.set(func(p *provider) { p.user = "ann" })
	victim := e.browser(t)
	back := victim.answerOf("/")
	victim.http.Jar.SetCookies(victim.base, []*http.Cookie{{Name: name, Value: fixed, Path: "/"}})
	if a := victim.open(back.RequestURI()); userOf(a) != "ann" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if _, value := victim.session(); value == fixed {
		t.Error("the session is the attacker's")
	}
	if a := attackers.fetch("/"); a.status != http.StatusUnauthorized {
		t.Errorf("the attacker still has a session: %d %s", a.status, userOf(a))
	}
}

func TestOtherAnswersAreRefused(t *testing.T) {
	e, p := loginEdge(t, "", everyoneSignedIn)
	try := func(what string, status int, change func(q url.Values), setup func(p *provider)) {
		t.Helper()
		p.set(func(p *provider) {
			p.issuer, p.nonce, p.noIssuer = "", "", false
			if setup != nil {
				setup(p)
			}
		})
		b := e.browser(t)
		q := b.answerOf("/").Query()
		if change != nil {
			change(q)
		}
		a := b.step("/.sluice/callback?" + q.Encode())
		name, _ := b.session()
		if a.status != status || name != "" || strings.Contains(a.body, "<script>") {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	try("another issuer", http.StatusBadGateway, nil, func(p *provider) { p.issuer = "https://evil.example" })
	try("no issuer", http.StatusBadGateway, nil, func(p *provider) { p.noIssuer = true })
	try("a replayed nonce", http.StatusBadGateway, nil, func(p *provider) { p.nonce = "old" })
	try("no code", http.StatusBadGateway, func(q url.Values) { q.Del("code") }, nil)
	try("another code", http.StatusUnauthorized, func(q url.Values) { q.Set("code", "x") }, nil)
	try("two codes", http.StatusBadRequest, func(q url.Values) { q.Add("code", "x") }, nil)
	try("two states", http.StatusBadRequest, func(q url.Values) { q.Add("state", "x") }, nil)
	try("no state", http.StatusBadRequest, func(q url.Values) { q.Del("state") }, nil)
	try("cancelled", http.StatusUnauthorized, func(q url.Values) { q.Set("error", "access_denied") }, nil)
	try("an error with a script", http.StatusUnauthorized, func(q url.Values) {
		q.Set("error", "<script>alert(1)</script>")
		q.Set("error_description", "<script>alert(1)</script>")
	}, nil)
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if a := e.send(t, method, "/.sluice/callback?code=a&state=b", ""); a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, a.status)
		}
	}
	a := e.get(t, "/.sluice/callback?state="+strings.Repeat("0", 40))
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if a.header.Get(name) != want {
			t.Errorf("%s of a page is %q", name, a.header.Get(name))
		}
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy of a page is %q", policy)
	}
}

func TestHeadersOfALBCannotBeForged(t *testing.T) {
	e, _ := loginEdge(t, "alb_headers\nunauthenticated allow", everyoneSignedIn)
	forged := []string{"X-Amzn-Oidc-Identity: mallory", "x-amzn-oidc-data: forged", "X_Amzn_Oidc_Data: forged", "X-Amzn-Oidc_Identity: mallory",
		"X-AMZN-OIDC-ACCESSTOKEN: forged", "Connection: X-Amzn-Oidc-Data, close"}
	if a := e.get(t, "/", forged...); a.status != http.StatusOK || len(a.got.values("X-Amzn-Oidc-Identity"))+len(a.got.values("X-Amzn-Oidc-Data"))+len(a.got.values("X-Amzn-Oidc-Accesstoken")) > 0 {
		t.Errorf("without a session: %d %+v", a.status, a.got)
	}
	b := e.browser(t)
	b.open("/.sluice/login")
	a := b.fetch("/", forged...)
	if a.status != http.StatusOK {
		t.Fatal(a.status, a.body)
	}
	if got := a.got.values("X-Amzn-Oidc-Identity"); len(got) != 1 || got[0] != "sub-ann" {
		t.Errorf("identity: %q", got)
	}
	if got := a.got.values("X-Amzn-Oidc-Accesstoken"); len(got) != 1 || got[0] != "access-of-ann" {
		t.Errorf("access token: %q", got)
	}
	data := a.got.values("X-Amzn-Oidc-Data")
	if len(data) != 1 || strings.Count(data[0], ".") != 2 {
		t.Fatalf("data: %q", data)
	}
	for part := range strings.SplitSeq(data[0], ".") {
		if len(part)%4 != 0 {
			t.Errorf("a part of data has no padding: %q", part)
		}
	}
	if a := e.get(t, "/.sluice/keys/none"); a.status != http.StatusNotFound {
		t.Errorf("an unknown key: %d", a.status)
	}
}

func TestABrowserHasFewOpenSignIns(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	b := e.browser(t)
	first := b.answerOf("/tab/0")
	second := b.answerOf("/tab/1")
	if a := b.step(first.RequestURI()); a.header.Get("Location") != "/tab/0" {
		t.Errorf("the first of two tabs: %d %v", a.status, a.header)
	}
	if a := b.step(second.RequestURI()); a.header.Get("Location") != "/tab/1" {
		t.Errorf("the second of two tabs: %d %v", a.status, a.header)
	}
	b = e.browser(t)
	var last *url.URL
	for i := range 20 {
		last = b.answerOf(fmt.Sprintf("/tab/%d", i))
	}
	if n := len(b.cookies()); n > 4 {
		t.Errorf("%d sign-ins are open", n)
	}
	if a := b.step(last.RequestURI()); a.header.Get("Location") != "/tab/19" {
		t.Errorf("the last of twenty: %d %v", a.status, a.header)
	}
	var bomb []string
	for i := range 150 {
		bomb = append(bomb, fmt.Sprintf("sluice-%d=%s", i, strings.Repeat("x", 100)))
	}
	if a := e.get(t, "/", "Cookie: "+strings.Join(bomb, "; "), "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"); a.status != http.StatusSeeOther {
		t.Errorf("with many cookies: %d", a.status)
	}
	long := "/" + strings.Repeat("a", 3000)
	if a := e.browser(t).open(long); a.status != http.StatusOK || targetOf(a) != "/" {
		t.Errorf("a deep link that is too long leads to %d %s", a.status, targetOf(a))
	}
}

func TestOnlyTrustedProxiesNameTheSite(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	forwarded := []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: app.example.com"}
	redirect := func(a answer) string {
		to, err := url.Parse(a.header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return to.Query().Get("redirect_uri")
	}
	a := e.browser(t).step("/", forwarded...)
	if got := redirect(a); got != e.url("/.sluice/callback") || strings.Contains(a.header.Get("Set-Cookie"), "Secure") {
		t.Errorf("of a peer: %s %v", got, a.header)
	}
	e.port = freePort(t)
	trusting := strings.Replace(globalOptions, "servers {", "servers {\n trusted_proxies static private_ranges", 1)
	adapted, err := e.adapt(trusting, "", "http://:%PORT% {\n"+loginSite("", everyoneSignedIn)+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	a = e.browser(t).step("/", forwarded...)
	if got := redirect(a); got != "https://app.example.com/.sluice/callback" || !strings.Contains(a.header.Get("Set-Cookie"), "__Host-sluice-") || !strings.Contains(a.header.Get("Set-Cookie"), "; Secure") {
		t.Errorf("of a trusted proxy: %s %v", got, a.header)
	}
	a = e.browser(t).step("/", "X-Forwarded-Host: evil.example, app.example.com")
	if got := redirect(a); strings.Contains(got, "evil.example") {
		t.Errorf("a list: %s", got)
	}
}

// On a site without https, another host of the domain can set a second cookie of the name. It must not keep a user from signing out.
func TestASecondCookieDoesNotPreventASignOut(t *testing.T) {
	e, _ := loginEdge(t, "", everyoneSignedIn)
	for _, both := range []string{"%s=tossed; %[1]s=%s", "%s=%s; %[1]s=tossed"} {
		b := e.browser(t)
		b.open("/")
		name, value := b.session()
		if a := e.send(t, "POST", "/.sluice/logout", "", "Cookie: "+fmt.Sprintf(both, name, value), "Sec-Fetch-Site: same-origin"); a.status != http.StatusSeeOther {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := e.get(t, "/", "Cookie: "+name+"="+value); a.status != http.StatusUnauthorized {
			t.Errorf("the session lives: %d", a.status)
		}
	}
}

func TestNoCacheKeepsAnswersToASession(t *testing.T) {
	e, p := newEdge(t), startProvider(t)
	e.more = []string{"%PROVIDER%", p.url}
	e.load(t, "", "header /own Cache-Control max-age=60\n"+loginSite("", everyoneSignedIn+"\nallow anonymous GET /open/*"))
	b := e.browser(t)
	if a := b.open("/open/x"); a.status != http.StatusOK || a.header.Get("Cache-Control") != "" {
		t.Errorf("without a session: %d %v", a.status, a.header)
	}
	b.open("/")
	if a := b.fetch("/x"); strings.Join(a.header["Cache-Control"], "|") != "private, no-cache" {
		t.Errorf("with a session: %v", a.header)
	}
	if a := b.fetch("/own"); strings.Join(a.header["Cache-Control"], "|") != "max-age=60" {
		t.Errorf("the site's own: %v", a.header)
	}
}

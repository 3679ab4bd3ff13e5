package login_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/login"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const app = "https://app.example.com/callback"

// site is the pages of a pool, mounted at https://auth.example.com.
type site struct {
	*userpooltest.Harness
	t       testing.TB
	pool    *userpool.PoolDescription
	client  *userpool.ClientDescription
	oauth   *authorizer
	handler *login.Handler
	admit   error // of every request
	at      mount.Point

	withoutLocal bool             // the client has no users of the pool itself
	federation   login.Federation // nil = no identity providers
}

// authorizer stands in for userpool/oauth: it knows one client and one redirect URI.
type authorizer struct {
	s        *site
	done     []*signin.Authentication
	sessions map[string]string // cookie → sub
	levels   []int             // of acr_values
	provider string            // of the sessions; "" = the pool itself
}

func (a *authorizer) Parse(ctx context.Context, poolID string, q url.Values) (*oauth.Authorization, error) {
	p, c, err := a.s.Pools.ClientOf(ctx, poolID, q.Get("client_id"))
	if err != nil {
		return nil, oauth.Shown(oauth.KeyClient, "")
	}
	if q.Get("redirect_uri") != app {
		return nil, oauth.Shown(oauth.KeyRedirect, c.ID)
	}
	if a.s.withoutLocal {
		other := *c
		other.Settings.SupportedIdentityProviders = []string{"Google"}
		c = &other
	}
	out := &oauth.Authorization{Pool: p, Client: c, RedirectURI: app, ResponseType: "code", State: q.Get("state"), LoginHint: q.Get("login_hint"),
		Prompt: strings.Fields(q.Get("prompt")), Levels: a.levels, ResponseMode: q.Get("response_mode")}
	if q.Get("response_type") != "code" {
		return nil, &oauth.RedirectError{Err: oauth.Error{Code: "invalid_request"}, Response: &oauth.Response{Location: app + "?error=invalid_request"}}
	}
	return out, nil
}

func (a *authorizer) answer(r *oauth.Authorization, sub string) *oauth.Response {
	if r.ResponseMode == "form_post" {
		return &oauth.Response{Location: app, Form: []oauth.Pair{{Name: "code", Value: "code-of-" + sub}}}
	}
	return &oauth.Response{Location: app + "?code=code-of-" + sub + "&state=" + url.QueryEscape(r.State), Name: "name of " + sub}
}

func (a *authorizer) Resume(_ context.Context, r *oauth.Authorization, cookie string) (*oauth.Response, error) {
	sub, ok := a.sessions[cookie]
	if !ok || r.Account == "" && (r.Prompts("login") || r.Prompts("select_account")) {
		return nil, nil
	}
	return a.answer(r, sub), nil
}

func (a *authorizer) Complete(_ context.Context, r *oauth.Authorization, by *signin.Authentication, _ string) (*oauth.Response, error) {
	a.done = append(a.done, by)
	cookie := fmt.Sprintf("session-%d", len(a.done))
	a.sessions[cookie] = by.User.Sub
	out := a.answer(r, by.User.Sub)
	out.Cookie = cookie
	return out, nil
}

func (a *authorizer) OpenSession(_ context.Context, _ *oauth.Authorization, by *signin.Authentication) (string, error) {
	return "session of " + by.User.Sub, nil
}

func (a *authorizer) Accounts(_ context.Context, _, cookie string) ([]oauth.Account, error) {
	if sub, ok := a.sessions[cookie]; ok {
		return []oauth.Account{{ID: cookie, Sub: sub, Name: "name of " + sub, Provider: cmp.Or(a.provider, oauth.Local), Record: signin.Record{Time: a.s.Clock.Now()}}}, nil
	}
	return nil, nil
}

// newSite makes the pages of a new pool with a client.
func newSite(t testing.TB, settings userpool.PoolSettings, client userpool.ClientSettings, change ...func(*idp.Options)) *site {
	t.Helper()
	return newSiteOn(userpooltest.New(t, change...), settings, client)
}

func newSiteOn(h *userpooltest.Harness, settings userpool.PoolSettings, client userpool.ClientSettings) *site {
	t := h.T
	t.Helper()
	s := &site{Harness: h, t: t}
	s.pool = s.Pool(settings)
	s.client = s.Client(s.pool.ID, client)
	s.at = mount.Point{PoolID: s.pool.ID, Base: "https://auth.example.com"}
	s.oauth = &authorizer{s: s, sessions: map[string]string{}}
	s.serve(nil)
	return s
}

// serve makes the handler. devices is the device grant, nil for none.
func (s *site) serve(devices login.Devices) {
	s.t.Helper()
	renderer, err := pages.New(pages.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.handler, err = login.New(login.Options{Pools: s.Provider, OAuth: s.oauth, Renderer: renderer, Seal: s.Options.Seal, Now: s.Clock.Now, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler), Devices: devices, Federation: s.federation, Admit: func(*http.Request) error { return s.admit }})
	if err != nil {
		s.t.Fatal(err)
	}
}

// query is an authorization request.
func (s *site) query(pairs ...string) string {
	q := url.Values{"client_id": {s.client.ID}, "redirect_uri": {app}, "response_type": {"code"}, "state": {"s1"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}

// browser is a browser with cookies and without scripts.
type browser struct {
	s       *site
	t       testing.TB
	cookies map[string]string
	path    string // of the page
	status  int
	header  http.Header
	body    string
	left    string // the address outside of the pages that the last answer led to
}

func (s *site) browser() *browser { return &browser{s: s, t: s.t, cookies: map[string]string{}} }

// do sends a request, and follows redirects to other pages.
func (b *browser) do(r *http.Request) {
	b.t.Helper()
	for range 10 {
		w := b.once(r)
		to := w.Header().Get("Location")
		b.left = ""
		if w.Code != http.StatusFound && w.Code != http.StatusSeeOther {
			return
		}
		if !strings.HasPrefix(to, "/") || !b.s.handler.Serves(strings.SplitN(to, "?", 2)[0]) {
			b.left = to
			return
		}
		r = httptest.NewRequest("GET", "https://auth.example.com"+to, nil)
	}
	b.t.Fatal("redirects without end")
}

// once sends a request and keeps the answer.
func (b *browser) once(r *http.Request) *httptest.ResponseRecorder {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r = r.WithContext(mount.With(r.Context(), b.s.at))
	w := httptest.NewRecorder()
	b.s.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	b.path, b.status, b.header, b.body = r.URL.Path, w.Code, w.Result().Header, w.Body.String()
	return w
}

func (b *browser) get(path string) {
	b.t.Helper()
	b.do(httptest.NewRequest("GET", "https://auth.example.com"+path, nil))
}

func post(path string, form url.Values) *http.Request {
	r := httptest.NewRequest("POST", "https://auth.example.com"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://auth.example.com")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

var (
	formTag  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)".*?</form>`)
	hidden   = regexp.MustCompile(`<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?>`)
	fieldTag = regexp.MustCompile(`(?s)<(?:input|select)[^>]* name="([^"]*)"`)
	tags     = regexp.MustCompile(`(?s)<[^>]*>`)
)

// form returns the form of the page with the action: its address and its hidden fields.
func (b *browser) form(action string) (string, url.Values) {
	b.t.Helper()
	for _, m := range formTag.FindAllStringSubmatch(b.body, -1) {
		fields := url.Values{}
		for _, f := range hidden.FindAllStringSubmatch(m[0], -1) {
			fields.Set(f[1], html.UnescapeString(f[2]))
		}
		if fields.Get("action") == action {
			return html.UnescapeString(m[1]), fields
		}
	}
	b.t.Fatalf("%s has no form %q: %d %s", b.path, action, b.status, b.body)
	return "", nil
}

// submit fills the form with the action and sends it.
func (b *browser) submit(action string, pairs ...string) {
	b.t.Helper()
	address, fields := b.form(action)
	for i := 0; i < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	b.do(post(address, fields))
}

// fields are the names of all fields of the page that can be seen.
func (b *browser) fields() (names []string) {
	for _, m := range fieldTag.FindAllStringSubmatch(b.body, -1) {
		if !strings.Contains(m[0], `type="hidden"`) {
			names = append(names, m[1])
		}
	}
	return names
}

// wantPage fails the test unless the browser is on the page.
func (b *browser) wantPage(path string, status int, fields ...string) {
	b.t.Helper()
	if b.path != path || b.status != status || b.left != "" {
		b.t.Fatalf("on %s, %d, left to %q; want %s, %d:\n%s", b.path, b.status, b.left, path, status, b.text())
	}
	names := b.fields()
	for _, f := range fields {
		if !slices.Contains(names, f) {
			b.t.Fatalf("%s has no field %s: %v", path, f, names)
		}
	}
}

// wantApp fails the test unless the browser is back at the app with a code.
func (b *browser) wantApp() {
	b.t.Helper()
	if !strings.HasPrefix(b.left, app+"?code=") || !strings.HasSuffix(b.left, "&state=s1") {
		b.t.Fatalf("on %s, %d, left to %q:\n%s", b.path, b.status, b.left, b.text())
	}
}

// text is what the page says.
func (b *browser) text() string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(b.body, " "))), " ")
}

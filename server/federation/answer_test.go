package federation

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// site is a pool whose client has one provider. It replaces the provider's leg and the pages.
type site struct {
	*userpooltest.Harness
	handler *Handler
	at      mount.Point
	query   url.Values
	page    *oauth.PageError
	form    *oauth.Response
	state   string
}

func newSite(t testing.TB, base string) *site {
	t.Helper()
	h := userpooltest.New(t)
	s := &site{Harness: h}
	pool := h.Pool(userpool.PoolSettings{}).ID
	s.at = mount.Point{PoolID: pool, Base: base}
	_, err := h.Providers.Create(t.Context(), providers.Change{PoolID: pool, Name: "Acme", Type: providers.OIDC, Details: map[string]string{providers.ClientID: "c",
		providers.ClientSecret: "s", providers.Scopes: "openid", providers.Method: "GET", providers.Issuer: "https://idp.example.com"}})
	must(t, err)
	client := h.Client(pool, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"}, AllowedOAuthScopes: []string{"openid"},
		CallbackURLs: []string{"https://app.example.com/"}, SupportedIdentityProviders: []string{"Acme"}}).ID
	s.query = url.Values{"client_id": {client}, "redirect_uri": {"https://app.example.com/"}, "response_type": {"code"}, "identity_provider": {"Acme"}}
	service, err := federation.New(federation.Options{Base: h.Base(), Pools: h.Pools, Tokens: h.Tokens, SAML: h.SAML, Providers: h.Providers, Profiles: h.Profiles, OAuth: h.OAuth,
		Legs: map[providers.Type]providers.Leg{providers.OIDC: s}})
	must(t, err)
	s.handler = &Handler{Options{Federation: service, Pages: s, Log: slog.New(slog.DiscardHandler)}}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Ask implements providers.Leg.
func (s *site) Ask(_ context.Context, _ *providers.Provider, q *providers.Question) (string, error) {
	s.state = q.State
	return "https://idp.example.com/?state=" + q.State, nil
}

// Read implements providers.Leg.
func (s *site) Read(_ context.Context, _ *providers.Provider, _ *providers.Question, answer url.Values) (*providers.Proof, error) {
	if answer.Get("code") != "good" {
		return nil, errors.New("another answer")
	}
	return &providers.Proof{Subject: "1", Attributes: map[string]string{}}, nil
}

// ShowError implements Pages.
func (s *site) ShowError(w http.ResponseWriter, _ *http.Request, e *oauth.PageError) {
	s.page = e
	w.WriteHeader(e.Status)
}

// ShowForm implements Pages.
func (s *site) ShowForm(_ http.ResponseWriter, _ *http.Request, answer *oauth.Response) {
	s.form = answer
}

// Release implements Pages.
func (s *site) Release(http.ResponseWriter, *http.Request, *federation.Finished) {}

// begin sends a browser to the provider, and returns the cookie that it gets.
func (s *site) begin() *http.Cookie {
	s.T.Helper()
	a, err := s.OAuth.Parse(s.T.Context(), s.at.PoolID, s.query)
	if err != nil {
		s.T.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize", nil)
	s.handler.Begin(w, mount.Enter(r, s.at, r.URL.Path), a, s.query)
	if w.Code != http.StatusFound || !strings.HasPrefix(w.Header().Get("Location"), "https://idp.example.com/") {
		s.T.Fatalf("%d %v", w.Code, w.Header())
	}
	return w.Result().Cookies()[0]
}

func (s *site) send(method, target, form string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.page, s.form = nil, nil
	s.handler.ServeHTTP(w, mount.Enter(r, s.at, r.URL.Path))
	return w
}

func TestAnAnswerComesByQueryOrByForm(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://auth.example.com")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		c := s.begin()
		if c.Name != "__Host-csrf-state" || c.SameSite != http.SameSiteNoneMode || !c.Secure || !c.HttpOnly || c.Path != "/" {
			t.Errorf("cookie %v", c)
		}
		target, form := answerPath+"?code=good&state="+s.state, ""
		if method == http.MethodPost {
			target, form = answerPath, "code=good&state="+s.state
		}
		w := s.send(method, target, form, c)
		if at := w.Header().Get("Location"); !strings.HasPrefix(at, "https://app.example.com/?code=") {
			t.Errorf("%s: %d, left to %q, page %v", method, w.Code, at, s.page)
		}
		names := ""
		for _, c := range w.Result().Cookies() {
			names += c.Name + " "
		}
		if names != "__Host-last-provider __Host-cognito " || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("cookies %q, header %v", names, w.Header())
		}
	}
}

func TestAnswersThatAreNotRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://auth.example.com")
	c := s.begin()
	good := "code=good&state=" + s.state
	for name, w := range map[string]*httptest.ResponseRecorder{
		"HEAD":              s.send(http.MethodHead, answerPath+"?"+good, "", c),
		"PUT":               s.send(http.MethodPut, answerPath+"?"+good, "", c),
		"two codes":         s.send(http.MethodGet, answerPath+"?"+good+"&code=x", "", c),
		"a query of a POST": s.send(http.MethodPost, answerPath+"?"+good, "", c),
		"too long a query":  s.send(http.MethodGet, answerPath+"?"+good+"&x="+strings.Repeat("x", maxQuery), "", c),
		"too long a form":   s.send(http.MethodPost, answerPath, good+"&x="+strings.Repeat("x", maxForm), c),
		"no cookie":         s.send(http.MethodGet, answerPath+"?"+good, ""),
		"a form without it": s.send(http.MethodPost, answerPath, good),
		"no query":          s.send(http.MethodGet, answerPath, "", c),
	} {
		if w.Code < 400 || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	if w := s.send(http.MethodGet, answerPath+"?"+good, "", c); w.Code != http.StatusFound {
		t.Errorf("afterwards: %d, page %v", w.Code, s.page)
	}
}

// Without HTTPS a browser brings no cookie with the form of another site.
func TestAFormWithoutHTTPSIsSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, "http://localhost:8080")
	c := s.begin()
	if c.Name != "csrf-state" || c.Secure || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %v", c)
	}
	form := "code=good&state=" + s.state
	w := s.send(http.MethodPost, answerPath, form)
	if s.form == nil || s.form.Location != "http://localhost:8080"+answerPath+"?again" || len(s.form.Form) != 2 || w.Header().Get("Location") != "" {
		t.Fatalf("form %+v, %d", s.form, w.Code)
	}
	if s.send(http.MethodPost, answerPath+"?again", form); s.form != nil || s.page == nil || s.page.Key != oauth.KeyState {
		t.Errorf("again without the cookie: form %+v, page %v", s.form, s.page)
	}
	if w := s.send(http.MethodPost, answerPath+"?again", form, c); w.Code != http.StatusSeeOther {
		t.Errorf("with the cookie: %d, page %v", w.Code, s.page)
	}
}

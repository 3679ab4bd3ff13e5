package oauthtoken_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/server/oauthtoken"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// site is a pool with its endpoints.
type site struct {
	*userpooltest.Harness
	pool    *userpool.PoolDescription
	handler http.Handler
	refuse  error // what the limit of addresses answers
}

func (s *site) SignedOut(context.Context, *token.Token) (bool, error) { return false, nil }

func newSite(t *testing.T, settings userpool.PoolSettings, change ...func(*oauthtoken.Options)) *site {
	t.Helper()
	s := &site{Harness: userpooltest.New(t)}
	s.pool = s.Pool(settings)
	if _, err := s.Provider.Scopes.CreateResourceServer(t.Context(), store.ResourceServer{PoolID: s.pool.ID, ID: "orders", Name: "orders",
		Scopes: []store.Scope{{Name: "read", Description: "read"}}}); err != nil {
		t.Fatal(err)
	}
	service, err := grants.New(grants.Options{Base: s.Base(), Pools: s.Pools, Tokens: s.Tokens, OAuth: s.OAuth, SignOuts: s})
	if err != nil {
		t.Fatal(err)
	}
	o := oauthtoken.Options{Grants: service, Admit: func(*http.Request) error { return s.refuse }, Bodies: bounded.NewBudget(1<<20, 1<<20),
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") }, Now: s.Clock.Now, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	if s.handler, err = oauthtoken.New(o); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	point := mount.Point{PoolID: s.pool.ID, Base: "https://auth.example.com"}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r.WithContext(mount.With(r.Context(), point)))
	return w
}

func (s *site) post(path, authorization string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return s.do(r)
}

func (s *site) machine() *userpool.ClientDescription {
	s.T.Helper()
	c, err := s.Pools.CreateUserPoolClient(s.T.Context(), userpool.NewClient{PoolID: s.pool.ID, Name: "server", GenerateSecret: true,
		Settings: userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"client_credentials"}, AllowedOAuthScopes: []string{"orders/read"}}})
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

func members(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("%d %q: %v", w.Code, w.Body, err)
	}
	return m
}

// RFC 6749 sections 5.1 and 5.2; the headers are Cognito's.
func TestTokenEndpoint(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c := s.machine()
	r := httptest.NewRequest("POST", "/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	r.SetBasicAuth(c.ID, c.Secret.Reveal())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	w := s.do(r)
	m := members(t, w)
	if w.Code != 200 || m["token_type"] != "Bearer" || m["expires_in"] != 3600.0 || len(m) != 3 {
		t.Errorf("%d %v", w.Code, m)
	}
	for name, want := range map[string]string{"Content-Type": "application/json;charset=UTF-8", "Access-Control-Allow-Origin": "*",
		"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if w.Header().Get("X-Amz-Cognito-Request-Id") == "" {
		t.Error("no id of the request")
	}
}

func TestRequestsThatTheTokenEndpointRefuses(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c := s.machine()
	secret := c.Secret.Reveal()
	request := func(method, target, kind, body string) *http.Request {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		return r
	}
	const form = "application/x-www-form-urlencoded"
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ID}, "client_secret": {secret}}.Encode()
	withBasic := request("POST", "/oauth2/token", form, "grant_type=client_credentials")
	withBasic.SetBasicAuth(c.ID, "wrong")
	twice := request("POST", "/oauth2/token", form, "grant_type=client_credentials")
	twice.Header["Authorization"] = []string{"Basic YQ==", "Basic YQ=="}
	for name, tc := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"GET":                        {request("GET", "/oauth2/token?"+good, form, ""), 405, "invalid_request"},
		"JSON":                       {request("POST", "/oauth2/token", "application/json", `{"grant_type":"client_credentials"}`), 405, "invalid_request"},
		"a parameter in both":        {request("POST", "/oauth2/token?client_id="+c.ID, form, good), 400, "invalid_request"},
		"a broken escape in the URL": {request("POST", "/oauth2/token?a=%zz", form, good), 400, "invalid_request"},
		"the URL of introspection":   {request("POST", "/oauth2/introspect?token=a", form, good), 400, "invalid_request"},
		"a body of a megabyte":       {request("POST", "/oauth2/token", form, good+"&a="+strings.Repeat("a", 1<<20)), 400, "invalid_request"},
		"many parameters":            {request("POST", "/oauth2/token", form, good+strings.Repeat("&", 5000)), 400, "invalid_request"},
		"a broken escape":            {request("POST", "/oauth2/token", form, good+"&a=%zz"), 400, "invalid_request"},
		"a wrong secret":             {request("POST", "/oauth2/token", form, strings.Replace(good, secret, secret+"x", 1)), 400, "invalid_client"},
		"a wrong secret in Basic":    {withBasic, 401, "invalid_client"},
		"two headers":                {twice, 400, "invalid_request"},
		"a wrong secret beside Basic": {func() *http.Request {
			r := request("POST", "/oauth2/token", form, strings.Replace(good, secret, secret+"x", 1))
			r.SetBasicAuth(c.ID, secret)
			return r
		}(), 401, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.do(tc.r)
			if m := members(t, w); w.Code != tc.status || m["error"] != tc.code {
				t.Errorf("%d %v", w.Code, m)
			}
			if strings.Contains(w.Body.String(), secret) {
				t.Error("the answer has the secret")
			}
			if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Error("WWW-Authenticate:", w.Header().Get("WWW-Authenticate"))
			}
		})
	}
	s.refuse = fault.New(fault.TooManyRequests, "Rate exceeded")
	if w := s.post("/oauth2/token", ""); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Error("rate limit:", w.Code, w.Header())
	}
}

// localstack_ext validated the first on AWS (test_token_endpoint); pilcrowonpaper/arctic#175 sends the second.
func TestParametersOfTheURLCount(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c := s.machine()
	id := url.Values{"client_id": {c.ID}, "client_secret": {c.Secret.Reveal()}}.Encode()
	for target, body := range map[string]string{
		"/oauth2/token?grant_type=client_credentials&" + id: "",
		"/oauth2/token?grant_type=client_credentials":       id,
		"/oauth2/token?trace=1":                             "grant_type=client_credentials&" + id,
		"/oauth2/revoke?token=never-issued":                 id,
	} {
		r := httptest.NewRequest("POST", target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if w := s.do(r); w.Code != 200 {
			t.Errorf("%s: %d %s", target[:20], w.Code, w.Body)
		}
	}
}

func TestStrictAnswersAreCognitos(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{}, func(o *oauthtoken.Options) { o.Strict = true })
	r := httptest.NewRequest("POST", "/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	r.SetBasicAuth("a", "b")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := s.do(r); w.Code != 400 || w.Body.String() != `{"error":"invalid_client"}` || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}

// Fetch standard section 4.8, CORS-preflight fetch: Amplify sends X-Amz-User-Agent, and libraries for tracing send their own headers.
func TestPreflight(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	for path, cors := range map[string]bool{"/oauth2/token": true, "/oauth2/revoke": true, "/oauth2/userInfo": true, "/oauth2/introspect": false} {
		r := httptest.NewRequest("OPTIONS", path, nil)
		r.Header.Set("Access-Control-Request-Headers", "authorization,traceparent,x-amz-user-agent")
		w := s.do(r)
		if got := w.Code == 200 && w.Header().Get("Access-Control-Allow-Headers") == "authorization,traceparent,x-amz-user-agent"; got != cors {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

// RFC 7009 section 2; oidc-client-ts refuses an answer of text/plain.
func TestRevokeEndpoint(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c, other := s.Client(s.pool.ID, userpooltest.AllFlows), s.Client(s.pool.ID, userpooltest.AllFlows)
	off := userpooltest.AllFlows
	off.EnableTokenRevocation = new(bool)
	fixed := s.Client(s.pool.ID, off)
	s.User(s.pool.ID, "ann")
	set := s.MustSignIn(c.ID, "ann")
	for name, tc := range map[string]struct {
		client, token string
		status        int
		code          string
	}{
		"no token":            {c.ID, "", 400, "invalid_request"},
		"an unknown token":    {c.ID, "never issued", 200, ""},
		"an access token":     {c.ID, set.AccessToken, 400, "unsupported_token_type"},
		"an ID token":         {c.ID, set.IDToken, 400, "unsupported_token_type"},
		"an unknown client":   {"1example23456789abcdefghij", set.RefreshToken, 401, "invalid_client"},
		"the token of others": {other.ID, set.RefreshToken, 400, "invalid_grant"},
		"revocation is off":   {fixed.ID, set.RefreshToken, 400, "invalid_request"},
	} {
		w := s.post("/oauth2/revoke", "", "client_id", tc.client, "token", tc.token)
		if w.Code != tc.status || tc.code != "" && members(t, w)["error"] != tc.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if err := s.Edge(s.pool.ID, set.AccessToken); err != nil {
		t.Fatal("a refused revocation had effect:", err)
	}
	for range 2 {
		w := s.post("/oauth2/revoke", "", "client_id", c.ID, "token", set.RefreshToken, "token_type_hint", "access_token")
		if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Type") != "" {
			t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
		}
	}
	if s.Edge(s.pool.ID, set.AccessToken) == nil {
		t.Error("the access token outlives the revocation")
	}
	if w := s.post("/oauth2/token", "", "grant_type", "refresh_token", "client_id", c.ID, "refresh_token", set.RefreshToken); members(t, w)["error"] != "invalid_grant" {
		t.Error(w.Body)
	}
}

// RFC 6749 section 6.
func TestRefreshAtTheTokenEndpoint(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c, other := s.Client(s.pool.ID, userpooltest.Rotating(10)), s.Client(s.pool.ID, userpooltest.AllFlows)
	s.User(s.pool.ID, "ann")
	set := s.MustSignIn(c.ID, "ann")
	if w := s.post("/oauth2/token", "", "grant_type", "refresh_token", "client_id", other.ID, "refresh_token", set.RefreshToken); members(t, w)["error"] != "invalid_grant" {
		t.Error("another client:", w.Body)
	}
	m := members(t, s.post("/oauth2/token", "", "grant_type", "refresh_token", "client_id", c.ID, "refresh_token", set.RefreshToken, "redirect_uri", "x"))
	if m["id_token"] == nil || m["access_token"] == nil || m["refresh_token"] == set.RefreshToken || m["refresh_token"] == nil {
		t.Errorf("%v", m)
	}
	s.Clock.Forward(time.Minute)
	if w := s.post("/oauth2/token", "", "grant_type", "refresh_token", "client_id", c.ID, "refresh_token", set.RefreshToken); members(t, w)["error"] != "invalid_grant" {
		t.Error("a token that was replaced:", w.Body)
	}
	next, _ := m["refresh_token"].(string)
	if w := s.post("/oauth2/token", "", "grant_type", "refresh_token", "client_id", c.ID, "refresh_token", next); members(t, w)["error"] != "invalid_grant" {
		t.Error("the family goes on after a reuse:", w.Body)
	}
}

// RFC 7662 section 2.
func TestIntrospection(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c, other := s.machine(), s.machine()
	basic := func(c *userpool.ClientDescription) string {
		r := httptest.NewRequest("POST", "/", nil)
		r.SetBasicAuth(c.ID, c.Secret.Reveal())
		return r.Header.Get("Authorization")
	}
	raw, _ := members(t, s.post("/oauth2/token", basic(c), "grant_type", "client_credentials"))["access_token"].(string)
	m := members(t, s.post("/oauth2/introspect", basic(c), "token", raw))
	if m["active"] != true || m["client_id"] != c.ID || m["scope"] != "orders/read" || m["token_type"] != "Bearer" || m["sub"] != c.ID || m["username"] != nil {
		t.Errorf("%v", m)
	}
	for name, body := range map[string]string{
		"another client's token": s.post("/oauth2/introspect", basic(other), "token", raw).Body.String(),
		"no token at all":        s.post("/oauth2/introspect", basic(c), "token", "a.b.c").Body.String(),
		"a broken token":         s.post("/oauth2/introspect", basic(c), "token", raw+"x").Body.String(),
	} {
		if body != `{"active":false}` {
			t.Errorf("%s: %s", name, body)
		}
	}
	if w := s.post("/oauth2/introspect", "", "client_id", c.ID, "client_secret", "x", "token", raw); w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("a wrong secret in the body: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := s.post("/oauth2/introspect", "", "token", raw); w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" || w.Body.String() != `{"error":"invalid_client"}` {
		t.Errorf("no authentication at all: %d %v %s", w.Code, w.Header(), w.Body)
	}
	public := s.Client(s.pool.ID, userpooltest.AllFlows)
	s.User(s.pool.ID, "ann")
	set := s.MustSignIn(public.ID, "ann")
	if m := members(t, s.post("/oauth2/introspect", "", "client_id", public.ID, "token", set.AccessToken)); m["error"] != "invalid_client" {
		t.Errorf("a public client: %v", m)
	}
	if w := s.post("/oauth2/introspect", basic(c), "token", set.RefreshToken); w.Body.String() != `{"active":false}` {
		t.Error("a refresh token of another client:", w.Body)
	}
	s.Clock.Forward(2 * time.Hour)
	if w := s.post("/oauth2/introspect", basic(c), "token", raw); w.Body.String() != `{"active":false}` {
		t.Error("after its time:", w.Body)
	}
}

// RFC 9126 sections 2.2 and 2.3.
func TestPushedAuthorizationRequests(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c := s.Client(s.pool.ID, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
		CallbackURLs: []string{"https://app.example.com/"}, AllowedOAuthScopes: []string{"openid"}, SupportedIdentityProviders: []string{"COGNITO"}})
	request := []string{"client_id", c.ID, "response_type", "code", "redirect_uri", "https://app.example.com/"}
	w := s.post("/oauth2/par", "", request...)
	m := members(t, w)
	uri, _ := m["request_uri"].(string)
	if w.Code != 201 || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || m["expires_in"] != 90.0 || len(m) != 2 ||
		!strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
		t.Errorf("%d %v %v", w.Code, m, w.Header())
	}
	if w := s.post("/oauth2/par", "", append(request, "scope", "admin")...); w.Code != 400 || w.Body.String() != `{"error":"invalid_scope"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.post("/oauth2/par?"+url.Values{"client_id": {c.ID}}.Encode(), "", request...); w.Code != 400 {
		t.Errorf("parameters in the URL: %d %s", w.Code, w.Body)
	}
	if w := s.do(httptest.NewRequest("GET", "/oauth2/par", nil)); w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
}

// RFC 8628 section 3.2.
func TestDeviceAuthorization(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c := s.Client(s.pool.ID, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
		CallbackURLs: []string{"https://app.example.com/"}, AllowedOAuthScopes: []string{"openid"}, OAuth: &oauthclient.Metadata{Device: true}})
	m := members(t, s.post("/oauth2/device_authorization", "", "client_id", c.ID))
	code, _ := m["user_code"].(string)
	if m["verification_uri"] != "https://auth.example.com/device" || m["verification_uri_complete"] != "https://auth.example.com/device?user_code="+code ||
		m["expires_in"] != 600.0 || m["interval"] != 5.0 || m["device_code"] == nil {
		t.Errorf("%v", m)
	}
}

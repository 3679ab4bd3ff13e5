package login

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// OpenID Connect Discovery 1.0 section 4.3: the issuer is the configured one. Endpoints are as protected as the issuer is.
func TestDiscoveryDocumentsThatAreRefused(t *testing.T) {
	good := metadata{Issuer: "https://idp.example", Authorize: "https://idp.example/authorize", Token: "https://tokens.example/token",
		Revoke: "https://idp.example/revoke", EndSession: "https://idp.example/logout"}
	if err := good.check(good.Issuer); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(m *metadata)
		want   string
	}{
		"another issuer":                     {func(m *metadata) { m.Issuer = "https://evil.example" }, "issuer"},
		"an issuer with a slash more":        {func(m *metadata) { m.Issuer += "/" }, "issuer"},
		"no authorization endpoint":          {func(m *metadata) { m.Authorize = "" }, "authorization_endpoint"},
		"no token endpoint":                  {func(m *metadata) { m.Token = "" }, "token_endpoint"},
		"a relative endpoint":                {func(m *metadata) { m.Token = "/token" }, "token_endpoint"},
		"an endpoint without a host":         {func(m *metadata) { m.Token = "https:///token" }, "token_endpoint"},
		"a script":                           {func(m *metadata) { m.Authorize = "javascript:alert(1)" }, "authorization_endpoint"},
		"a user in an endpoint":              {func(m *metadata) { m.Token = "https://idp.example@evil.example/" }, "token_endpoint"},
		"plain HTTP":                         {func(m *metadata) { m.Token = "http://idp.example/token" }, "less protected"},
		"an address of this host":            {func(m *metadata) { m.Token = "https://127.0.0.1/token" }, "less protected"},
		"an IPv6 address of this host":       {func(m *metadata) { m.Token = "https://[::1]:8443/token" }, "less protected"},
		"a name of this host":                {func(m *metadata) { m.EndSession = "https://admin.localhost/" }, "end_session_endpoint"},
		"a revocation endpoint on this host": {func(m *metadata) { m.Revoke = "https://0.0.0.0/" }, "revocation_endpoint"},
	} {
		m := good
		tc.change(&m)
		if err := m.check("https://idp.example"); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bare := metadata{Issuer: "http://localhost:8080", Authorize: "http://localhost:8080/a", Token: "http://localhost:8080/t"}
	if err := bare.check(bare.Issuer); err != nil {
		t.Error("an issuer on this host, without what is optional:", err)
	}
}

func TestAnswersThatAreNoDiscoveryDocument(t *testing.T) {
	var answer atomic.Pointer[http.HandlerFunc]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
	t.Cleanup(server.Close)
	document := `{"issuer": "` + server.URL + `", "authorization_endpoint": "` + server.URL + `/a", "token_endpoint": "` + server.URL + `/t"}`
	body := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}
	find := func(f http.HandlerFunc) error {
		answer.Store(&f)
		p := NewOpenID(OpenIDOptions{Issuer: server.URL, ClientID: testClient, Now: time.Now})
		_, err := p.Authorize(t.Context(), Authorization{State: "s"})
		return err
	}
	if err := find(body(200, document)); err != nil {
		t.Fatal(err)
	}
	wrong := map[string]http.HandlerFunc{
		"an error":            body(500, document),
		"nothing":             body(200, ""),
		"no JSON":             body(200, "<html>"),
		"a list":              body(200, "["+document+"]"),
		"longer than allowed": body(200, strings.Repeat(" ", maxMetadata)+document),
		"of another issuer":   body(200, strings.Replace(document, "http://127", "http://128", 1)),
		"somewhere else": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/.well-known/openid-configuration" {
				body(200, document)(w, r)
				return
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		},
	}
	for name := range maps.Keys(wrong) {
		if err := find(wrong[name]); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// An old document serves while a new one cannot be fetched; the fetches that fail are at least metadataRetry apart.
func TestAnOldDiscoveryDocumentServesDuringAnOutage(t *testing.T) {
	p, ctx := startOpenID(t), t.Context()
	ask := func() {
		t.Helper()
		if _, err := p.Authorize(ctx, Authorization{State: "s"}); err != nil {
			t.Error(err)
		}
	}
	ask()
	p.down.Store(true)
	p.now.Add(int64(metadataLife / time.Second))
	ask()
	p.settled(t, 2)
	ask()
	p.now.Add(int64(metadataRetry/time.Second) - 1)
	ask()
	p.settled(t, 2)
	p.now.Add(1)
	p.down.Store(false)
	ask()
	p.settled(t, 3)
}

// settled waits until the provider was asked so often, and no fetch runs.
func (p *openID) settled(t *testing.T, asked int64) {
	t.Helper()
	_, err, _ := p.fetches.Do("", func() (any, error) { return nil, nil })
	if got := p.asked.Load(); got != asked || err != nil && !p.down.Load() {
		t.Errorf("asked %d times, want %d (%v)", got, asked, err)
	}
}

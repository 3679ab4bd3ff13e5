package caddymodule

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/server/refusal"
)

// BenchmarkHandler is the gate as Caddy calls it, on a token seen before, between Caddy's own preparation of a request and
// the next handler; "bare" is the preparation alone. "refused" is a token of an unknown issuer, "respond" Caddy's own answer
// of the same status and length beside it.
func BenchmarkHandler(b *testing.B) {
	key, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		b.Fatal(err)
	}
	keys := new(token.StaticKeys)
	if err := keys.Set(key.Public()); err != nil {
		b.Fatal(err)
	}
	const issuer = "https://idp.example.com"
	verifier, err := token.New(token.Options{Now: time.Now, Issuers: []token.Issuer{{URL: issuer, Keys: keys, AnyClient: true}}})
	if err != nil {
		b.Fatal(err)
	}
	mapping, err := authz.NewHTTPMapping("us-east-1", "123456789012", "notes", "v1")
	if err != nil {
		b.Fatal(err)
	}
	m := processMetrics()
	gate, err := authz.New(authz.Options{Mapping: mapping, Verifier: verifier, IdentityHeaders: []string{"X-User-Id"}, Observer: m.gate("bench"),
		Rules: []authz.Rule{{Effect: "allow", Subject: "group", Names: []string{"readers"}, Method: "GET", Path: "/api/*"}}})
	if err != nil {
		b.Fatal(err)
	}
	a := &Authorize{app: new(App), headers: compileHeaders([]config.Header{{Name: "X-User-Id", Value: "{http.auth.user.id}"}}), logger: zap.NewNop(),
		refuser: refusal.New(refusal.Options{Tokens: true})}
	a.engine.Store(gate)
	claims := `{"sub":"11111111-2222-4333-8444-555555555555","iss":"` + issuer + `","cognito:groups":["readers"],"client_id":"c","token_use":"access","exp":4102444800,"iat":1700000000,"username":"ada"}`
	raw, err := key.Sign([]byte(claims), "")
	if err != nil {
		b.Fatal(err)
	}
	stranger, err := key.Sign([]byte(strings.Replace(claims, "idp.", "other.", 1)), "")
	if err != nil {
		b.Fatal(err)
	}
	respond := caddyhttp.StaticResponse{StatusCode: "401", Body: strings.Repeat("x", 113)}
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	server := &caddyhttp.Server{}
	for name, tc := range map[string]struct {
		handler func(http.ResponseWriter, *http.Request) error
		token   string
		status  int
	}{
		"bare":    {next.ServeHTTP, raw, 0},
		"gate":    {func(w http.ResponseWriter, r *http.Request) error { return a.ServeHTTP(w, r, next) }, raw, 0},
		"refused": {func(w http.ResponseWriter, r *http.Request) error { return a.ServeHTTP(w, r, next) }, stranger, 401},
		"respond": {func(w http.ResponseWriter, r *http.Request) error { return respond.ServeHTTP(w, r, next) }, stranger, 401},
	} {
		b.Run(name, func(b *testing.B) {
			w := &countingWriter{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", "/api/notes", nil)
				r.Header["Authorization"] = []string{"Bearer " + tc.token}
				clear(w.header)
				r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, server)
				if err := tc.handler(w, r); err != nil {
					b.Fatal(err)
				}
			}
			if w.status != tc.status {
				b.Fatal(w.status)
			}
		})
	}
}

// countingWriter keeps nothing of an answer but its status.
type countingWriter struct {
	header http.Header
	status int
}

func (w *countingWriter) Header() http.Header            { return w.header }
func (w *countingWriter) WriteHeader(status int)         { w.status = status }
func (w *countingWriter) Write(body []byte) (int, error) { return len(body), nil }

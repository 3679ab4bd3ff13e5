package caddymodule

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
)

// BenchmarkHandler is the gate as Caddy calls it, on a token seen before, between Caddy's own preparation of a request and
// the next handler; "bare" is the preparation alone.
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
	a := &Authorize{app: new(App), headers: compileHeaders([]config.Header{{Name: "X-User-Id", Value: "{http.auth.user.id}"}}), logger: zap.NewNop()}
	a.gate.Store(gate)
	claims := `{"sub":"11111111-2222-4333-8444-555555555555","iss":"` + issuer + `","cognito:groups":["readers"],"client_id":"c","token_use":"access","exp":4102444800,"iat":1700000000,"username":"ada"}`
	raw, err := key.Sign([]byte(claims), "")
	if err != nil {
		b.Fatal(err)
	}
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	server := &caddyhttp.Server{}
	for name, handler := range map[string]func(http.ResponseWriter, *http.Request) error{
		"bare": next.ServeHTTP,
		"gate": func(w http.ResponseWriter, r *http.Request) error { return a.ServeHTTP(w, r, next) },
	} {
		b.Run(name, func(b *testing.B) {
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", "/api/notes", nil)
				r.Header["Authorization"] = []string{"Bearer " + raw}
				r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, server)
				if err := handler(w, r); err != nil {
					b.Fatal(err)
				}
			}
			if w.Code != http.StatusOK || w.Body.Len() > 0 {
				b.Fatal(w.Code, w.Body)
			}
		})
	}
}

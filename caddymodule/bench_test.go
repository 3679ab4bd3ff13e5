package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// BenchmarkHandler measures the gate as Caddy calls it, with a cached token, including Caddy's preparation of the request.
// "bare" measures the preparation alone. "refused" measures a token of an unknown issuer, and "respond" measures a response
// of the same status and length from Caddy's respond handler.
func BenchmarkHandler(b *testing.B) {
	issuer := startIssuer(b)
	n, err := node.Open(b.Context(), node.Options{ShowRootKey: func(_, _ string) {}, Observer: processMetrics().configuration()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = n.Close() })
	gate, err := n.Gate(config.Authorize{API: "bench", Issuers: []config.Issuer{{URL: issuer.url, AnyClient: true}},
		Headers: []config.Header{{Name: "X-User-Id", Value: "{http.auth.user.id}"}},
		Rules:   []config.Rule{{Effect: "allow", Subject: "group", Names: []string{"readers"}, Method: "GET", Path: "/api/*"}}})
	if err != nil {
		b.Fatal(err)
	}
	a := new(Authorize)
	a.gate.Store(gate)
	raw := issuer.token(b, "ada", "cognito:groups", []string{"readers"}, "username", "ada")
	stranger := issuer.token(b, "ada", "iss", "https://other.example.com")
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

// countingWriter records the status of a response and discards the rest.
type countingWriter struct {
	header http.Header
	status int
}

func (w *countingWriter) Header() http.Header            { return w.header }
func (w *countingWriter) WriteHeader(status int)         { w.status = status }
func (w *countingWriter) Write(body []byte) (int, error) { return len(body), nil }

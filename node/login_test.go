package node_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// Discovery names the endpoints at the pool's domain, and so does a login; its session cookie is one for all applications then.
func TestALoginGoesToThePoolsDomain(t *testing.T) {
	const pool, client = "us-east-1_notes0001", "1example23456789abcdefghij"
	file := filepath.Join(t.TempDir(), "client.json")
	if err := os.WriteFile(file, []byte(`{"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"],
		"SupportedIdentityProviders": ["COGNITO"], "CallbackURLs": ["https://app.example.com/.sluice/callback"],
		"LogoutURLs": ["https://app.example.com/.sluice/logout"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for domain, want := range map[string]string{"notes": "https://notes.auth.id.example.com/oauth2/authorize?", "": "https://id.example.com/" + pool + "/oauth2/authorize?"} {
		declared := config.UserPool{ID: pool, Clients: []config.Client{{ID: client, Settings: file}}}
		if domain != "" {
			declared.Domains = []config.Domain{{Name: domain}}
		}
		n, err := node.Open(t.Context(), node.Options{ShowRootKey: func(_, _ string) {}, APIs: true,
			Config: config.App{DataDir: t.TempDir(), PublicURL: "https://id.example.com", UserPools: []config.UserPool{declared}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
		gate, err := n.Gate(config.Authorize{UserPools: []string{pool}, Login: &config.Login{ClientID: client},
			Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: "*"}}})
		if err != nil {
			t.Fatal(err)
		}
		for site, status := range map[string]int{"app.example.com": http.StatusSeeOther, "stranger.example.com": http.StatusForbidden} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host, r.TLS = site, &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
			r.Header.Set("Accept", "text/html")
			rec := httptest.NewRecorder()
			gate.Protect(http.NotFoundHandler()).ServeHTTP(rec, r)
			to := rec.Header().Get("Location")
			if rec.Code != status || status == http.StatusSeeOther && !strings.HasPrefix(to, want) {
				t.Errorf("%s leads to %d %q, want %d %s", site, rec.Code, to, status, want)
			}
			// The page says what to register, and runs no script that the Host header may hold.
			if body := rec.Body.String(); status == http.StatusForbidden && !strings.Contains(body, "add https://stranger.example.com/.sluice/callback to the CallbackURLs of the app client "+client) {
				t.Errorf("%s: %s", site, body)
			}
		}
	}
}

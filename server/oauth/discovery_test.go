package oauth_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/server/oauth"
)

// pools is one pool with fixed keys.
type pools struct{}

func (pools) Issuer(_ context.Context, id string) (string, error) {
	switch id {
	case "us-east-1_notes0001":
		return "https://cognito-idp.us-east-1.amazonaws.com/" + id, nil
	case "us-east-1_broken001":
		return "", errors.New("disk on fire")
	case "us-east-1_away00001":
		return "", fault.New(fault.Unavailable, "store away")
	}
	return "", fault.New(fault.ResourceNotFound, "User pool %s does not exist.", id)
}

func (p pools) JWKS(ctx context.Context, id string) ([]byte, error) {
	if _, err := p.Issuer(ctx, id); err != nil {
		return nil, err
	}
	return []byte(`{"keys":[]}`), nil
}

// enter returns a request below the mount point of the pool that the path begins with.
func enter(method, path string) *http.Request {
	pool, below, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	r := httptest.NewRequest(method, path, nil)
	return mount.Enter(r, mount.ByPath("https://id.example.com", pool), "/"+below)
}

func TestPublishedDocuments(t *testing.T) {
	h, err := oauth.New(oauth.Options{Pools: pools{}, PublicURL: "https://id.example.com/", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const document = `{"id_token_signing_alg_values_supported":["RS256"],"issuer":"https://cognito-idp.us-east-1.amazonaws.com/us-east-1_notes0001",` +
		`"jwks_uri":"https://id.example.com/us-east-1_notes0001/.well-known/jwks.json","response_types_supported":["code","token"],` +
		`"scopes_supported":["openid","email","phone","profile"],"subject_types_supported":["public"],` +
		`"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]}`
	for name, tc := range map[string]struct {
		method, path string
		status       int
		body, cache  string
	}{
		"the discovery document":           {"GET", "/us-east-1_notes0001/.well-known/openid-configuration", 200, document, "public, max-age=3600"},
		"the key set":                      {"GET", "/us-east-1_notes0001/.well-known/jwks.json", 200, `{"keys":[]}`, "public, max-age=3600"},
		"a pool that is not there":         {"GET", "/us-east-1_other0001/.well-known/jwks.json", 404, `{"message":"User pool us-east-1_other0001 does not exist."}`, "no-store"},
		"an error of ours shows no detail": {"GET", "/us-east-1_broken001/.well-known/jwks.json", 500, `{"message":"Internal server error"}`, "no-store"},
		"a store that is away":             {"GET", "/us-east-1_away00001/.well-known/openid-configuration", 503, `{"message":"The service is not available. Try again."}`, "no-store"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, enter(tc.method, tc.path))
			if w.Code != tc.status || strings.TrimSpace(w.Body.String()) != tc.body {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if got := w.Header().Get("Cache-Control"); got != tc.cache {
				t.Errorf("Cache-Control: %s", got)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Content-Type") != "application/json" {
				t.Error(w.Header())
			}
		})
	}
	t.Run("a copy that is current is not sent again", func(t *testing.T) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, enter("GET", "/us-east-1_notes0001/.well-known/jwks.json"))
		r := enter("GET", "/us-east-1_notes0001/.well-known/jwks.json")
		r.Header.Set("If-None-Match", w.Header().Get("ETag"))
		w = httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Error(w.Code, w.Body)
		}
	})
	t.Run("nothing can be written there", func(t *testing.T) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, enter("POST", "/us-east-1_notes0001/.well-known/jwks.json"))
		if w.Code != http.StatusMethodNotAllowed {
			t.Error(w.Code)
		}
	})
}

package oauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/server/oauth"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	domain "github.com/sluicegate/sluice/userpool/oauth"
)

var update = flag.Bool("update", false, "write the golden files")

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

func (p pools) Pool(ctx context.Context, id string) (*userpool.Pool, error) {
	issuer, err := p.Issuer(ctx, id)
	if err != nil {
		return nil, err
	}
	return &userpool.Pool{PoolDescription: userpool.PoolDescription{ID: id}, Issuer: issuer, Acr: assurance.Default}, nil
}

// enter returns a request below the mount point of the pool that the path begins with.
func enter(method, path string) *http.Request {
	pool, below, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	r := httptest.NewRequest(method, path, nil)
	return mount.Enter(r, mount.ByPath("https://id.example.com", pool), "/"+below)
}

// documents returns the handler of documents.
func documents(t *testing.T, strict bool) http.Handler {
	t.Helper()
	h, err := oauth.New(oauth.Options{OAuth: new(domain.Service), Pools: pools{}, PublicURL: "https://id.example.com/", Strict: strict,
		Base: func(p *userpool.Pool) string {
			if strict {
				return "https://auth.example.com"
			}
			return ""
		}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPublishedDocuments(t *testing.T) {
	h := documents(t, false)
	for name, tc := range map[string]struct {
		method, path string
		status       int
		body, cache  string
	}{
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
	t.Run("pages may send headers of their own", func(t *testing.T) {
		for _, path := range []string{"jwks.json", "openid-configuration", "oauth-authorization-server"} {
			r := enter("OPTIONS", "/us-east-1_notes0001/.well-known/"+path)
			r.Header.Set("Access-Control-Request-Headers", "mcp-protocol-version")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Headers") != "mcp-protocol-version" {
				t.Error(path, w.Code, w.Header())
			}
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

// OpenID Connect Discovery, RFC 8414 section 3 and RFC 9207 section 3. With strict_aws the members are Cognito's.
func TestDiscoveryDocuments(t *testing.T) {
	for file, strict := range map[string]bool{"testdata/discovery.json": false, "testdata/discovery_strict.json": true} {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"openid-configuration", "oauth-authorization-server"} {
			w := httptest.NewRecorder()
			documents(t, strict).ServeHTTP(w, enter("GET", "/us-east-1_notes0001/.well-known/"+path))
			var members map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
				t.Fatal(err)
			}
			if list, _ := members["grant_types_supported"].([]any); (list == nil) != strict || (!strict && !slices.Contains(list, any("implicit"))) {
				t.Error("grants:", list)
			}
			delete(members, "grant_types_supported") // they are the grants that package grants has
			got, err := json.MarshalIndent(members, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if string(got)+"\n" != string(want) {
				t.Errorf("%s is not %s:\n%s", path, file, got)
			}
		}
	}
}

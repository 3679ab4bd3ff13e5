package caddymodule

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
)

// issuer is a remote OIDC issuer.
type issuer struct {
	url     string
	fetches atomic.Int64 // of its keys
	down    atomic.Bool
	mu      sync.Mutex
	key     *token.SigningKey   // the signing key
	keys    []*token.SigningKey // the published keys
	made    []string            // signatures
}

// issuerKeys are generated once because generating them takes longer than most tests.
var issuerKeys = sync.OnceValues(func() ([]*token.SigningKey, error) {
	first, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		return nil, err
	}
	second, err := token.GenerateKey(rand.Reader, "RS256")
	return []*token.SigningKey{first, second}, err
})

func startIssuer(t testing.TB) *issuer {
	t.Helper()
	keys, err := issuerKeys()
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: keys[0], keys: keys[:1]}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// ServeHTTP serves discovery and keys.
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if i.down.Load() {
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	case "/keys":
		i.fetches.Add(1)
		i.mu.Lock()
		public := make([]token.PublicKey, len(i.keys))
		for n, key := range i.keys {
			public[n] = key.Public()
		}
		i.mu.Unlock()
		document, err := token.MarshalJWKS(public...)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(document)
	default:
		http.NotFound(w, r)
	}
}

// token returns a signed token. Its claims are sub and the name and value pairs in more. A nil value removes a claim.
func (i *issuer) token(t testing.TB, sub string, more ...any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{"iss": i.url, "sub": sub, "client_id": "web", "token_use": "access", "iat": now, "exp": now + 3600,
		"jti": rand.Text(), "username": sub}
	for n := 0; n+1 < len(more); n += 2 {
		if more[n+1] == nil {
			delete(claims, more[n].(string))
			continue
		}
		claims[more[n].(string)] = more[n+1]
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	signed, err := i.key.Sign(text, "JWT")
	if err != nil {
		t.Fatal(err)
	}
	i.made = append(i.made, signed[strings.LastIndexByte(signed, '.')+1:])
	return signed
}

// bearer returns an Authorization header with a new token.
func (i *issuer) bearer(t testing.TB, sub string, more ...any) string {
	t.Helper()
	return "Authorization: Bearer " + i.token(t, sub, more...)
}

// rotate publishes a second key and signs with it from now on.
func (i *issuer) rotate() {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys, _ := issuerKeys()
	i.keys, i.key = keys, keys[1]
}

func (i *issuer) signatures() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.made...)
}

// gate returns a sluice_authorize block that accepts the issuer's tokens, with the given rules and options.
func gate(rules string) string {
	return "sluice_authorize {\n issuer %ISSUER% {\n client_id web\n token_use access\n jwks_url %ISSUER%/keys\n }\n debug_header X-Decision\n" +
		rules + "\n}\n"
}

// open returns a site that allows every valid token.
func open(options string) string {
	return gate("allow any * *\n"+options) + "reverse_proxy %UPSTREAM%\n"
}

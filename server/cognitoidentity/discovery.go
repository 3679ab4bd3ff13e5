package cognitoidentity

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/cors"
)

// Paths of the discovery document and the key set, the same as those of the live service.
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	KeysPath      = "/.well-known/jwks_uri"
)

// Discovery returns a handler that serves the OpenID configuration of the identity pools' own tokens. The issuer is AWS's
// name, because trust policies compare it. base is the server's public URL, below which the keys are.
func Discovery(base string, log *slog.Logger) (http.Handler, error) {
	body, err := json.Marshal(map[string]any{
		"issuer":                                identitypool.Issuer,
		"jwks_uri":                              strings.TrimSuffix(base, "/") + KeysPath,
		"response_types_supported":              []string{"id_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS512"},
	})
	if err != nil {
		return nil, fmt.Errorf("cognitoidentity: discovery: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { public(w, r, log, body) }), nil
}

// Keys returns a handler that serves the public keys of the identity pools' own tokens as a JWK set.
func Keys(pools *identitypool.Service, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := token.MarshalJWKS(pools.PublicKeys()...)
		if err != nil {
			log.Error("identity pool keys", "error", err)
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		public(w, r, log, body)
	})
}

// public writes a document that everyone may read and cache for an hour. A new key is published a day before it signs.
func public(w http.ResponseWriter, r *http.Request, log *slog.Logger, body []byte) {
	if cors.Public(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=3600")
	if _, err := w.Write(body); err != nil {
		log.Debug("answer not delivered", "error", err)
	}
}

package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
)

// Pools returns the issuer and the JWK set of a user pool. Both methods return a fault.ResourceNotFound if there is no such
// pool.
type Pools interface {
	Issuer(ctx context.Context, poolID string) (string, error)
	JWKS(ctx context.Context, poolID string) ([]byte, error)
}

// Options holds the dependencies of New. All are required.
type Options struct {
	Pools     Pools
	PublicURL string // the base URL of the paths
	Log       *slog.Logger
}

// cacheControl lets caches keep an answer for an hour. A new key is published a day before it signs.
const cacheControl = "public, max-age=3600"

type handler struct {
	Options
	documents map[string]http.HandlerFunc // by path
}

// New returns the handler. It serves requests that came through package mount.
func New(o Options) (http.Handler, error) {
	if o.Pools == nil || o.PublicURL == "" || o.Log == nil {
		return nil, errors.New("oauth: Options.Pools, PublicURL and Log are required")
	}
	h := &handler{Options: o}
	h.documents = map[string]http.HandlerFunc{discoveryPath: h.discovery, keysPath: h.jwks}
	return h, nil
}

// Paths below the mount point.
const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/.well-known/jwks.json"
)

// Serves reports whether the handler serves the path, which is below a mount point.
func Serves(path string) bool { return path == discoveryPath || path == keysPath }

// ServeHTTP serves the document.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	document := h.documents[r.URL.Path]
	switch {
	case document == nil:
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	default:
		document(w, r)
	}
}

// document is the discovery document of a pool, with the members that Cognito's has. A pool without OAuth2 endpoints names
// none.
type document struct {
	SigningAlgorithms []string `json:"id_token_signing_alg_values_supported"`
	Issuer            string   `json:"issuer"`
	JWKSURI           string   `json:"jwks_uri"`
	ResponseTypes     []string `json:"response_types_supported"`
	Scopes            []string `json:"scopes_supported"`
	SubjectTypes      []string `json:"subject_types_supported"`
	AuthMethods       []string `json:"token_endpoint_auth_methods_supported"`
}

func (h *handler) discovery(w http.ResponseWriter, r *http.Request) {
	point, _ := mount.From(r.Context())
	issuer, err := h.Pools.Issuer(r.Context(), point.PoolID)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	body, err := json.Marshal(document{
		SigningAlgorithms: []string{"RS256"},
		Issuer:            issuer,
		JWKSURI:           mount.ByPath(h.PublicURL, point.PoolID).Base + keysPath,
		ResponseTypes:     []string{"code", "token"},
		Scopes:            []string{"openid", "email", "phone", "profile"},
		SubjectTypes:      []string{"public"},
		AuthMethods:       []string{"client_secret_basic", "client_secret_post"},
	})
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.answer(w, r, body)
}

func (h *handler) jwks(w http.ResponseWriter, r *http.Request) {
	point, _ := mount.From(r.Context())
	body, err := h.Pools.JWKS(r.Context(), point.PoolID)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.answer(w, r, body)
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	header := w.Header()
	header.Set("Cache-Control", cacheControl)
	header.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		header.Set("Access-Control-Allow-Origin", "*")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.write(w, http.StatusOK, body)
}

func (h *handler) write(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Content-Type", "application/json")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil { //nolint:gosec // G705: JSON, and its type says so
		h.Log.Debug("answer not delivered", "error", err)
	}
}

// refuse writes an error: for a missing pool as Cognito does. Server errors are logged, and their text is not sent.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "Internal server error"
	switch fault.KindOf(err) {
	case fault.ResourceNotFound:
		status = http.StatusNotFound
		text, _ = fault.Message(err)
	case fault.Unavailable:
		status, text = http.StatusServiceUnavailable, "The service is not available. Try again."
	default: // internal
	}
	if status >= http.StatusInternalServerError {
		h.Log.ErrorContext(r.Context(), "publishing keys", "path", r.URL.Path, "error", err)
	}
	body, err := json.Marshal(map[string]string{"message": text})
	if err != nil { // cannot happen: strings always encode
		body = []byte(`{}`)
	}
	w.Header().Set("Cache-Control", "no-store")
	h.write(w, status, body)
}

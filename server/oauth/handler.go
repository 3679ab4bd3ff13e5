package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/sluicegate/sluice/server/cors"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/signin"
)

// Pools returns the issuer and the JWK set of a user pool. Its methods return a fault.ResourceNotFound if there is no such pool.
type Pools interface {
	Issuer(ctx context.Context, poolID string) (string, error)
	JWKS(ctx context.Context, poolID string) ([]byte, error)
	Pool(ctx context.Context, poolID string) (*userpool.Pool, error)
}

// Pages show responses that are not redirects.
type Pages interface {
	// ShowError shows an error of a request.
	ShowError(w http.ResponseWriter, r *http.Request, e *oauth.PageError)
	// ShowForm shows the form that takes an answer to the client's redirect URI.
	ShowForm(w http.ResponseWriter, r *http.Request, answer *oauth.Response)
}

// Providers send browsers to the identity provider that an authorization request chooses, which the session did not answer.
type Providers interface {
	Begin(w http.ResponseWriter, r *http.Request, a *oauth.Authorization, query url.Values)
}

// Options holds the dependencies of New. OAuth, Pools, PublicURL and Log are required.
type Options struct {
	OAuth     *oauth.Service                // checks authorization requests and answers them
	Pools     Pools                         // issuer and key set for discovery
	PublicURL string                        // the base URL of the paths
	Base      func(p *userpool.Pool) string // returns the base URL of the pool's domain, "" without one; nil knows none
	Pages     Pages                         // nil shows plain ones
	Providers Providers                     // nil sends all browsers to the login page
	// SignOut returns where a browser goes to sign out at the identity provider that its session is from, from where it comes back and
	// goes to the location, as the client asks; "" if it need not go there. It may be nil.
	SignOut  func(ctx context.Context, poolID string, f *signin.Foreign, clientID, location string) (string, error)
	Admit    func(r *http.Request) error      // returns an error to refuse a request; limits anonymous callers; may be nil
	ClientIP func(r *http.Request) netip.Addr // returns where a request comes from; may be nil
	Strict   bool                             // publishes only what Cognito does
	Log      *slog.Logger                     // gets errors of the server
}

// Paths below the mount point.
const (
	authorizePath = "/oauth2/authorize"
	startPath     = "/authorize" // the same, as AWS's instructions for bookmarks at identity providers have it
	logoutPath    = "/logout"
	errorPath     = "/error"
	discoveryPath = "/.well-known/openid-configuration"
	serverPath    = "/.well-known/oauth-authorization-server"
	keysPath      = "/.well-known/jwks.json"

	loginPath     = "/login"     // of package server/login
	signedOutPath = "/signedout" // of package server/login
)

// endpoint is the handler of a path.
type endpoint struct {
	serve func(*handler, http.ResponseWriter, *http.Request, mount.Point)
	acts  bool // takes POST too, and changes something
	open  bool // unlimited: programs read it, and it comes from memory
}

var endpoints = map[string]endpoint{
	authorizePath: {(*handler).authorize, true, false},
	startPath:     {(*handler).authorize, true, false},
	logoutPath:    {(*handler).logout, true, false},
	errorPath:     {(*handler).showError, false, false},
	discoveryPath: {(*handler).discovery, false, true},
	serverPath:    {(*handler).discovery, false, true},
	keysPath:      {(*handler).jwks, false, true},
}

// Serves reports whether the handler serves the path, which is below a mount point.
func Serves(path string) bool { return endpoints[path].serve != nil }

type handler struct{ Options }

// New returns the handler. It serves requests that came through package mount.
func New(o Options) (http.Handler, error) {
	if o.OAuth == nil || o.Pools == nil || o.PublicURL == "" || o.Log == nil {
		return nil, errors.New("oauth: Options.OAuth, Pools, PublicURL and Log are required")
	}
	if o.Pages == nil {
		o.Pages = plain{o.Log}
	}
	return &handler{o}, nil
}

// ServeHTTP serves the endpoint of the path.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := endpoints[r.URL.Path]
	point, ok := mount.From(r.Context())
	switch {
	case e.serve == nil || !ok:
		http.NotFound(w, r)
	case e.open && cors.Public(w, r, http.MethodGet, http.MethodHead):
	case r.Method == http.MethodHead && e.acts: // anyone who asks for the headers neither signs in nor out
		guard(w)
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodGet, r.Method == http.MethodHead, r.Method == http.MethodPost && e.acts:
		if !e.open && h.Admit != nil && h.Admit(r) != nil {
			guard(w)
			w.Header().Set("Retry-After", "1")
			http.Error(w, "Too many requests. Try again later.", http.StatusTooManyRequests)
			return
		}
		e.serve(h, w, r, point)
	default:
		w.Header().Set("Allow", "GET, HEAD")
		if e.acts {
			w.Header().Set("Allow", "GET, HEAD, POST")
		}
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	}
}

// maxForm bounds the body of a POST, in bytes.
const maxForm = 64 << 10

// parameters returns the parameters of a request: of the query, and of the body of a POST. A parameter that is in both occurs twice.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	if err := r.ParseForm(); err != nil {
		return nil, false
	}
	return r.Form, true
}

// context returns where a request comes from.
func (h *handler) context(r *http.Request) userpool.ClientContext {
	c := userpool.ClientContext{UserAgent: r.UserAgent()}
	if h.ClientIP != nil {
		if ip := h.ClientIP(r); ip.IsValid() {
			c.Address = ip.String()
		}
	}
	return c
}

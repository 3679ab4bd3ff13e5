package login

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/threat"
)

// Options are what New needs. Those of the first group are required.
type Options struct {
	Pools    *idp.Provider    // signs users up and in, and keeps their passwords
	OAuth    Authorizer       // checks the request that brought the browser, and answers it
	Renderer *pages.Renderer  // writes the pages
	Seal     *seal.Box        // seals what forms and cookies bring back
	Now      func() time.Time // decides whether a page has expired
	Rand     io.Reader        // crypto/rand.Reader outside of tests
	Log      *slog.Logger     // gets errors of the server

	Federation Federation                       // the identity providers of clients; nil knows none
	Devices    Devices                          // the device grant; nil serves no /device
	Admit      func(r *http.Request) error      // returns an error to refuse a request; limits anonymous callers; may be nil
	ClientIP   func(r *http.Request) netip.Addr // returns where a request comes from; may be nil
}

// Handler serves the pages. It needs the mount point of the request in its context: see server/mount.
type Handler struct {
	Options
	origin *http.CrossOriginProtection
	routes map[string]route
}

// route is a page. Paths are compared without regard to case: AWS writes them in several ways.
type route struct {
	path      string             // as pages link to it
	get, post func(*visit) error // nil refuses the method
	bare      bool               // the page has no authorization request
	local     bool               // the page is for users of the pool itself
}

// New returns the handler, or an error that names the missing option.
func New(o Options) (*Handler, error) {
	switch {
	case o.Pools == nil || o.OAuth == nil || o.Renderer == nil || o.Seal == nil:
		return nil, errors.New("login: Options.Pools, Options.OAuth, Options.Renderer and Options.Seal are required")
	case o.Now == nil || o.Rand == nil || o.Log == nil:
		return nil, errors.New("login: Options.Now, Options.Rand and Options.Log are required")
	}
	h := &Handler{Options: o, origin: http.NewCrossOriginProtection()}
	h.routes = map[string]route{}
	for _, page := range []route{
		{path: "/login", get: (*visit).showLogin, post: (*visit).login},
		{path: "/challenge", get: (*visit).showChallenge, post: (*visit).answer, local: true},
		{path: "/signup", get: (*visit).showSignUp, post: (*visit).signUp, local: true},
		{path: "/confirm", get: (*visit).showConfirm, post: (*visit).confirm, local: true},
		{path: "/resendcode", post: (*visit).resendCode, local: true},
		{path: "/forgotPassword", get: (*visit).showForgot, post: (*visit).forgot, local: true},
		{path: "/confirmforgotPassword", get: (*visit).showReset, post: (*visit).reset, local: true},
		{path: "/consent", get: (*visit).showConsent, post: (*visit).consent},
		{path: "/passkeys/add", get: (*visit).showAddPasskey, post: (*visit).addPasskey, local: true},
		{path: "/confirmUser", get: (*visit).confirmLink, bare: true},
		{path: threat.FeedbackPath, get: (*visit).feedback, bare: true},
		{path: "/signedout", get: (*visit).showSignedOut, bare: true},
	} {
		h.routes[plain(page.path)] = page
	}
	if o.Devices != nil {
		h.routes["/device"] = route{path: "/device", get: (*visit).showDevice, post: (*visit).device, bare: true}
	}
	return h, nil
}

// Serves reports whether a path below a mount point is one of the pages.
func (h *Handler) Serves(path string) bool {
	_, ok := h.routes[plain(path)]
	return ok || pages.Serves(path)
}

// plain is a path as the routes have it: in lower case, and without a slash at its end.
func plain(path string) string { return strings.ToLower(strings.TrimSuffix(path, "/")) }

// clientContext is what the request says about the client.
func (v *visit) clientContext() userpool.ClientContext {
	out := userpool.ClientContext{Hosted: true, UserAgent: v.r.UserAgent(), Encoded: v.form.Get("cognitoAsfData")}
	if v.h.ClientIP != nil {
		if ip := v.h.ClientIP(v.r); ip.IsValid() {
			out.Address = ip.String()
		}
	}
	return out
}

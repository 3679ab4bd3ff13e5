package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/console/pages"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

// Options are what New needs. All are required, unless a comment says otherwise.
type Options struct {
	Path     string        // as browsers see it, without a slash at its end: /console; "" serves a whole host
	Write    bool          // changes are allowed
	Key      bool          // the administrator's access key signs in
	Lifetime time.Duration // of a session of the access key
	Members  Members       // nil = no members sign in

	APIs       []rpc.API      // what the pages call
	Authorizer rpc.Authorizer // decides on the calls
	Roles      Roles          // the administrator's key and its principal
	// Allowed returns nil if the policies of a caller allow an action of the console's own on everything, such as sluice:ListDecisions. The
	// request is the one that calls of operations have.
	Allowed func(r *http.Request, who *Caller, action, region string) error
	// Sent returns a request as the client sent it: with TLS, or without, where a trusted proxy says so; nil = as it arrived.
	Sent    func(r *http.Request) *http.Request
	Regions region.Set // whose resources the pages show; the first is the default
	Account string     // 12 digits, for the ARNs of what forms make

	Store   store.Store      // has the sessions of the access key
	Box     *seal.Box        // hashes their secrets, and guards forms against other sites
	Renders *pages.Renderer  // writes the pages
	Now     func() time.Time // decides whether a session has expired
	Rand    io.Reader        // crypto/rand.Reader outside of tests
	Log     *slog.Logger     // gets errors of the server

	ClientIP func(r *http.Request) netip.Addr                 // for the audit log; the zero Addr = unknown
	Site     func(r *http.Request) (host string, secure bool) // as the browser sees it
	Admit    func(r *http.Request) error                      // limits sign-ins of an address; nil = no limit
	Audit    func(audit.Record)                               // of what is no call of an API, such as a sign-in with the key; nil = none are written

	Health    func(ctx context.Context) []health.Result   // the outcome of each check, for the overview
	Decisions *authz.Denials                              // nil = none are kept
	Messages  func(ctx context.Context) (Messages, error) // for the page of that name
}

// Roles is what the console needs of IAM. *iam.Service implements it.
type Roles interface {
	// Root returns the principal of the administrator's key.
	Root(accessKeyID string) *principal.Principal
	// RootKey returns the administrator's key; false if there is none.
	RootKey() (accessKeyID string, secret seal.Secret, ok bool)
}

// Members signs in the members of groups of a user pool.
type Members interface {
	// Who returns the caller of a request, or, of a browser that is signed in as someone who may not use the console, that name. Both are
	// zero for a browser that is not signed in.
	Who(r *http.Request) (who *Caller, other string, err error)
	// Serve serves a path of the sign-in, and returns true; false for any other path.
	Serve(w http.ResponseWriter, r *http.Request) bool
	// SignOut ends the session of a POST and answers it.
	SignOut(w http.ResponseWriter, r *http.Request)
	// Name returns the name of the user pool.
	Name(ctx context.Context) string
	// Start and Leave are the paths that begin a sign-in and that sign out by a form.
	Start() string
	Leave() string
	// Origins returns the origins of the pages that a sign-out leads over.
	Origins(ctx context.Context) []string
}

// Caller is who is signed in.
type Caller struct {
	Principal *principal.Principal // never nil; decides what is allowed
	Session   *session.Record      // nil for the access key
	ID        string               // of the browser's session, to which forms are bound
	key       string               // the id of the record of a session of the access key; "" for members
}

// Handler serves the console. It is safe for concurrent use.
type Handler struct {
	o     Options
	pages map[string]func(*visit) (*pages.Page, error)
	forms map[string]action
}

// New returns a Handler, or an error that names what is missing.
func New(o Options) (*Handler, error) {
	switch {
	case len(o.APIs) == 0 || o.Authorizer == nil || o.Roles == nil || o.Allowed == nil || o.Regions.IsZero() || o.Account == "":
		return nil, errors.New("console: Options.APIs, Authorizer, Roles, Allowed, Regions and Account are required")
	case o.Store == nil || o.Box == nil || o.Renders == nil || o.Now == nil || o.Rand == nil || o.Log == nil:
		return nil, errors.New("console: Options.Store, Box, Renders, Now, Rand and Log are required")
	case o.ClientIP == nil || o.Site == nil || o.Health == nil || o.Messages == nil:
		return nil, errors.New("console: Options.ClientIP, Site, Health and Messages are required")
	case !o.Key && o.Members == nil:
		return nil, errors.New("console: no one can sign in; set Options.Key or Options.Members")
	case o.Key && o.Lifetime <= 0:
		return nil, errors.New("console: Options.Lifetime is required")
	}
	if o.Sent == nil {
		o.Sent = func(r *http.Request) *http.Request { return r }
	}
	return &Handler{o: o, pages: pageTable(), forms: actions()}, nil
}

// ServeHTTP serves the console. The URL of the request must be the one that the browser sees.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := strings.TrimPrefix(r.URL.Path, h.o.Path)
	if at == "" {
		at = "/"
	}
	if pages.Serves(at) {
		h.o.Renders.ServeAsset(w, r, at)
		return
	}
	if h.o.Members != nil && h.o.Members.Serve(w, r) {
		return
	}
	v := &visit{h: h, w: w, r: r, at: at}
	v.host, v.secure = h.o.Site(r)
	v.foreign = headers.CrossOrigin(r.Method, r.Header, v.host, v.secure)
	v.browser = v.secret()
	v.frame = pages.Frame{Base: h.o.Path, Account: h.o.Account, Write: h.o.Write}
	if err := v.serve(); err != nil {
		v.fail(err)
	}
}

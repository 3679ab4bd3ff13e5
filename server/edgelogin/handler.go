package edgelogin

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/authz/urlpath"
	"github.com/sluicegate/sluice/server/refusal"
)

// Service is what a Handler needs of login.Service.
type Service interface {
	Begin(ctx context.Context, in login.Start) (*login.Attempt, error)
	Finish(ctx context.Context, in login.Answer) (*login.Made, error)
	Wanted(cookie, host string) string
	Subject(ctx context.Context, cookie, host string, now time.Time) (*authz.Subject, bool, error)
	End(ctx context.Context, cookie, host string) (*login.Ended, error)
	Logout(ctx context.Context, e *login.Ended, back string) (string, error)
	Lifetime() time.Duration
}

// Site is the site that the browser sees.
type Site struct {
	Secure bool   // https
	Host   string // with a port, unless it is the scheme's
}

func (s Site) origin() string {
	if s.Secure {
		return "https://" + s.Host
	}
	return "http://" + s.Host
}

// name is the host without its port, for which cookies are; false if it is malformed.
func (s Site) name() (string, bool) {
	host, err := urlpath.CanonicalHost(s.Host)
	return host, err == nil
}

// Options are the dependencies and settings of a Handler. All but Admit and Key are required.
type Options struct {
	Service  Service                    // keeps the sessions and speaks to the provider
	Cookie   string                     // the name of the session cookie, without authz.SecurePrefix; see CookieName
	Callback string                     // path to which the provider sends browsers back
	Logout   string                     // path that ends a session
	Targets  login.Targets              // where browsers may go after they signed in or out
	Site     func(r *http.Request) Site // the scheme and host in the browser's address bar, behind proxies too
	Now      func() time.Time           // decides whether a session has expired
	Log      *slog.Logger               // gets the reasons for which sign-ins fail
	// Admit limits how often one client address may bring an answer, for which the provider is asked. nil means no limit.
	Admit func(r *http.Request) error
	// Key returns a public key of signed headers as PEM. nil means that there are none.
	Key func(ctx context.Context, id string) ([]byte, bool)
}

// Handler serves one login. It is safe for concurrent use.
type Handler struct {
	o     Options
	start string
	keys  string
	home  string // the folder of the site in which the login is; browsers go there that asked for no page
}

// New returns a Handler.
func New(o Options) *Handler {
	folder := path.Dir(o.Callback)
	return &Handler{o: o, start: path.Join(folder, "login"), keys: path.Join(folder, "keys") + "/", home: strings.TrimSuffix(path.Dir(folder), "/") + "/"}
}

// Start returns the path at which a browser begins to sign in; return_to in its query says where to go then.
func (h *Handler) Start() string { return h.start }

// Serves reports whether the path is one of the Handler's. Requests for these paths need no decision and go to no upstream.
func (h *Handler) Serves(at string) bool {
	switch at {
	case h.o.Callback, h.o.Logout, h.start:
		return true
	}
	return h.o.Key != nil && len(at) > len(h.keys) && strings.HasPrefix(at, h.keys)
}

// ServeHTTP serves the paths of the Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	site := h.o.Site(r)
	host, ok := site.name()
	v := &visit{h: h, w: w, r: r, site: site, host: host, wanted: h.home}
	if !ok || len(r.URL.RawQuery) > maxQuery {
		v.page(http.StatusBadRequest, malformedPage)
		return
	}
	switch at := r.URL.Path; {
	case at == h.o.Logout:
		v.logout()
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		v.page(http.StatusMethodNotAllowed, malformedPage)
	case at == h.o.Callback:
		v.callback()
	case at == h.start:
		v.begin()
	default:
		v.key(strings.TrimPrefix(at, h.keys))
	}
}

// maxQuery is the length of the longest query, in bytes.
const maxQuery = 8 << 10

// visit is a request of a browser.
type visit struct {
	h    *Handler
	w    http.ResponseWriter
	r    *http.Request
	site Site
	host string

	wanted string // where a sign-in that begins on a page leads
}

// session returns the cookie of the browser's session; "" if it has none, or more than one.
func (v *visit) session() string {
	value, _ := cookieOf(v.r, CookieName(v.h.o.Cookie, v.site.Secure))
	return value
}

// signedIn reports whether the browser has a session.
func (v *visit) signedIn() bool {
	cookie := v.session()
	if cookie == "" {
		return false
	}
	_, _, err := v.h.o.Service.Subject(v.r.Context(), cookie, v.host, v.h.o.Now())
	return err == nil
}

// target returns where return_to in the query, or in a form, sends the browser; the folder of the login if it is not allowed.
func (v *visit) target(raw string) string {
	if to, ok := v.targets().Check(raw, v.site.Secure); ok {
		return to
	}
	return v.h.home
}

// targets are those of the Handler and the site itself.
func (v *visit) targets() login.Targets {
	return login.Targets{Hosts: append([]string{v.site.Host}, v.h.o.Targets.Hosts...)}
}

func (v *visit) key(id string) {
	pem, ok := v.h.o.Key(v.r.Context(), id)
	if !ok {
		_ = refusal.NotFound(v.w)
		return
	}
	_ = refusal.Write(v.w, http.StatusOK, "text/plain; charset=utf-8", pem)
}

// redirect sends the browser on. The answer depends on cookies and must not be kept.
func (v *visit) redirect(to string) {
	head := v.w.Header()
	head.Set("Location", to)
	head.Set("Cache-Control", "no-store")
	head.Set("Referrer-Policy", "no-referrer")
	v.w.WriteHeader(http.StatusSeeOther)
}

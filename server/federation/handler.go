package federation

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/saml"
)

// Pages show responses that are not redirects.
type Pages interface {
	// ShowError shows an error of a request.
	ShowError(w http.ResponseWriter, r *http.Request, e *oauth.PageError)
	// ShowForm shows a form that the browser sends at once.
	ShowForm(w http.ResponseWriter, r *http.Request, answer *oauth.Response)
	// Release asks the user whether the client may have the answer of a sign-in that has just ended.
	Release(w http.ResponseWriter, r *http.Request, end *federation.Finished)
}

// Options holds the dependencies of New. Federation, SAML, FindProvider, Pages and Log are required.
type Options struct {
	Federation *federation.Service // begins and finishes the sign-ins
	SAML       SAML                // describes pools as SAML service providers; takes the answers to sign-outs
	// FindProvider returns a provider of a pool, or a fault.ResourceNotFound.
	FindProvider saml.Find
	Pages        Pages                            // shows errors, forms and the question for consent
	Admit        func(r *http.Request) error      // returns an error to refuse a request; limits anonymous callers; may be nil
	ClientIP     func(r *http.Request) netip.Addr // returns where a request comes from; may be nil
	Log          *slog.Logger                     // gets errors of the server, and SAML messages that are refused
}

// Handler serves the endpoints below the mount points of pools, see package mount.
type Handler struct{ Options }

// New returns the handler, or an error that names the missing option.
func New(o Options) (*Handler, error) {
	if o.Federation == nil || o.SAML == nil || o.FindProvider == nil || o.Pages == nil || o.Log == nil {
		return nil, errors.New("federation: Options.Federation, SAML, FindProvider, Pages and Log are required")
	}
	return &Handler{o}, nil
}

// answerPath takes the answers of OIDC and social providers.
const answerPath = "/oauth2/idpresponse"

// endpoint is the handler of a path.
type endpoint struct {
	serve     func(*Handler, http.ResponseWriter, *http.Request, mount.Point)
	get, post bool
}

var endpoints = map[string]endpoint{
	answerPath:        {serve: (*Handler).answer, get: true, post: true},
	saml.AnswerPath:   {serve: (*Handler).samlAnswer, post: true},
	saml.SignOutPath:  {serve: (*Handler).samlSignedOut, post: true},
	saml.MetadataPath: {serve: (*Handler).samlMetadata, get: true},
}

// methods returns the methods that the endpoint takes.
func (e endpoint) methods() string {
	switch {
	case e.get && e.post:
		return "GET, POST"
	case e.get:
		return http.MethodGet
	}
	return http.MethodPost
}

// Serves reports whether the handler serves the path, which is below a mount point.
func (h *Handler) Serves(path string) bool { return endpoints[path].serve != nil }

// ServeHTTP serves the endpoint of the path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := endpoints[r.URL.Path]
	at, ok := mount.From(r.Context())
	switch {
	case e.serve == nil || !ok:
		http.NotFound(w, r)
		return
	case r.Method == http.MethodGet && e.get, r.Method == http.MethodPost && e.post:
	default: // not HEAD either: an answer can be used once
		w.Header().Set("Allow", e.methods())
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	guard(w)
	if h.Admit != nil {
		if err := h.Admit(r); err != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "Too many requests. Try again later.", http.StatusTooManyRequests)
			return
		}
	}
	e.serve(h, w, r, at)
}

// guard sets the headers of all answers to browsers.
func guard(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
}

// from returns where a request comes from.
func (h *Handler) from(r *http.Request) userpool.ClientContext {
	c := userpool.ClientContext{UserAgent: r.UserAgent()}
	if ip := h.address(r); ip.IsValid() {
		c.Address = ip.String()
	}
	return c
}

func (h *Handler) address(r *http.Request) netip.Addr {
	if h.ClientIP == nil {
		return netip.Addr{}
	}
	return h.ClientIP(r)
}

// refuse answers to an error.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, at mount.Point, err error) {
	if e, ok := errors.AsType[*oauth.RedirectError](err); ok {
		h.deliver(w, r, at, e.Response)
		return
	}
	e, ok := errors.AsType[*oauth.PageError](err)
	if !ok {
		h.Log.ErrorContext(r.Context(), "sign-in through an identity provider", "pool", at.PoolID, "path", r.URL.Path, "error", err)
		e = oauth.Failed(err)
	}
	h.Pages.ShowError(w, r, e)
}

// deliver sends the browser to the client's redirect URI.
func (h *Handler) deliver(w http.ResponseWriter, r *http.Request, at mount.Point, answer *oauth.Response) {
	if answer.Cookie != "" {
		http.SetCookie(w, at.Cookie(sessionCookie, answer.Cookie, answer.CookieMaxAge))
	}
	if answer.Form != nil {
		h.Pages.ShowForm(w, r, answer)
		return
	}
	redirect(w, r, answer.Location)
}

// redirect sends the browser to a location, by GET.
func redirect(w http.ResponseWriter, r *http.Request, location string) {
	w.Header().Set("Location", location)
	if r.Method == http.MethodPost {
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusFound)
}

// single reports whether no parameter occurs twice.
func single(values url.Values) bool {
	for _, list := range values {
		if len(list) != 1 {
			return false
		}
	}
	return true
}

package oauthtoken

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/server/cors"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/throttle"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
)

// Options are what New needs. Admit may be nil; the others are required.
type Options struct {
	Grants   *grants.Service                  // authenticates clients and issues tokens
	Admit    func(r *http.Request) error      // returns an error to refuse a request; limits anonymous callers
	Bodies   *bounded.Budget                  // for the bodies of requests
	ClientIP func(r *http.Request) netip.Addr // returns where a request comes from; the zero Addr = unknown
	Now      func() time.Time                 // for the limit of registrations
	Rand     io.Reader                        // for the ids of requests
	Shared   throttle.Shared                  // counts registrations over all processes; may be nil
	Strict   bool                             // answer as Cognito does where RFC 6749 asks for something else
	Log      *slog.Logger                     // gets errors of the server
}

type handler struct {
	Options
	strangers *throttle.Table // of registrations without a token
}

// New returns the handler of the paths that Serves knows. Its requests come through package mount.
func New(o Options) (http.Handler, error) {
	if o.Grants == nil || o.Bodies == nil || o.ClientIP == nil || o.Now == nil || o.Rand == nil || o.Log == nil {
		return nil, errors.New("oauthtoken: Options.Grants, Bodies, ClientIP, Now, Rand and Log are required")
	}
	// An address may register a hundred clients at once, and then one a second: all users of a hosted agent register from few addresses.
	strangers, err := throttle.New(throttle.Options{Rate: 1, Burst: 100, Now: o.Now, Shared: o.Shared, Name: "registrations"})
	if err != nil {
		return nil, err
	}
	return &handler{o, strangers}, nil
}

// endpoint is what a path serves.
type endpoint struct {
	methods []string
	browser bool // scripts of any site may call it
	inURL   bool // takes parameters of the URL too, as Cognito does
	run     func(h *handler, r *request) error
}

// endpoints are those of a pool by their paths, in lower case: AWS writes one of them with a capital letter.
func endpoints() map[string]endpoint {
	post := []string{http.MethodPost}
	return map[string]endpoint{
		"/oauth2/token":                {post, true, true, (*handler).token},
		"/oauth2/revoke":               {post, true, true, (*handler).revoke},
		"/oauth2/userinfo":             {[]string{http.MethodGet, http.MethodPost}, true, false, (*handler).userInfo},
		"/oauth2/register":             {[]string{http.MethodPost, http.MethodGet, http.MethodPut, http.MethodDelete}, true, false, (*handler).register},
		"/oauth2/device_authorization": {post, true, false, (*handler).device},
		"/oauth2/par":                  {post, true, false, (*handler).push},
		"/oauth2/introspect":           {post, false, false, (*handler).introspect},
	}
}

var paths = endpoints()

// Serves reports whether a path below the mount point is one of the handler's.
func Serves(path string) bool {
	_, ok := paths[strings.ToLower(path)]
	return ok
}

// request is a request with what its answer needs.
type request struct {
	http   *http.Request
	writer http.ResponseWriter
	point  mount.Point
	basic  bool // the client used the header Authorization, or the endpoint answers as if it had
	inURL  bool // parameters of the URL count
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, known := paths[strings.ToLower(r.URL.Path)]
	point, ok := mount.From(r.Context())
	if !known || !ok {
		http.NotFound(w, r)
		return
	}
	q := &request{http: r, writer: w, point: point, basic: r.Header.Get("Authorization") != "", inURL: at.inURL}
	h.setHeaders(w)
	if at.browser && cors.Public(w, r, at.methods...) { // no cookie plays a part, so any script may call
		return
	}
	if err := h.serve(at, q); err != nil {
		h.refuse(q, err)
	}
}

// serve checks what all endpoints check alike, and runs the endpoint.
func (h *handler) serve(at endpoint, q *request) error {
	r := q.http
	allowed := false
	for _, method := range at.methods {
		allowed = allowed || r.Method == method
	}
	if !allowed {
		return errMethod{at.methods}
	}
	if h.Admit != nil {
		if err := h.Admit(r); err != nil {
			return err
		}
	}
	return at.run(h, q)
}

// setHeaders sets the headers that every answer has.
func (h *handler) setHeaders(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	header.Set("Pragma", "no-cache")
	header.Set("Expires", "0")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	if id, err := uuid.NewRandomFromReader(h.Rand); err == nil {
		header.Set("X-Amz-Cognito-Request-Id", id.String())
	}
}

// client returns what the request says about its sender.
func (h *handler) client(r *http.Request) userpool.ClientContext {
	out := userpool.ClientContext{UserAgent: r.UserAgent()}
	if ip := h.ClientIP(r); ip.IsValid() {
		out.Address = ip.String()
	}
	return out
}

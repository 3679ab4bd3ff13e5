package node

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials"
	"github.com/sluicegate/sluice/server/edgelogin"
	"github.com/sluicegate/sluice/server/refusal"
)

// newRefuser returns the Refuser of a route; metadata is the URL of its metadata, or "".
func newRefuser(a *config.Authorize, metadata string, login *edgeLogin) *refusal.Refuser {
	o := refusal.Options{Tokens: len(a.UserPools)+len(a.Issuers) > 0, Realm: a.Realm, ResourceMetadata: metadata}
	if login != nil {
		o.Login = login.handler.Start()
	}
	if a.SigV4 != nil {
		o.Service = a.SigV4.Service
	}
	return refusal.New(o)
}

// Refuse answers a request that does not pass, in the protocol that the route speaks.
func (g *Gate) Refuse(w http.ResponseWriter, r *http.Request, result *authz.Result) error {
	if r.ProtoMajor == 1 && len(r.Header["Expect"]) > 0 {
		// The client waits before its body. To keep the connection, the server would have to read the body first.
		w.Header().Set("Connection", "close")
		defer endReading(w)
	}
	if find := g.node.plan.o.ErrorRoute; find != nil {
		if status, ok := g.refuser.Problem(result); ok {
			if route := find(r); route != nil {
				return g.refuseByRoute(w, r, *result, status, route)
			}
		}
	}
	return g.refuser.Refuse(w, r, result)
}

// endReading ends the connection after the answer: net/http would first wait for the rest of a short body, and the client for leave
// to send it.
func endReading(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // a connection without deadlines, such as a test's, has nothing to end
}

// Challenge sends a browser without a session to sign in, if the settings say so, and returns true.
func (g *Gate) Challenge(w http.ResponseWriter, r *http.Request, target string, result *authz.Result) bool {
	return g.login != nil && g.login.challenge(w, r, target, result)
}

// RefuseItself answers as Refuse does, and leaves the host's ErrorRoute out: a gateway would take a success that such a route
// answers as leave.
func (g *Gate) RefuseItself(w http.ResponseWriter, r *http.Request, result *authz.Result) error {
	return g.refuser.Refuse(w, r, result)
}

// SetChallenge adds the WWW-Authenticate headers for a request that does not pass.
func (g *Gate) SetChallenge(h http.Header, result *authz.Result) {
	g.refuser.Challenge(h, result.Refusal)
}

// ErrorRoute answers a request that does not pass in place of the gate. It calls otherwise for the gate's own answer. message
// says why the request does not pass; id is the id of the decision, or "".
type ErrorRoute func(w http.ResponseWriter, r *http.Request, status int, message, id string, otherwise Handler) error

// refuseByRoute lets the host's route answer. The challenge goes with its answer, since clients act on it. The result is a copy:
// that of a request that passes stays on the stack.
func (g *Gate) refuseByRoute(w http.ResponseWriter, r *http.Request, result authz.Result, status int, route ErrorRoute) error {
	h := w.Header()
	before := h["Www-Authenticate"]
	g.refuser.Challenge(h, result.Refusal)
	edgelogin.Strip(r.Header)
	if !g.settings.PassAuthorization {
		// The route may proxy the request. A credential goes no further than from a request that passes.
		r.URL.RawQuery = credentials.StripSignature(r.Header, r.URL.RawQuery)
		delete(r.Header, "Authorization")
	}
	return route(w, r, status, result.Refusal.Detail, result.DecisionID, handlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		w.Header()["Www-Authenticate"] = before
		return g.refuser.Refuse(w, r, &result)
	}))
}

// handlerFunc is a function that implements Handler.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP implements Handler.
func (f handlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) error { return f(w, r) }

// refuseBody answers a request whose body is not to be forwarded. It returns err if err is about something else, such as a client
// that disconnected. If the upstream's answer has begun, nothing is written and the connection ends.
func (p *Passage) refuseBody(w http.ResponseWriter, r *http.Request, err error) error {
	g := p.Gate
	refusal := p.passing.Refusal(err)
	switch {
	case refusal != nil:
	case g.Store():
		refusal = authz.RefusalOf(err)
	default:
		return err
	}
	if refusal.Reason == authz.Unavailable {
		g.log.Error("an upload cannot be kept until it is complete; free disk space in data_dir, or raise upload_space", "error", err)
		w.Header().Set("Retry-After", "5")
	}
	refused := &authz.Result{Outcome: refusal.Outcome(), Refusal: refusal, Principal: p.Result.Principal, Scheme: p.Result.Scheme}
	g.report(r, refused, netip.Addr{})
	return g.Refuse(w, r, refused)
}

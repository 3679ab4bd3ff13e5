package node

import (
	"context"
	"net/http"

	"github.com/sluicegate/sluice/authz/principal"
)

// Protect returns a handler that has the gate decide on every request. It calls next for requests that pass, with the identity
// headers set and the credential removed, and answers the others. In next, PrincipalOf returns the principal. Headers may use
// the placeholders {http.auth.user.*}; other placeholders are empty.
func (g *Gate) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if metadata := g.node.plan.Metadata(r.Host, r.URL.Path); metadata != nil {
			metadata.ServeHTTP(w, r)
			return
		}
		w, answered := g.ServeCORS(w, r)
		if answered {
			return
		}
		if g.ServeLogin(w, r, r.URL) {
			return
		}
		p := &Passage{Gate: g}
		request := r.WithContext(context.WithValue(r.Context(), passageKey{}, p)) // the server's request is not changed
		url := *r.URL
		request.URL, request.Header = &url, r.Header.Clone()
		var pass bool
		var err error
		if p.Result, pass, err = g.Ask(w, request, request.RequestURI, g.node.plan.o.ClientIP(request)); pass {
			err = p.Serve(w, request, userReplacer{p.Result.Principal}, withoutError{next})
		}
		if err != nil {
			g.log.Debug("request not answered", "error", err)
			panic(http.ErrAbortHandler) // the client disconnected or sent an incomplete body; net/http closes the connection
		}
	})
}

// ServeCORS answers a preflight, if the gate has an option cors, and returns true. For other requests it returns the writer for the answer.
func (g *Gate) ServeCORS(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, bool) {
	return g.cors.Serve(w, r)
}

type passageKey struct{}

// PrincipalOf returns the principal of a request that Gate.Protect passed to the handler, and false in any other handler.
func PrincipalOf(ctx context.Context) (*principal.Principal, bool) {
	p, ok := ctx.Value(passageKey{}).(*Passage)
	if !ok {
		return nil, false
	}
	return p.Result.Principal, true
}

// withoutError is an http.Handler that implements Handler.
type withoutError struct{ http.Handler }

// ServeHTTP implements Handler.
func (h withoutError) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	h.Handler.ServeHTTP(w, r)
	return nil
}

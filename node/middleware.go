package node

import (
	"context"
	"net/http"

	"github.com/sluicegate/sluice/authz/principal"
)

// Protect returns a handler that puts every request to the gate. Requests that pass go to next, with the identity headers set
// and the credential removed; the others are answered. In next, PrincipalOf returns who asks. Headers may use the placeholders
// {http.auth.user.*}; other placeholders are empty.
func (g *Gate) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if metadata := g.node.plan.Metadata(r.Host, r.URL.Path); metadata != nil {
			metadata.ServeHTTP(w, r)
			return
		}
		p := &Passage{Gate: g}
		request := r.WithContext(context.WithValue(r.Context(), passageKey{}, p)) // the server's own stays as it is
		url := *r.URL
		request.URL, request.Header = &url, r.Header.Clone()
		var pass bool
		var err error
		if p.Result, pass, err = g.Ask(w, request, request.RequestURI, g.node.plan.o.ClientIP(request)); pass {
			err = p.Serve(w, request, userReplacer{p.Result.Principal}, withoutError{next})
		}
		if err != nil {
			g.log.Debug("request not answered", "error", err)
			panic(http.ErrAbortHandler) // the client has gone, or sent half a body: net/http closes the connection
		}
	})
}

type passageKey struct{}

// PrincipalOf returns who asks, in a handler behind Gate.Protect; false in any other.
func PrincipalOf(ctx context.Context) (*principal.Principal, bool) {
	p, ok := ctx.Value(passageKey{}).(*Passage)
	if !ok {
		return nil, false
	}
	return p.Result.Principal, true
}

// withoutError makes an http.Handler a Handler.
type withoutError struct{ http.Handler }

// ServeHTTP implements Handler.
func (h withoutError) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	h.Handler.ServeHTTP(w, r)
	return nil
}

package ask

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/caddymodule"
)

func init() { caddy.RegisterModule(new(Allowed)) }

// Allowed matches requests with a valid credential that the rules allow. It answers nothing and does not change the request, but
// for the identity headers of clients, which it removes from requests that match. The placeholders are those of
// sluice_authorize; those of a request that does not match are {http.auth.candidate.*}. A sluice_authorize with the same settings
// after it does not decide once more. Syntax:
//
//	sluice_allowed {
//	    …              # the options of sluice_authorize, except sigv4
//	}
type Allowed struct{ caddymodule.Route }

// CaddyModule returns the Caddy module information.
func (*Allowed) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.sluice_allowed", New: func() caddy.Module { return new(Allowed) }}
}

// UnmarshalCaddyfile parses the matcher.
func (a *Allowed) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return a.ParseMatcher(d, "sluice_allowed")
}

// Provision checks the settings and reads the policy files.
func (a *Allowed) Provision(ctx caddy.Context) error {
	if err := a.ValidateAsked("sluice_allowed"); err != nil {
		return err
	}
	return a.Route.Provision(ctx)
}

// MatchWithError reports whether the request is allowed. If that cannot be decided, it returns an error, so that no other route
// takes the request for one that is not allowed.
func (a *Allowed) MatchWithError(r *http.Request) (bool, error) {
	gate := a.Gate(r.Context())
	if gate == nil {
		return false, caddyhttp.Error(http.StatusServiceUnavailable, errors.New("sluice is starting"))
	}
	asked := withoutBody(r)
	result := gate.Decide(unanswered{}, asked, caddymodule.Target(r), caddymodule.ClientIP(r))
	if result.Outcome == authz.Undecidable {
		caddymodule.Refused(r, &result)
		return false, caddyhttp.Error(http.StatusServiceUnavailable, errors.New(result.Refusal.Detail))
	}
	if result.Outcome != authz.Allowed { // in shadow mode, too: the decision is the answer
		caddymodule.Refused(r, &result)
		return false, nil
	}
	gate.IdentityHeaders().Strip(r.Header)
	caddymodule.Passed(r, gate, result)
	a.Keep(r, &result)
	return true, nil
}

// withoutBody returns a copy of the request that a gate may be asked about: it has its own header and no body.
func withoutBody(r *http.Request) *http.Request {
	asked := r.WithContext(r.Context()) // a copy
	asked.Header, asked.Body, asked.ContentLength = r.Header.Clone(), http.NoBody, 0
	return asked
}

// unanswered is the http.ResponseWriter of a question.
type unanswered struct{}

// Header implements http.ResponseWriter.
func (unanswered) Header() http.Header { return http.Header{} }

// Write implements http.ResponseWriter. It is an error, since nothing is answered.
func (unanswered) Write([]byte) (int, error) { return 0, errors.New("a matcher answers nothing") }

// WriteHeader implements http.ResponseWriter.
func (unanswered) WriteHeader(int) {}

// Interface guards.
var (
	_ caddy.Provisioner                 = (*Allowed)(nil)
	_ caddyhttp.RequestMatcherWithError = (*Allowed)(nil)
	_ caddyfile.Unmarshaler             = (*Allowed)(nil)
)

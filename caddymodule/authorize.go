package caddymodule

import (
	"net/http"
	"net/netip"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/caddymodule/opslog"
	"github.com/sluicegate/sluice/caddymodule/tracing"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/server/refusal"
)

func init() { caddy.RegisterModule(new(Authorize)) }

// Authorize calls the next handler for requests with a valid credential that the route's rules and policies allow, and
// answers all others.
//
// It sets placeholders for later handlers:
//
// Placeholder | Value
// ------------|------
// `{http.auth.user.id}` | the subject: sub of a token, identity id or ARN of temporary credentials
// `{http.auth.user.username}` | cognito:username, or username
// `{http.auth.user.email}` | the email claim
// `{http.auth.user.groups}` | the groups, with commas between
// `{http.auth.user.scopes}` | the scopes, with spaces between
// `{http.auth.user.client_id}` | the app client
// `{http.auth.user.issuer}` | the issuer
// `{http.auth.user.token_use}` | id or access
// `{http.auth.user.kind}` | user, machine, role-session, root, federated-user or anonymous
// `{http.auth.user.role_arn}` | the role of temporary credentials
// `{http.auth.user.claim.<name>}` | any claim of the token
// `{http.vars.sluice.action}`, `.resource`, `.outcome` | the decision, also for refused requests
// `{http.vars.sluice.reason}`, `.decision_id` | why a request is refused, or would be in shadow mode
// `{http.vars.sluice.user}` | the user name of a refused request; "" if the credential is not valid
type Authorize struct{ Route }

// CaddyModule returns the Caddy module information.
func (*Authorize) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_authorize", New: func() caddy.Module { return new(Authorize) }}
}

// ServeHTTP has the gate decide on the request. It answers a refused request and calls the next handler for the others.
func (a *Authorize) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	endConnection(w, r)
	if metadata := a.Metadata(r); metadata != nil {
		metadata.ServeHTTP(w, r)
		return nil
	}
	gate := a.Gate(r.Context())
	if gate == nil {
		return refusal.Starting(w)
	}
	w, answered := gate.ServeCORS(w, r)
	if answered {
		return nil
	}
	if gate.ServeLogin(w, r, requested(r)) {
		return nil
	}
	p, err := a.ask(gate, w, r)
	if p == nil {
		return err
	}
	return p.serve(w, r, next)
}

// ask has the gate decide on the request. It returns nil if it has answered a request that does not pass. It must not be
// inlined, because its stack would then stay in use while the next handlers run.
//
//go:noinline
func (a *Authorize) ask(gate *node.Gate, w http.ResponseWriter, r *http.Request) (*passage, error) {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	if result, ok := a.kept(r, gate, vars); ok {
		return &passage{Passage: node.Passage{Gate: gate, Result: result}, vars: vars}, nil
	}
	traced, span := tracing.Start(r, "sluice.decide")
	result := gate.Decide(w, traced, Target(r), clientAddr(vars))
	span.Decided(gate.Route(), &result)
	if result.Refusal != nil {
		opslog.Refused(r, gate.Route(), &result)
		emitter.Newest().Denied(gate.Route(), &result)
	}
	if !result.Pass {
		setCandidate(r, vars, &result) // before error routes: for them, a gate before this one does not count
		var err error
		if !gate.Challenge(w, traced, Target(r), &result) {
			err = gate.Refuse(w, traced, &result)
		}
		setRefused(r, vars, &result)
		return nil, err
	}
	return &passage{Passage: node.Passage{Gate: gate, Result: result}, vars: vars}, nil
}

// requested returns the URL that the client requested.
func requested(r *http.Request) *url.URL {
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		return original.URL
	}
	return r.URL
}

// clientAddr returns the client's address as Caddy resolved it with its trusted proxies.
func clientAddr(vars map[string]any) netip.Addr {
	ip, _ := vars[caddyhttp.ClientIPVarKey].(string)
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Authorize)(nil)
	_ caddyhttp.MiddlewareHandler = (*Authorize)(nil)
)

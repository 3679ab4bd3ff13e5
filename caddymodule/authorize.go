package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/config"
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
// `{http.auth.user.kind}` | user, machine, role-session, root or anonymous
// `{http.auth.user.role_arn}` | the role of temporary credentials
// `{http.auth.user.claim.<name>}` | any claim of the token
// `{http.vars.sluice.action}`, `.resource`, `.outcome` | the decision, also for refused requests
// `{http.vars.sluice.reason}`, `.decision_id` | why a request is refused, or would be in shadow mode
// `{http.vars.sluice.user}` | the user name of a refused request; "" if the credential is not valid
type Authorize struct {
	config.Authorize

	gate      atomic.Pointer[node.Gate]
	publishes bool // there is metadata of protected resources; set before gate is
	app       *App
}

// CaddyModule returns the Caddy module information.
func (*Authorize) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_authorize", New: func() caddy.Module { return new(Authorize) }}
}

// Provision checks the settings and reads the policy files. The gate itself is built when the app starts.
func (a *Authorize) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	a.app = app
	if err := redactLogs(ctx); err != nil {
		return err
	}
	placeholders := replacement{repl: caddy.NewReplacer()}
	for i := range a.Policies {
		placeholders.fill("policy", &a.Policies[i].File)
	}
	placeholders.headers(a.Headers)
	if a.Login != nil {
		placeholders.fill("login: secret", &a.Login.Secret)
	}
	if err := errors.Join(placeholders.problems...); err != nil {
		return err
	}
	plan, err := app.plan.Gate(&a.Authorize)
	if err != nil {
		return err
	}
	app.onStart(func(n *node.Node) error {
		gate, err := n.Build(plan)
		if err != nil {
			return fmt.Errorf("sluice_authorize: %w", err)
		}
		a.publishes = app.plan.Publishes()
		a.gate.Store(gate)
		return nil
	})
	return nil
}

// ServeHTTP has the gate decide on the request. It answers a refused request and calls the next handler for the others.
func (a *Authorize) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	gate := a.gate.Load()
	if gate == nil || a.publishes {
		if metadata := a.app.metadata(r); metadata != nil {
			metadata.ServeHTTP(w, r)
			return nil
		}
	}
	if gate == nil {
		if gate = a.wait(r.Context()); gate == nil {
			return refusal.Starting(w)
		}
	}
	if gate.ServeLogin(w, r, requested(r)) {
		return nil
	}
	p, err := ask(gate, w, r)
	if p == nil {
		return err
	}
	return p.serve(w, r, next)
}

// ask has the gate decide on the request. It returns nil if it has answered a request that does not pass. It must not be
// inlined, because its stack would then stay in use while the next handlers run.
//
//go:noinline
func ask(gate *node.Gate, w http.ResponseWriter, r *http.Request) (*passage, error) {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	target := r.RequestURI
	// A rewrite changes the upstream request. The client signed and requested the original.
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		target = original.RequestURI
	}
	result, pass, err := gate.Ask(w, r, target, clientAddr(vars))
	if !pass {
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

// wait waits for the app to start. It returns nil if the client disconnects or the start fails.
func (a *Authorize) wait(ctx context.Context) *node.Gate {
	select {
	case <-a.app.started:
		return a.gate.Load()
	case <-ctx.Done():
		return nil
	}
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

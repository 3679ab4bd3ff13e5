package caddymodule

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/server/refusal"
)

func init() { caddy.RegisterModule(new(Authorize)) }

// Authorize lets requests pass that carry a good credential and that the route's rules and policies allow.
//
// It sets placeholders that any later handler can use:
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
// `{http.vars.sluice.action}`, `.resource`, `.outcome`, `.decision_id` | what was decided
type Authorize struct {
	config.Authorize

	gate      atomic.Pointer[authz.Engine]
	debugs    bool // the log takes debug entries
	publishes bool // there is metadata of protected resources; set before gate is
	headers   []headerSetter
	refuser   *refusal.Refuser
	app       *App
	logger    *zap.Logger
	parts     *gateParts
	release   func()
}

// CaddyModule returns the Caddy module information.
func (*Authorize) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_authorize", New: func() caddy.Module { return new(Authorize) }}
}

// Provision judges the settings and reads the policy files. The gate itself is built when the app starts.
func (a *Authorize) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	a.app, a.logger = app, ctx.Logger()
	a.debugs = a.logger.Core().Enabled(zapcore.DebugLevel)
	a.Authorize.Defaults(app.Region)
	if err := a.Authorize.Validate(&app.App); err != nil {
		return err
	}
	if a.parts, err = readGateParts(&a.Authorize, app); err != nil {
		return err
	}
	if err := app.protect(&a.Authorize); err != nil {
		return err
	}
	if a.refuser, err = newRefuser(&a.Authorize); err != nil {
		return err
	}
	a.headers = compileHeaders(a.Headers)
	app.onStart(len(a.UserPools) > 0 || a.SigV4 != nil, func(rt *runtime) error {
		gate, release, err := a.parts.build(app, rt)
		if err != nil {
			return fmt.Errorf("sluice_authorize: %w", err)
		}
		a.release = release
		a.publishes = len(app.resources) > 0
		a.gate.Store(gate)
		return nil
	})
	return nil
}

// newRefuser returns what answers the requests that the route refuses.
func newRefuser(a *config.Authorize) (*refusal.Refuser, error) {
	o := refusal.Options{Tokens: len(a.UserPools)+len(a.Issuers) > 0, Realm: a.Realm}
	if a.SigV4 != nil {
		o.Service = a.SigV4.Service
	}
	if a.Resource != "" {
		metadata, err := metadataURL(a.Resource)
		if err != nil {
			return nil, err
		}
		o.ResourceMetadata = metadata.String()
	}
	return refusal.New(o), nil
}

// Cleanup releases the key sets and caches that the route shares with others.
func (a *Authorize) Cleanup() error {
	if a.release != nil {
		a.release()
	}
	return nil
}

// ServeHTTP asks the gate, and answers or passes on.
func (a *Authorize) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	gate := a.gate.Load()
	if gate == nil || a.publishes {
		if metadata := a.app.resourceOf(r); metadata != nil {
			return metadata.serve(w, r)
		}
	}
	if gate == nil {
		if gate = a.wait(r.Context()); gate == nil {
			return refusal.Starting(w)
		}
	}
	p, err := a.ask(gate, w, r)
	if p == nil {
		return err
	}
	return p.serve(w, r, next)
}

// ask puts the request to the gate; nil when it does not pass and has been answered. It is a function of its own, never
// part of another, because what it needs of the stack would else stay there while the next handlers run.
//
//go:noinline
func (a *Authorize) ask(gate *authz.Engine, w http.ResponseWriter, r *http.Request) (*passage, error) {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	request := requests.Get().(*authz.Request)
	show(r, vars, request)
	result := gate.Authorize(r.Context(), request)
	*request = authz.Request{}
	requests.Put(request)
	if a.DebugHeader != "" {
		debug(w.Header(), a.DebugHeader, &result)
	}
	if !result.Pass {
		return nil, a.refuse(w, r, &result)
	}
	return &passage{authorize: a, gate: gate, result: result, vars: vars}, nil
}

// requests are what gates have seen, to be used again: a gate keeps nothing of one.
var requests = sync.Pool{New: func() any { return new(authz.Request) }}

// wait gives the gate of an app that is still starting; nil when the client has gone or the start failed.
func (a *Authorize) wait(ctx context.Context) *authz.Engine {
	select {
	case <-a.app.started:
		return a.gate.Load()
	case <-ctx.Done():
		return nil
	}
}

// show tells the gate what it needs of r.
func show(r *http.Request, vars map[string]any, to *authz.Request) {
	to.Method, to.Host, to.Target, to.Proto = r.Method, r.Host, r.RequestURI, r.Proto
	to.RawPath, to.RawQuery = r.URL.EscapedPath(), r.URL.RawQuery
	to.Header, to.ContentLength, to.Body, to.ClientIP = r.Header, r.ContentLength, r.Body, clientAddr(vars)
	// A rewrite changes what goes upstream, never what the client asked for and signed.
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		to.Target = original.RequestURI
	}
	if r.TLS != nil {
		to.TLSVersion = r.TLS.Version
	}
}

// clientAddr is the client's address as Caddy resolved it, trusted proxies considered.
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
	_ caddy.CleanerUpper          = (*Authorize)(nil)
	_ caddyhttp.MiddlewareHandler = (*Authorize)(nil)
)

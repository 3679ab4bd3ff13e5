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
// `{http.vars.sluice.action}`, `.resource`, `.outcome`, `.decision_id` | what was decided
type Authorize struct {
	config.Authorize

	engine    atomic.Pointer[authz.Engine]
	debugs    bool // the log level includes debug
	publishes bool // the app serves metadata of protected resources; set before engine
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

// Provision validates the settings and reads the policy files. The engine is built when the app starts.
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
		engine, release, err := a.parts.build(app, rt)
		if err != nil {
			return fmt.Errorf("sluice_authorize: %w", err)
		}
		a.release = release
		a.publishes = len(app.resources) > 0
		a.engine.Store(engine)
		return nil
	})
	return nil
}

// newRefuser returns the Refuser of the route.
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

// ServeHTTP answers a request that does not pass, and calls the next handler otherwise.
func (a *Authorize) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	engine := a.engine.Load()
	if engine == nil || a.publishes {
		if metadata := a.app.resourceOf(r); metadata != nil {
			return metadata.serve(w, r)
		}
	}
	if engine == nil {
		if engine = a.wait(r.Context()); engine == nil {
			return refusal.Starting(w)
		}
	}
	p, err := a.authorize(engine, w, r)
	if p == nil {
		return err
	}
	return p.serve(w, r, next)
}

// authorize asks the engine. It returns nil if the request does not pass; it has then been answered. It must not be
// inlined: its stack would stay in use while the next handlers run.
//
//go:noinline
func (a *Authorize) authorize(engine *authz.Engine, w http.ResponseWriter, r *http.Request) (*passage, error) {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	request := requests.Get().(*authz.Request)
	fill(request, r, vars)
	result := engine.Authorize(r.Context(), request)
	*request = authz.Request{}
	requests.Put(request)
	if a.DebugHeader != "" {
		debug(w.Header(), a.DebugHeader, &result)
	}
	if !result.Pass {
		return nil, a.refuse(w, r, &result)
	}
	return &passage{authorize: a, engine: engine, result: result, vars: vars}, nil
}

// requests are Requests to reuse. Engines keep nothing of them.
var requests = sync.Pool{New: func() any { return new(authz.Request) }}

// wait waits for an app that is still starting. It returns nil if the client closes the connection or the start fails.
func (a *Authorize) wait(ctx context.Context) *authz.Engine {
	select {
	case <-a.app.started:
		return a.engine.Load()
	case <-ctx.Done():
		return nil
	}
}

// fill fills in what the engine needs of r.
func fill(to *authz.Request, r *http.Request, vars map[string]any) {
	to.Method, to.Host, to.Target, to.Proto = r.Method, r.Host, r.RequestURI, r.Proto
	to.RawPath, to.RawQuery = r.URL.EscapedPath(), r.URL.RawQuery
	to.Header, to.ContentLength, to.Body, to.ClientIP = r.Header, r.ContentLength, r.Body, clientAddr(vars)
	// A rewrite changes what goes upstream, not what the client asked for and signed.
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		to.Target = original.RequestURI
	}
	if r.TLS != nil {
		to.TLSVersion = r.TLS.Version
	}
}

// clientAddr returns the client's address as Caddy determined it, from trusted proxies if there are any.
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

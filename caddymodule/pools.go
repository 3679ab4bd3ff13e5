package caddymodule

import (
	"net/http"
	"net/netip"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/caddymodule/tracing"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/server/refusal"
)

func init() { caddy.RegisterModule(Pools{}) }

// Pools serves the AWS-compatible APIs, discovery documents and key sets, the metadata of protected resources, and
// /healthz, /livez and /readyz.
type Pools struct {
	app *App
}

// CaddyModule returns the Caddy module information.
func (Pools) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_pools", New: func() caddy.Module { return new(Pools) }}
}

// Provision tells the app that the services are needed.
func (p *Pools) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	p.app = app
	app.plan.NeedAPIs()
	return redactLogs(ctx)
}

// ServeHTTP serves the requested API or document. Like file_server, it does not call the next handler, because Caddy answers
// an empty 200 if no handler responds.
func (p *Pools) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	endConnection(w, r)
	if node.ServeHealth(w, r) {
		return nil
	}
	if metadata := p.app.metadata(r); metadata != nil {
		metadata.ServeHTTP(w, r)
		return nil
	}
	select {
	case <-p.app.started:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	if p.app.node == nil {
		return refusal.Starting(w)
	}
	p.app.node.ServeAPIs(w, tracing.Within(r))
	return nil
}

// metadata returns the handler of the metadata that the original request, before any rewrite, is for, or nil.
func (a *App) metadata(r *http.Request) http.Handler {
	if !a.plan.Publishes() {
		return nil
	}
	path := r.URL.Path
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		path = original.URL.Path
	}
	return a.plan.Metadata(r.Host, path)
}

// clientIP returns the client's address as Caddy resolved it.
func clientIP(r *http.Request) netip.Addr {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	return clientAddr(vars)
}

// trustedProxy reports whether the peer is one of the server's trusted_proxies.
func trustedProxy(r *http.Request) bool {
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	return trusted
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Pools)(nil)
	_ caddyhttp.MiddlewareHandler = (*Pools)(nil)
)

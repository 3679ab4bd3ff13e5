package caddymodule

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/server/refusal"
)

func init() { caddy.RegisterModule(Pools{}) }

// Pools serves the AWS-compatible APIs, discovery documents and key sets, the metadata of protected resources, and
// /healthz and /readyz.
type Pools struct {
	app *App
}

// CaddyModule returns the Caddy module information.
func (Pools) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_pools", New: func() caddy.Module { return new(Pools) }}
}

// Provision says that the services are needed.
func (p *Pools) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	p.app = app
	app.onStart(true, func(*runtime) error { return nil })
	return nil
}

// ServeHTTP finds the API or document that is asked for.
func (p *Pools) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	if r.URL.Path == "/healthz" {
		return p.health(w, r)
	}
	if metadata := p.app.resourceOf(r); metadata != nil {
		return metadata.serve(w, r)
	}
	select {
	case <-p.app.started:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	rt := p.app.runtime
	if rt == nil {
		return refusal.Starting(w)
	}
	if r.URL.Path == "/readyz" {
		return p.ready(w, r, rt)
	}
	if handler := rt.apis.find(r); handler != nil {
		if !rt.calls.begin() {
			return refusal.Starting(w) // another configuration has begun
		}
		defer rt.calls.end()
		handler.ServeHTTP(w, r)
		return nil
	}
	return refusal.NotFound(w) // Caddy would answer 200 with an empty body
}

// health says that the process answers.
func (p *Pools) health(w http.ResponseWriter, r *http.Request) error {
	return writeStatus(w, r, http.StatusOK, map[string]string{"status": "ok"})
}

// ready says whether every part can do its work: the store takes writes, revocations are current.
func (p *Pools) ready(w http.ResponseWriter, r *http.Request, rt *runtime) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	status, parts := http.StatusOK, map[string]string{"status": "ok", "store": "ok", "revocations": "ok"}
	if err := rt.store.Ping(ctx); err != nil {
		p.app.log.Error("store not ready", "error", err)
		status, parts["status"], parts["store"] = http.StatusServiceUnavailable, "unavailable", "unavailable"
	}
	if state := rt.revocations.state(); state != "ok" {
		parts["revocations"] = state
		if !rt.revocations.Fresh() {
			status, parts["status"] = http.StatusServiceUnavailable, "unavailable"
		}
	}
	return writeStatus(w, r, status, parts)
}

func writeStatus(w http.ResponseWriter, r *http.Request, status int, parts map[string]string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return refusal.Write(w, http.StatusMethodNotAllowed, "text/plain; charset=utf-8", []byte("write GET\n"))
	}
	body, err := json.Marshal(parts)
	if err != nil {
		return err
	}
	return refusal.Write(w, status, "application/json", append(body, '\n'))
}

// clientIP is the client's address as Caddy resolved it.
func clientIP(r *http.Request) netip.Addr {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	return clientAddr(vars)
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Pools)(nil)
	_ caddyhttp.MiddlewareHandler = (*Pools)(nil)
)

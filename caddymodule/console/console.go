package console

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/server/refusal"
)

func init() { caddy.RegisterModule(new(Console)) }

// app is what the module needs of the app "sluice".
type app interface {
	Plan() *node.Plan
	OnStart(func(n *node.Node) error)
	Started() <-chan struct{}
	RedactLogs(ctx caddy.Context) error
}

// Console serves the web console below its path, and passes all other requests on.
type Console struct {
	config.Console

	app     app
	handler atomic.Pointer[node.Console]
}

// CaddyModule returns the Caddy module information.
func (*Console) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_console", New: func() caddy.Module { return new(Console) }}
}

// Provision checks the settings. The console itself is built when the app starts.
func (c *Console) Provision(ctx caddy.Context) error {
	found, err := ctx.App("sluice")
	if err != nil {
		return err
	}
	var ok bool
	if c.app, ok = found.(app); !ok {
		return errors.New("sluice_console: the app sluice is another version's")
	}
	if err := c.app.RedactLogs(ctx); err != nil {
		return err
	}
	plan, err := c.app.Plan().Console(&c.Console)
	if err != nil {
		return err
	}
	c.app.OnStart(func(n *node.Node) error {
		handler, err := n.Console(plan)
		if err != nil {
			return fmt.Errorf("sluice_console: %w", err)
		}
		c.handler.Store(handler)
		return nil
	})
	return nil
}

// ServeHTTP serves requests below the console's path. The path is that which the browser asked for, before any rewrite, because pages link
// to each other with it.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	asked := r
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		copied := *r
		copied.URL, copied.RequestURI = original.URL, original.RequestURI
		asked = &copied
	}
	if !c.Below(asked.URL.Path) {
		return next.ServeHTTP(w, r)
	}
	if caddy.Exiting() {
		w.Header().Set("Connection", "close")
	}
	select {
	case <-c.app.Started():
	case <-r.Context().Done():
		return r.Context().Err()
	}
	handler := c.handler.Load()
	if handler == nil {
		return refusal.Starting(w)
	}
	handler.ServeHTTP(w, asked)
	return nil
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Console)(nil)
	_ caddyhttp.MiddlewareHandler = (*Console)(nil)
)

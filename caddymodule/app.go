package caddymodule

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap/exp/zapslog"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
)

func init() { caddy.RegisterModule(App{}) }

// appName is the id of the app and of the global option.
const appName = "sluice"

// App is the part of Sluice that exists once per configuration. It reads the settings in Provision and opens the node, which
// does the work, in Start.
type App struct {
	config.App

	plan    *node.Plan
	http    func() (any, error) // returns the HTTP app, which is provisioned when this one starts
	signs   bool                // a sluice_credentials signs for its upstream
	metrics *metrics
	log     *slog.Logger

	starts  []func(*node.Node) error // called by Start when the node is open
	node    *node.Node
	started chan struct{} // closed when Start has ended, with or without success
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: appName, New: func() caddy.Module { return new(App) }}
}

// appOf returns the configuration's app; without a sluice block, one with all defaults.
func appOf(ctx caddy.Context) (*App, error) {
	app, err := ctx.App(appName)
	if err != nil {
		return nil, err
	}
	return app.(*App), nil
}

// Provision checks the settings and reads the files they name. It opens nothing and writes nothing.
func (a *App) Provision(ctx caddy.Context) error {
	a.log = slog.New(zapslog.NewHandler(ctx.Logger().Core()))
	a.started = make(chan struct{})
	a.http = func() (any, error) { return ctx.AppIfConfigured("http") }
	var err error
	if a.metrics, err = newMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	if err := a.replace(caddy.NewReplacer()); err != nil {
		return err
	}
	a.plan, err = node.Read(node.Options{
		Config:    a.App,
		MasterKey: os.Getenv("SLUICE_MASTER_KEY"),
		RootKey: sigv4.Credentials{AccessKeyID: os.Getenv("SLUICE_ROOT_ACCESS_KEY_ID"),
			SecretAccessKey: os.Getenv("SLUICE_ROOT_SECRET_ACCESS_KEY")},
		ShowRootKey: showRootKey, Shared: usagePool{}, Denials: denials, Bodies: bodies, Observer: a.metrics, Log: a.log, ClientIP: clientIP, Trusted: trustedProxy, ErrorRoute: errorRoute,
	})
	if err == nil {
		a.App = *a.plan.Config() // with defaults: Caddy calls its Validate
	}
	return err
}

// showRootKey prints the administrator's key on standard error, once. It does not log the key, because others may read and
// keep logs.
func showRootKey(accessKeyID, secret string) {
	fmt.Fprintf(os.Stderr, `
The administrator's key, shown only this once:

    export SLUICE_ROOT_ACCESS_KEY_ID=%s
    export SLUICE_ROOT_SECRET_ACCESS_KEY=%s

`, accessKeyID, secret)
}

// onStart has Start call f when the node is open.
func (a *App) onStart(f func(n *node.Node) error) { a.starts = append(a.starts, f) }

// Start opens the store if needed, creates the declared resources, and builds the gates. Caddy may start the HTTP servers
// first: requests wait until Start has ended.
func (a *App) Start() (err error) {
	defer close(a.started)
	if a.signs { // before any request passes a gate
		server, err := a.http()
		if err != nil {
			return err
		}
		if err := pair(server.(*caddyhttp.App)); err != nil {
			return err
		}
	}
	if a.node, err = a.plan.Open(context.Background()); err != nil {
		return err
	}
	for _, f := range a.starts {
		if err := f(a.node); err != nil {
			return err
		}
	}
	return nil
}

// Stop does nothing: requests may still be answered. Cleanup closes the node.
func (a *App) Stop() error { return nil }

// Cleanup closes the node. Values that the next configuration also uses stay open.
func (a *App) Cleanup() error {
	if a.node == nil {
		return nil
	}
	if err := a.node.Close(); err != nil {
		a.log.Error("closing what no configuration uses any more", "error", err)
	}
	return nil
}

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)

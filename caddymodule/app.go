package caddymodule

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"github.com/sluicegate/sluice/config"
)

func init() { caddy.RegisterModule(App{}) }

// appName is the id of the app and of the global option.
const appName = "sluice"

// App is what exists once per configuration: the declared pools and roles, and the way to the services of the process.
type App struct {
	config.App

	declared *declarations
	metrics  *metrics

	resources map[string]*protectedResource // by the path and host of their metadata

	logger *zap.Logger
	log    *slog.Logger

	needs   bool                   // a handler, or a declaration, needs the services
	starts  []func(*runtime) error // what the handlers do when the services are there
	runtime *runtime               // nil when nothing needs it
	started chan struct{}          // closed when Start is done, whatever its outcome
	release []func()
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

// Provision judges the settings and reads the files they name. It opens nothing and writes nothing.
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	a.log = slog.New(zapslog.NewHandler(a.logger.Core()))
	a.started = make(chan struct{})
	var err error
	if a.metrics, err = newMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	a.replace(caddy.NewReplacer())
	a.Defaults(os.Getenv)
	if err := a.App.Validate(); err != nil {
		return err
	}
	if a.declared, err = readDeclarations(&a.App); err != nil {
		return err
	}
	a.needs = len(a.UserPools) > 0 || len(a.IdentityPools) > 0 || len(a.Roles) > 0
	return nil
}

// replace fills placeholders such as {env.SMTP_PASSWORD} in, so that secrets need not stand in the file.
func (a *App) replace(repl *caddy.Replacer) {
	texts := []*string{&a.DataDir, &a.PublicURL, &a.Region, &a.Account}
	for i := range a.UserPools {
		for j := range a.UserPools[i].Clients {
			texts = append(texts, &a.UserPools[i].Clients[j].Secret)
		}
	}
	if s := a.SMTP; s != nil {
		texts = append(texts, &s.Address, &s.From, &s.Username, &s.Password)
	}
	if r := a.Redis; r != nil {
		texts = append(texts, &r.Username, &r.Password)
		for i := range r.Addresses {
			texts = append(texts, &r.Addresses[i])
		}
	}
	for _, text := range texts {
		*text = repl.ReplaceAll(*text, "")
	}
}

// onStart has f called when the app starts; rt is nil unless needs is true or something is declared.
func (a *App) onStart(needs bool, f func(rt *runtime) error) {
	a.needs = a.needs || needs
	a.starts = append(a.starts, f)
}

// Start opens the store, if anything needs it, makes what is declared, and builds the gates. Caddy may start the HTTP
// servers first: requests wait until this is done.
func (a *App) Start() (err error) {
	defer close(a.started)
	ctx := context.Background()
	if a.needs {
		if a.runtime, err = a.acquire(ctx); err != nil {
			return err
		}
		if err := a.runtime.ensure(ctx, a.declared); err != nil {
			return fmt.Errorf("making what the configuration declares: %w", err)
		}
	}
	for _, f := range a.starts {
		if err := f(a.runtime); err != nil {
			return err
		}
	}
	return nil
}

// Stop does nothing: requests may still be under way. Cleanup releases.
func (a *App) Stop() error { return nil }

// Cleanup gives the services back; the last configuration that uses them closes them.
func (a *App) Cleanup() error {
	for i := len(a.release) - 1; i >= 0; i-- {
		a.release[i]()
	}
	return nil
}

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
	_ caddy.Validator    = (*App)(nil)
)

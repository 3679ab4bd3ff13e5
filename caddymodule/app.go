package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"github.com/sluicegate/sluice/caddymodule/events"
	_ "github.com/sluicegate/sluice/caddymodule/listeners" // registers sluice_handover and sluice_handover_tls
	"github.com/sluicegate/sluice/caddymodule/listening"
	"github.com/sluicegate/sluice/caddymodule/opslog"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/dev"
)

func init() { caddy.RegisterModule(App{}) }

// appName is the id of the app and of the global option.
const appName = "sluice"

// App is the part of Sluice that exists once per configuration. It reads the settings in Provision and opens the node, which
// does the work, in Start.
type App struct {
	config.App

	options  node.Options
	plan     *node.Plan
	http     func() (any, error) // returns the HTTP app, which is provisioned when this one starts
	presents bool                // there is a sluice_credentials
	metrics  *configuration
	log      *slog.Logger
	audit    *zap.Logger // nil = no audit log
	events   *events.Emitter

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
	if a.AuditLog {
		a.audit = ctx.Logger().Named("audit")
	}
	a.started = make(chan struct{})
	a.events = events.New(ctx)
	a.http = func() (any, error) { return ctx.AppIfConfigured("http") }
	all, err := newMetrics(ctx.GetMetricsRegistry())
	if err != nil {
		return err
	}
	a.metrics = all.configuration()
	if err := a.replace(caddy.NewReplacer()); err != nil {
		return err
	}
	root, err := administratorKey()
	if err != nil {
		return err
	}
	if err := a.checkMasterKey(); err != nil {
		return err
	}
	a.options = node.Options{
		Config:      a.App,
		MasterKey:   os.Getenv("SLUICE_MASTER_KEY"),
		RootKey:     root,
		ShowRootKey: showRootKey, Shared: usagePool{}, Denials: denials, Bodies: bodies, Observer: a.metrics, Log: lastingLog(a.log, a.started), ClientIP: clientIP, Site: a.siteNames(), Trusted: trustedProxy, ErrorRoute: errorRoute,
		BackupCommand: backupCommand(),
		Checks:        []health.Check{{Name: "certificates", Run: a.certificates}}, Draining: caddy.Exiting, Audit: auditWriter(a.audit, a.started), Decision: opslog.Decisions(ctx.Logger()),
	}
	if a.AuditLog {
		a.options.Checks = append(a.options.Checks, health.Check{Name: "audit", Run: opslog.AuditHealth})
	}
	if a.plan, err = node.Read(a.options); err == nil {
		a.App = *a.plan.Config() // with defaults: Caddy calls its Validate
		provisioned.Store(a)
	}
	return err
}

// checkMasterKey refuses a master key of the environment that a start would refuse, or whose place is not clear. A configuration with
// master_key does not use it.
func (a *App) checkMasterKey() error {
	file := os.Getenv("SLUICE_MASTER_KEY_FILE")
	if file == "" || len(a.MasterKeys) > 0 {
		return nil
	}
	if os.Getenv("SLUICE_MASTER_KEY") != "" {
		return errors.New("SLUICE_MASTER_KEY and SLUICE_MASTER_KEY_FILE are both set; set one of them")
	}
	if _, err := (&masterkey.File{Path: file}).Keys(context.Background()); err != nil {
		return fmt.Errorf("SLUICE_MASTER_KEY_FILE: %w", err)
	}
	return nil
}

// backupCommand returns how this program does what "sluice backup" does; nil if it does not know its own file.
func backupCommand() []string {
	program, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{program, "backup"}
}

// administratorKey returns the administrator's key that the environment has, or names the files of.
func administratorKey() (key sigv4.Credentials, err error) {
	id, idErr := secretOf("SLUICE_ROOT_ACCESS_KEY_ID")
	secret, secretErr := secretOf("SLUICE_ROOT_SECRET_ACCESS_KEY")
	if secret == dev.RootKey.SecretAccessKey {
		secretErr = errors.New("SLUICE_ROOT_SECRET_ACCESS_KEY is the public example of AWS's documentation, which `sluice dev` uses; generate another secret")
	}
	return sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret}, errors.Join(idErr, secretErr)
}

// secretOf returns a variable of the environment, or the text of the file that the variable with _FILE after its name names, without
// the line break at its end.
func secretOf(name string) (string, error) {
	value, file := os.Getenv(name), os.Getenv(name+"_FILE")
	switch {
	case file == "":
		return value, nil
	case value != "":
		return "", fmt.Errorf("%s and %s_FILE are both set; set one of them", name, name)
	}
	text, err := os.ReadFile(file) //nolint:gosec // G703: the operator names the file
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if value = strings.TrimRight(string(text), "\r\n"); value == "" {
		return "", fmt.Errorf("%s_FILE: %s is empty", name, file)
	}
	return value, nil
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

// The directives of the packages below this one need these.

// OnStart has Start call f when the node is open. Call it while the configuration is provisioned.
func (a *App) OnStart(f func(n *node.Node) error) { a.onStart(f) }

// Plan returns the node that Start opens.
func (a *App) Plan() *node.Plan { return a.plan }

// Started returns a channel that is closed when Start has ended, with or without success.
func (a *App) Started() <-chan struct{} { return a.started }

// RedactLogs makes the server of a handler that is being provisioned hide credentials in its logs.
func (a *App) RedactLogs(ctx caddy.Context) error { return redactLogs(ctx) }

// Start opens the store if needed, creates the declared resources, and builds the gates. Caddy may start the HTTP servers
// first: requests wait until Start has ended.
func (a *App) Start() (err error) {
	defer close(a.started)
	if err := a.pair(); err != nil { // before any request passes a gate
		return err
	}
	if server, err := a.http(); err == nil { // before anything is declared
		if err := listening.Check(context.Background(), server.(*caddyhttp.App)); err != nil {
			return err
		}
		for _, other := range listening.Others(server.(*caddyhttp.App)) {
			a.log.Warn("another process listens on this address too: until it ends, it gets all or some of the connections. If this was not the intention, stop one of the two",
				"address", other.Address, "pid", other.PID, "program", other.Name)
		}
	}
	logs.Begin(a, a.log)
	if a.node, err = a.plan.Open(context.Background()); err != nil {
		logs.End(a)
		return err
	}
	auditLog.Begin(a, a.audit)
	emitter.Begin(a, a.events)
	for _, f := range a.starts {
		if err := f(a.node); err != nil {
			return err
		}
	}
	return nil
}

// Stop does nothing: requests may still be answered. Cleanup closes the node.
func (a *App) Stop() error { return nil }

// Cleanup closes the node, also after a start that failed. Values that another configuration also uses stay open.
func (a *App) Cleanup() error {
	emitter.End(a)
	a.events.Close()
	defer auditLog.End(a)
	defer logs.End(a)
	if a.metrics != nil {
		defer a.metrics.owner.End()
	}
	if a.node == nil {
		return nil
	}
	if err := a.node.Close(); err != nil {
		a.log.Error("closing unused resources", "error", err)
	}
	return nil
}

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/caddymodule/sitenames"
	"github.com/sluicegate/sluice/node/trial"
)

// validates is what the help of validate says about Sluice.
const validates = `

Sluice is also started with the configuration on a temporary store, which is deleted afterwards. If the data directory has a store in SQLite, the
declared pools are copied from it. The command finds wrong settings and policy files, secrets that are not set and declared pools that cannot be
created. It writes nothing to the data directory, runs no function and contacts nobody.
`

// provisioned is the app of the last configuration that was read.
var provisioned atomic.Pointer[App]

// completeValidate has Caddy's command validate also refuse what only the start finds out, after all handlers and apps are known.
func completeValidate(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() != "validate" {
			continue
		}
		cmd.Long = strings.TrimRight(cmd.Long, "\n") + validates
		caddys := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			stdout := os.Stdout
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			os.Stdout = null // Caddy's command announces a valid configuration too early
			err = caddys(cmd, args)
			os.Stdout = stdout
			if err := errors.Join(err, null.Close()); err != nil {
				return err
			}
			if app := provisioned.Load(); app != nil {
				ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // the trial removes its store
				defer stop()
				if err := app.tryStart(ctx); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintln(stdout, "Valid configuration")
			return err
		}
	}
}

// tryStart returns what the start would refuse. If there is a store already, which may have what the configuration lacks, it only
// logs what a start with an empty one would refuse, except for what contradicts the store. It logs names that nobody declares. The
// end of ctx is an error.
func (a *App) tryStart(ctx context.Context) error {
	if err := a.pair(); err != nil {
		return err
	}
	o := a.options
	o.Config = *a.plan.Config()
	for _, doubt := range a.plan.Doubts() {
		a.log.Warn("probably a mistake: " + doubt)
	}
	err := trial.Run(ctx, o)
	if errors.Is(err, trial.ErrStore) && ctx.Err() == nil {
		a.log.Warn("this start may fail", "error", err)
		return nil
	}
	return err
}

// pair checks what comes before and after each sluice_credentials, and sets the Host that it signs. It warns of an object store that
// may get requests for a host that its gate will refuse.
func (a *App) pair() error {
	server, err := a.http()
	if sites, ok := server.(*caddyhttp.App); ok && sitenames.ServedAtAnyName(sites, knowsNoHosts) {
		a.log.Warn("a sluice_authorize with `sigv4 s3` and without `hosts` is in a site that is served at any name; it refuses names that " +
			"no site has, which may have a bucket in front. Add the names of the endpoint: hosts s3.example.com")
	}
	if !a.presents {
		return nil
	}
	if err != nil {
		return err
	}
	return pair(server.(*caddyhttp.App))
}

// knowsNoHosts reports whether the handler is a gate of an object store that takes the names of sites for endpoints.
func knowsNoHosts(handler caddyhttp.MiddlewareHandler) bool {
	gate, ok := handler.(*Authorize)
	return ok && gate.SigV4 != nil && gate.SigV4.Service == "s3" && len(gate.SigV4.Hosts) == 0
}

package caddymodule

import (
	"context"
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
)

func init() { caddy.RegisterModule(Permission{}) }

// Permission allows certificates for the public URL's host and for the domains of user pools, so that Caddy gets them when a browser
// first connects. Syntax, in Caddy's global option on_demand_tls:
//
//	permission sluice
type Permission struct {
	app *App
}

// CaddyModule returns the Caddy module information.
func (Permission) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "tls.permission.sluice", New: func() caddy.Module { return new(Permission) }}
}

// UnmarshalCaddyfile parses the line, which takes no arguments.
func (p *Permission) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the module's name
	return noBlock(d, "permission sluice")
}

// Provision tells the app that the services are needed.
func (p *Permission) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	p.app = app
	app.plan.NeedAPIs()
	return nil
}

// CertificateAllowed returns nil for a host name that user pools are served at.
func (p *Permission) CertificateAllowed(ctx context.Context, name string) error {
	select {
	case <-p.app.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.app.node == nil {
		return errors.New("sluice has not started; the log says why")
	}
	known, err := p.app.node.ServesHost(ctx, name)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("%s: %w: no user pool has this domain", name, caddytls.ErrPermissionDenied)
	}
	return nil
}

// Interface guards.
var (
	_ caddytls.OnDemandPermission = (*Permission)(nil)
	_ caddy.Provisioner           = (*Permission)(nil)
	_ caddyfile.Unmarshaler       = (*Permission)(nil)
)

package caddymodule

import (
	"io"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/authz"
)

// inUse holds the values that outlive a configuration, by the keys of package node: stores, services, key sets and token caches.
var inUse = caddy.NewUsagePool()

// denials keeps the accounts of refusals, for the admin endpoint.
var denials = authz.NewDenials(authz.DefaultDenials)

// bodies bounds the memory of bodies whose sender is not verified yet.
var bodies = authz.DefaultBodies()

// usagePool lets a node share values through Caddy's usage pool.
type usagePool struct{}

// Use implements node.Shared.
func (usagePool) Use(key any, open func() (io.Closer, error)) (io.Closer, func() error, error) {
	value, _, err := inUse.LoadOrNew(key, func() (caddy.Destructor, error) {
		opened, err := open()
		return closing{opened}, err
	})
	if err != nil {
		return nil, nil, err
	}
	return value.(closing).Closer, func() error {
		_, err := inUse.Delete(key)
		return err
	}, nil
}

// closing makes an io.Closer a caddy.Destructor.
type closing struct{ io.Closer }

// Destruct closes the value when no configuration uses it any more.
func (c closing) Destruct() error { return c.Close() }

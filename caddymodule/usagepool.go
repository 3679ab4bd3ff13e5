package caddymodule

import (
	"cmp"
	"io"
	"log/slog"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/caddymodule/events"
	"github.com/sluicegate/sluice/caddymodule/opslog"
	"github.com/sluicegate/sluice/node/overlap"
	"github.com/sluicegate/sluice/server/audit"
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

// auditLog is the logger sluice.audit of the newest configuration, whose files are open; nil = off. The services that make records may
// outlive the configuration that they were made with. If a reload fails, it is again that of the configuration that continues.
var auditLog overlap.Values[zap.Logger]

// auditWriter returns what writes records to the audit log, if there is one: to own until started is closed, as opening may write a
// chain's first record. A log that a reload switches off goes on until the old configuration ends, so that its chain is complete.
func auditWriter(own *zap.Logger, started <-chan struct{}) func(audit.Record) {
	return func(r audit.Record) {
		log := own
		select {
		case <-started:
			log = cmp.Or(auditLog.Newest(), auditLog.Oldest())
		default:
		}
		if log != nil {
			opslog.Audit(log, &r)
		}
	}
}

// logs is the logger of the newest configuration.
var logs overlap.Values[slog.Logger]

// lastingLog returns the logger of the newest configuration, as it is at the time of each line; own until started is closed.
func lastingLog(own *slog.Logger, started <-chan struct{}) *slog.Logger {
	return opslog.Follow(func() *slog.Logger {
		select {
		case <-started:
			return cmp.Or(logs.Newest(), own)
		default:
			return own
		}
	})
}

// emitter tells the events app of the newest configuration what happens; nil for none.
var emitter overlap.Values[events.Emitter]

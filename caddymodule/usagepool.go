package caddymodule

import (
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/caddymodule/events"
	"github.com/sluicegate/sluice/caddymodule/opslog"
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
// outlive the configuration that they were made with.
var auditLog newest[zap.Logger]

// writeAudit writes a record to the audit log, if there is one.
func writeAudit(r audit.Record) {
	if log := auditLog.Load(); log != nil {
		opslog.Audit(log, &r)
	}
}

// emitter tells the events app of the newest configuration what happens; nil for none.
var emitter newest[events.Emitter]

// newest has a value of each running configuration, and gives the one of the last. A reload has two configurations for a while; if it
// fails, the value is again the one of the configuration that continues. The last value stays after its configuration has ended.
type newest[T any] struct {
	current atomic.Pointer[T]

	mu   sync.Mutex
	apps []*App
	all  []*T // by the index in apps
}

// Load returns the value; nil if it is nil, or there is none.
func (n *newest[T]) Load() *T { return n.current.Load() }

// begin adds the value of a configuration.
func (n *newest[T]) begin(a *App, value *T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.apps, n.all = append(n.apps, a), append(n.all, value)
	n.current.Store(value)
}

// end removes the value of a configuration, if it was added.
func (n *newest[T]) end(a *App) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.Index(n.apps, a)
	if i < 0 {
		return
	}
	n.apps, n.all = slices.Delete(n.apps, i, i+1), slices.Delete(n.all, i, i+1)
	if len(n.all) > 0 {
		n.current.Store(n.all[len(n.all)-1])
	}
}

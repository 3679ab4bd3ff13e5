// Package events tells Caddy's events app what happens in Sluice, so that operators can act on it with "events { on … }".
//
// What it does: it keeps a bounded queue of events and emits them one after the other, so that a slow handler delays no request. Events
// that find the queue full are dropped and counted in the log. Refused requests and locked users are told at most ten times a second each.
//
// What it leaves to others: the handlers, which are Caddy modules, such as exec of caddyserver/events-exec.
//
// Source: docs/operations.md, "Events"; https://caddyserver.com/docs/caddyfile/options#event-options.
package events

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/userpool"
)

// The names of events, beside those of userpool.EventKind with the prefix.
const (
	prefix = "sluice_"

	DecisionDenied = "sluice_decision_denied" // route, reason, decision_id, action, shadow
	SignIn         = "sluice_sign_in"         // user_pool, flow, result
	HealthChanged  = "sluice_health_changed"  // check, level
)

const (
	queueLength = 256
	perSecond   = 10 // refusals, and locks
)

// Emitter emits events. All methods may be called from any goroutine, and on nil.
type Emitter struct {
	queue   chan event
	ended   chan struct{}
	emit    func(name string, data map[string]any)
	log     *zap.Logger
	dropped atomic.Uint64

	refusals, locks few
	levels          sync.Map // of checks
}

// few lets a few events of a kind pass in each second.
type few struct {
	second atomic.Int64  // of those that were counted
	count  atomic.Uint32 // in that second
}

func (f *few) take() bool {
	if second := time.Now().Unix(); f.second.Swap(second) != second {
		f.count.Store(0)
	}
	return f.count.Add(1) <= perSecond
}

type event struct {
	name string
	data map[string]any
}

// New returns an Emitter for a configuration, or nil if it has no events app. Close it with the configuration.
func New(ctx caddy.Context) *Emitter {
	configured, err := ctx.AppIfConfigured("events")
	app, ok := configured.(*caddyevents.App)
	if err != nil || !ok { // not configured, or Caddy refuses the configuration for it
		return nil
	}
	return Start(func(name string, data map[string]any) { app.Emit(ctx, name, data) }, ctx.Logger().Named("events"))
}

// Start returns an Emitter that calls emit for each event, in its own goroutine.
func Start(emit func(name string, data map[string]any), log *zap.Logger) *Emitter {
	e := &Emitter{queue: make(chan event, queueLength), ended: make(chan struct{}), emit: emit, log: log}
	go e.run()
	return e
}

func (e *Emitter) run() {
	for {
		select {
		case <-e.ended:
			return
		case next := <-e.queue:
			e.emit(next.name, next.data)
			if n := e.dropped.Swap(0); n > 0 {
				e.log.Warn("events were dropped, because their handlers are slow", zap.Uint64("events", n))
			}
		}
	}
}

// Close ends emitting. Events that wait are dropped.
func (e *Emitter) Close() {
	if e != nil {
		close(e.ended)
	}
}

// Tell emits an event later.
func (e *Emitter) Tell(name string, data map[string]any) {
	if e == nil {
		return
	}
	select {
	case e.queue <- event{name, data}:
	default:
		e.dropped.Add(1)
	}
}

// Denied tells of a request that policies refused, unless there were many in this second.
func (e *Emitter) Denied(route string, result *authz.Result) {
	if e != nil && result.DecisionID != "" && e.refusals.take() {
		e.Tell(DecisionDenied, map[string]any{"route": route, "reason": result.Refusal.Name(), "decision_id": result.DecisionID, "action": result.Action,
			"shadow": result.Pass})
	}
}

// SignedIn tells of a sign-in to a user pool that ended.
func (e *Emitter) SignedIn(pool, flow, result string) {
	if result != "challenge" {
		e.Tell(SignIn, map[string]any{"user_pool": pool, "flow": flow, "result": result})
	}
}

// Happened reports an event of a user or a key. Locks, which anyone can cause, are reported like refusals: not all of them if there are
// many.
func (e *Emitter) Happened(x userpool.Event) {
	if e == nil || x.Kind == userpool.UserLocked && !e.locks.take() {
		return
	}
	data := map[string]any{"user_pool": x.PoolID, "sub": x.Sub}
	if x.Kind == userpool.UserLocked {
		data["failures"], data["seconds"] = x.Failures, x.Lock.Seconds()
	}
	switch x.Kind { //nolint:exhaustive // the others are of users
	case userpool.KeyRotated:
		data = map[string]any{"owner": x.PoolID, "use": x.Use, "key": x.KeyID}
	case userpool.StoreResealed:
		data = map[string]any{"key": x.KeyID, "values": x.Values}
	}
	e.Tell(prefix+string(x.Kind), data)
}

// Health reports a check whose level has changed.
func (e *Emitter) Health(check, level string) {
	if e == nil {
		return
	}
	if before, loaded := e.levels.Swap(check, level); loaded && before != level {
		e.Tell(HealthChanged, map[string]any{"check": check, "level": level})
	}
}

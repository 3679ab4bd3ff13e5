package listeners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/handover"
)

func init() { caddy.RegisterModule(Handover{}) }

// handovers holds the servers of each address across configurations.
var handovers handover.Registry

// Handover is a listener wrapper that prevents a reload from losing requests. The socket of an address stays open for the next
// configuration, and idle connections move to it instead of being closed. TLS connections also need HandoverTLS.
type Handover struct {
	// Off switches the wrapper off, and with it sluice_handover_tls: listeners are those of plain Caddy.
	Off bool `json:"off,omitempty"`

	keepAlive net.KeepAliveConfig
	logger    *zap.Logger
	turns
}

// CaddyModule returns the Caddy module information.
func (Handover) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.listeners.sluice_handover", New: func() caddy.Module { return new(Handover) }}
}

// UnmarshalCaddyfile reads the wrapper. Syntax, within the global option servers:
//
//	listener_wrappers {
//	    sluice_handover [off]
//	    tls
//	}
func (h *Handover) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the wrapper's name
	if d.CountRemainingArgs() == 1 && d.NextArg() {
		if h.Off = d.Val() == "off"; !h.Off {
			return d.Errf("%q is not an option of sluice_handover; write: sluice_handover, or sluice_handover off", d.Val())
		}
	}
	return ends(d, "sluice_handover [off]")
}

// Provision returns an error if the wrapper is after the TLS listener, where connections cannot move to another server.
func (h *Handover) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("sluice_handover wraps listeners of HTTP servers only")
	}
	if names, err := wrapperNames(server.ListenerWrappersRaw); err != nil || slices.Index(names, "sluice_handover") != 0 || !slices.Contains(names, "tls") {
		return errors.New("sluice_handover must be the first listener wrapper, with tls after it; write: listener_wrappers { sluice_handover tls }, each on a line")
	}
	if server.KeepAliveInterval != 0 || server.KeepAliveIdle != 0 || server.KeepAliveCount != 0 {
		h.keepAlive = net.KeepAliveConfig{ // otherwise what net does by itself
			Enable: server.KeepAliveInterval >= 0, Interval: time.Duration(server.KeepAliveInterval),
			Idle: time.Duration(server.KeepAliveIdle), Count: server.KeepAliveCount,
		}
	}
	if h.Off {
		return nil
	}
	server.RegisterConnState(func(conn net.Conn, state http.ConnState) { handover.State(unwrapped(conn), state) })
	return h.subscribe(ctx)
}

// turns takes the addresses of a server when its configuration has started, and waits for its requests when the configuration is about to
// stop. A configuration that does not start gets no connection of an address that another one serves.
type turns struct{ listeners []*handover.Listener }

// subscribe has Caddy call Handle after all apps have started, and before they stop.
func (s *turns) subscribe(ctx caddy.Context) error {
	events, err := ctx.App("events")
	if err != nil {
		return err
	}
	return errors.Join(events.(*caddyevents.App).On("started", s), events.(*caddyevents.App).On("stopping", s))
}

// Handle takes the addresses, or waits for the requests that the server has begun.
func (s *turns) Handle(_ context.Context, event caddy.Event) error {
	for _, l := range s.listeners {
		if event.Name() == "started" {
			l.Take()
		} else {
			l.Settle()
		}
	}
	return nil
}

// wrapperNames returns the names of a server's listener wrappers.
func wrapperNames(wrappers []json.RawMessage) ([]string, error) {
	names := make([]string, len(wrappers))
	for i, raw := range wrappers {
		var w struct {
			Wrapper string `json:"wrapper"`
		}
		if err := json.Unmarshal(raw, &w); err != nil {
			return nil, fmt.Errorf("listener wrapper %d: %w", i, err)
		}
		names[i] = w.Wrapper
	}
	return names, nil
}

// switchedOff reports whether the first listener wrapper, which is sluice_handover, is switched off.
func switchedOff(wrappers []json.RawMessage) (bool, error) {
	var first Handover
	if err := json.Unmarshal(wrappers[0], &first); err != nil {
		return false, fmt.Errorf("sluice_handover: %w", err)
	}
	return first.Off, nil
}

// WrapListener registers the starting server.
func (h *Handover) WrapListener(inner net.Listener) net.Listener {
	if h.Off {
		return inner
	}
	l, err := handovers.Listen(inner, handover.Options{Socket: socketOf(inner), KeepAlive: h.keepAlive})
	if err != nil {
		h.logger.Warn("a reload may lose connections that are opened in that moment", zap.Error(err))
	}
	h.listeners = append(h.listeners, l)
	return l
}

// socketOf returns the socket in the listener with which Caddy counts a socket's users. It does not look into other listeners,
// which may do more than accept connections.
func socketOf(l net.Listener) *net.TCPListener {
	v := reflect.ValueOf(l)
	if t := v.Type(); t.PkgPath() != reflect.TypeFor[caddy.Module]().PkgPath() || t.Name() != "deleteListener" {
		return nil
	}
	socket, _ := v.FieldByName("Listener").Interface().(*net.TCPListener)
	return socket
}

// Interface guards.
var (
	_ caddy.Provisioner     = (*Handover)(nil)
	_ caddy.ListenerWrapper = (*Handover)(nil)
	_ caddyfile.Unmarshaler = (*Handover)(nil)
	_ caddyevents.Handler   = (*turns)(nil)
)

// ends checks that the line ends and that no block follows.
func ends(d *caddyfile.Dispenser, syntax string) error {
	name, _, _ := strings.Cut(syntax, " ")
	if d.NextArg() {
		return d.Errf("wrong arguments for %s; write: %s", name, syntax)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		return d.Errf("unexpected block; write: %s", syntax)
	}
	return nil
}

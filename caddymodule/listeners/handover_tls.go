package listeners

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/handover"
)

func init() { caddy.RegisterModule(HandoverTLS{}) }

// handoversTLS holds the TLS servers of each address across configurations.
var handoversTLS handover.Registry

// HandoverTLS is a listener wrapper that does for connections of HTTP/1.1 over TLS what Handover does for plain ones, if the
// next configuration speaks TLS on the same terms and neither asks for client certificates.
type HandoverTLS struct {
	server *caddyhttp.Server
	off    bool // as sluice_handover says
	terms  string
	logger *zap.Logger
	turns
}

// CaddyModule returns the Caddy module information.
func (HandoverTLS) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.listeners.sluice_handover_tls", New: func() caddy.Module { return new(HandoverTLS) }}
}

// UnmarshalCaddyfile reads the wrapper. Syntax, within the global option servers:
//
//	listener_wrappers {
//	    sluice_handover
//	    tls
//	    sluice_handover_tls
//	}
func (h *HandoverTLS) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the wrapper's name
	return ends(d, "sluice_handover_tls")
}

// Provision returns an error if there are other wrappers, because a connection that moves skips the new configuration's wrappers.
func (h *HandoverTLS) Provision(ctx caddy.Context) (err error) {
	h.logger = ctx.Logger()
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("sluice_handover_tls wraps listeners of HTTP servers only")
	}
	names, err := wrapperNames(server.ListenerWrappersRaw)
	if err != nil || !slices.Equal(names, []string{"sluice_handover", "tls", "sluice_handover_tls"}) {
		return errors.New("sluice_handover_tls cannot be combined with other listener wrappers; write: listener_wrappers { sluice_handover tls sluice_handover_tls }, each on a line")
	}
	h.server = server
	if h.off, err = switchedOff(server.ListenerWrappersRaw); err != nil || h.off {
		return err
	}
	if h.terms, err = termsOf(server.TLSConnPolicies); err != nil {
		return err
	}
	return h.subscribe(ctx)
}

// termsOf returns the JSON text of the policies, or "" if the text does not determine their effect. Call it before Caddy
// provisions the policies, which removes a part of the text.
func termsOf(policies caddytls.ConnectionPolicies) (string, error) {
	for _, p := range policies {
		if !saysAll(p) || p.TLSConfig != nil {
			return "", nil
		}
	}
	text, err := json.Marshal(policies)
	if err != nil {
		return "", fmt.Errorf("sluice_handover_tls: TLS policies: %w", err)
	}
	return string(text), nil
}

// saysAll reports whether policies with the same text accept the same handshakes in every configuration. This is not so for
// client certificates, whose authorities may be in files, nor for matchers other than that of the server name.
func saysAll(p *caddytls.ConnectionPolicy) bool {
	for name, matcher := range p.MatchersRaw {
		if name != "sni" || bytes.ContainsRune(matcher, '{') { // a placeholder
			return false
		}
	}
	return p.ClientAuthentication == nil && len(p.HandshakeContextRaw) == 0
}

// WrapListener registers the starting server.
func (h *HandoverTLS) WrapListener(inner net.Listener) net.Listener {
	if _, plain := inner.(*handover.Listener); plain || h.off {
		return inner
	}
	l, err := handoversTLS.Listen(inner, handover.Options{TLS: &handover.TLS{
		Terms:            h.terms,
		HandshakeTimeout: handshakeTimeout(h.server),
		Panicked: func(value any) {
			h.logger.Error("panic in a TLS handshake", zap.Any("panic", value), zap.Stack("stack"))
		},
	}})
	if err != nil {
		h.logger.Warn("a reload may lose requests on kept connections", zap.Error(err))
	}
	h.listeners = append(h.listeners, l)
	return l
}

// handshakeTimeout returns the shortest timeout that is set, as net/http uses for the handshake.
func handshakeTimeout(s *caddyhttp.Server) time.Duration {
	var shortest time.Duration
	for _, t := range []caddy.Duration{s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout} {
		if t > 0 && (shortest == 0 || time.Duration(t) < shortest) {
			shortest = time.Duration(t)
		}
	}
	return shortest
}

// unwrapped returns the connection that a listener wrapper gave to Caddy. Caddy wraps it in structs that hide TLS from
// net/http and detect HTTP/2. These structs buffer no data; others may, so they are not unwrapped.
func unwrapped(conn net.Conn) net.Conn {
	for {
		v := reflect.Indirect(reflect.ValueOf(conn))
		if t := v.Type(); t.PkgPath() != reflect.TypeFor[caddyhttp.Server]().PkgPath() ||
			!slices.Contains([]string{"tlsStateConn", "http2StateConn", "http2Conn"}, t.Name()) {
			return conn
		}
		field := v.FieldByName("Conn")
		if !field.IsValid() {
			return conn
		}
		conn = field.Interface().(net.Conn)
	}
}

// Interface guards.
var (
	_ caddy.Provisioner     = (*HandoverTLS)(nil)
	_ caddy.ListenerWrapper = (*HandoverTLS)(nil)
	_ caddyfile.Unmarshaler = (*HandoverTLS)(nil)
)

// Package listening finds out whether the HTTP servers of a configuration will be able to listen, before the configuration puts into
// effect what outlives it. Caddy starts apps in no order, so that a port that is taken may be noticed last.
package listening

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Check returns an error for each address that a server could not listen on. It listens on those that this process does not use yet, and
// stops at once. Addresses of networks that plugins add, and inherited sockets, it leaves to Caddy.
func Check(ctx context.Context, app *caddyhttp.App) error {
	httpPort := uint(app.HTTPPort)
	if httpPort == 0 {
		httpPort = caddyhttp.DefaultHTTPPort
	}
	var problems []error
	for _, server := range app.Servers {
		for i, text := range server.Listen {
			address, err := caddy.ParseNetworkAddress(text)
			if err != nil {
				problems = append(problems, fmt.Errorf("listening on %s: %w", text, err))
				continue
			}
			protocols := server.Protocols
			if i < len(server.ListenProtocols) && server.ListenProtocols[i] != nil {
				protocols = server.ListenProtocols[i]
			}
			for offset := range address.PortRangeSize() {
				one := address.At(offset)
				if slices.ContainsFunc(protocols, func(p string) bool { return p != "h3" }) {
					problems = append(problems, try(ctx, one))
				}
				if slices.Contains(protocols, "h3") && len(server.TLSConnPolicies) > 0 && one.StartPort != httpPort {
					problems = append(problems, tryQUIC(ctx, one))
				}
			}
		}
	}
	return errors.Join(problems...)
}

// try listens on an address for a moment, unless this process does already.
func try(ctx context.Context, a caddy.NetworkAddress) error {
	switch {
	case a.IsUnixNetwork():
		return directory(a.Host)
	case !strings.HasPrefix(a.Network, "tcp") && !strings.HasPrefix(a.Network, "udp"),
		caddy.ListenerUsage(a.Network, a.JoinHostPort(0)) > 0:
		return nil
	}
	opened, err := a.Listen(ctx, 0, net.ListenConfig{})
	if err != nil {
		return fmt.Errorf("listening on %s: %w", a, err)
	}
	if closer, ok := opened.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// tryQUIC does the same with the UDP port of a TCP address.
func tryQUIC(ctx context.Context, a caddy.NetworkAddress) error {
	if !strings.HasPrefix(a.Network, "tcp") {
		return nil
	}
	a.Network = "udp" + strings.TrimPrefix(a.Network, "tcp")
	if caddy.ListenerUsage("quic"+a.Network, a.JoinHostPort(0)) > 0 {
		return nil
	}
	return try(ctx, a)
}

// directory checks that the directory of a Unix socket exists. Listening on the path would take it from another process.
func directory(host string) error {
	path, _, _ := strings.Cut(host, "|") // Caddy takes permissions behind it
	if strings.HasPrefix(path, "@") {
		return nil
	}
	_, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("listening on unix/%s: %w", path, err)
	}
	return nil
}

package signedhost

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"path"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// Of returns the Host to sign, which all the proxies send. host is the one of the settings; "" lets the proxies choose. Proxies that
// change what is signed are for other upstreams, on other paths, if there is one that does not. The error says which line to write.
func Of(proxies []*reverseproxy.Handler, host string) (string, error) {
	if len(proxies) == 0 && host == "" {
		return "", errors.New("no reverse_proxy follows it; write `host <the store's host>`")
	}
	var signed []*reverseproxy.Handler
	var change error
	for _, proxy := range proxies {
		if err := unchanged(proxy); err != nil {
			change = err
		} else {
			signed = append(signed, proxy)
		}
	}
	if len(signed) == 0 && change != nil {
		return "", change
	}
	for _, proxy := range signed {
		got, err := proxyHost(proxy, host)
		switch {
		case err != nil:
			return "", err
		case host == "":
			host = got
		case got != host:
			return "", fmt.Errorf("the store would get the Host %s, and the signature covers %s; write `header_up Host %s` in reverse_proxy", got, host, host)
		}
	}
	return host, nil
}

// unchanged returns an error if a proxy changes what has been signed.
func unchanged(h *reverseproxy.Handler) error {
	if h.Rewrite != nil {
		return errors.New("reverse_proxy changes method or URI after they were signed; remove its method and rewrite, and change requests before sluice_authorize")
	}
	if h.Headers == nil || h.Headers.Request == nil {
		return nil
	}
	ops := h.Headers.Request
	for name := range ops.Replace {
		if signedHeader(name) {
			return changed(name)
		}
	}
	for _, name := range slices.Concat(ops.Delete, slices.Collect(maps.Keys(ops.Set)), slices.Collect(maps.Keys(ops.Add))) {
		if signedHeader(name) {
			return changed(name)
		}
	}
	return nil
}

// signedHeader reports whether a name, with or without wildcards, means a header that sluice_credentials sets.
func signedHeader(name string) bool {
	for _, signed := range []string{"authorization", "x-amz-date", "x-amz-content-sha256"} {
		if ok, err := path.Match(strings.ToLower(name), signed); ok && err == nil {
			return true
		}
	}
	return false
}

func changed(name string) error {
	return fmt.Errorf("reverse_proxy changes %s, which is part of the signature; remove its `header_up` for it", name)
}

// proxyHost returns the Host header that the upstream of a proxy gets if the signature covers signed; "" lets the proxy choose.
func proxyHost(h *reverseproxy.Handler, signed string) (string, error) {
	if set, ok := hostRule(h); ok {
		switch {
		case !strings.Contains(set, "{"):
			return set, nil
		case signed != "" && (set == "{http.request.hostport}" || set == "{host}"):
			return signed, nil // what sluice_credentials has set
		case set != "{http.reverse_proxy.upstream.hostport}":
			return "", fmt.Errorf("reverse_proxy changes the Host after it was signed; replace its `header_up Host %s` with `header_up Host <the store's host>`", set)
		}
	} else if transport, ok := h.Transport.(*reverseproxy.HTTPTransport); signed != "" && (!ok || transport.TLS == nil) {
		return signed, nil // passed on as it is
	} else if ok && transport.TLS == nil || !ok {
		return firstUpstream(h)
	}
	// Caddy sends the address of the upstream that it chooses.
	host, err := firstUpstream(h)
	if err != nil {
		return "", err
	}
	for _, upstream := range h.Upstreams[1:] {
		if upstream.Dial != h.Upstreams[0].Dial {
			return "", errors.New("reverse_proxy has several upstreams and sends each its own address as Host; write `header_up Host <the store's host>` in reverse_proxy")
		}
	}
	return host, nil
}

// hostRule returns the value of header_up Host.
func hostRule(h *reverseproxy.Handler) (string, bool) {
	if h.Headers == nil || h.Headers.Request == nil || len(h.Headers.Request.Set["Host"]) == 0 {
		return "", false
	}
	return h.Headers.Request.Set["Host"][0], true
}

// firstUpstream returns the address of the first upstream.
func firstUpstream(h *reverseproxy.Handler) (string, error) {
	if h.DynamicUpstreams != nil || len(h.Upstreams) == 0 || strings.Contains(h.Upstreams[0].Dial, "{") {
		return "", errors.New("the upstreams of reverse_proxy are not known at the start; write `host <the store's host>` and, in reverse_proxy, `header_up Host <the store's host>`")
	}
	address, err := caddy.ParseNetworkAddress(h.Upstreams[0].Dial)
	if err != nil {
		return "", err
	}
	if address.IsUnixNetwork() {
		return "", errors.New("the upstream is a Unix socket; write `host <the store's host>`")
	}
	return net.JoinHostPort(address.Host, fmt.Sprint(address.StartPort)), nil
}

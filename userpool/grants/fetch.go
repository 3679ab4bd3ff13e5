package grants

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// publicClient returns an HTTP client for URLs that strangers wrote: it connects to public addresses and the port of HTTPS only,
// through no proxy. The address is checked when the connection is made, so that a name cannot change its address after the check.
var publicClient = sync.OnceValue(func() *http.Client {
	dialer := &net.Dialer{Timeout: 3 * time.Second, Control: func(_, address string, _ syscall.RawConn) error { return checkPublic(address) }}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 3 * time.Second,
		ResponseHeaderTimeout: 3 * time.Second, MaxResponseHeaderBytes: 16 << 10, DisableKeepAlives: true}}
})

// special are networks that are not public, beside those that package netip knows.
//
// Source: the IANA registries of special-purpose addresses for IPv4 and IPv6.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

var errNotPublic = errors.New("the address is not public, or its port is not that of HTTPS")

// checkPublic returns an error for an address to which a URL of a stranger must not lead.
func checkPublic(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || to.Port() != 443 {
		return errNotPublic
	}
	ip := to.Addr().Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return errNotPublic
	}
	for _, network := range special {
		if network.Contains(ip) {
			return errNotPublic
		}
	}
	return nil
}

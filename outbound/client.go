package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Rules say where a client may go, and for how long. The zero value allows port 443 of public addresses, without redirects.
type Rules struct {
	Ports     []uint16       // of public addresses; nil = 443
	Networks  []netip.Prefix // other networks that may be reached, on every port
	Redirects int            // that are followed
	Timeout   time.Duration  // of a request with its answer; 0 = 5 seconds
	Once      bool           // connections are not kept, for servers that are asked once
}

// Client returns a client that keeps the rules.
func Client(r Rules) *http.Client {
	if r.Timeout == 0 {
		r.Timeout = 5 * time.Second
	}
	if r.Ports == nil {
		r.Ports = []uint16{443}
	}
	dialer := &net.Dialer{Timeout: r.Timeout, Control: func(_, address string, _ syscall.RawConn) error { return r.checkAddress(address) }}
	return &http.Client{
		Timeout:       r.Timeout,
		CheckRedirect: r.redirect,
		Transport: &transport{rules: r, next: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: r.Timeout,
			ResponseHeaderTimeout: r.Timeout, IdleConnTimeout: time.Minute, MaxIdleConns: 100, MaxIdleConnsPerHost: 8,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true, DisableKeepAlives: r.Once}},
	}
}

// redirect follows as many redirects as the rules allow, and none that would carry a body: what is posted is secret.
func (r *Rules) redirect(next *http.Request, before []*http.Request) error {
	if len(before) > r.Redirects || before[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	next.Header.Del("Referer") // the query of the URL before may have secrets
	return r.CheckURL(next.URL.String())
}

// transport checks every request, redirected ones too.
type transport struct {
	rules Rules
	next  *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.rules.checkScheme(r.URL.Scheme, r.URL.Hostname()); err != nil {
		return nil, err
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections closes connections that are not in use.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// The errors of addresses and URLs that a client does not reach.
var (
	ErrAddress = errors.New("the address is not public, or its port is not allowed")
	ErrScheme  = errors.New("the URL must begin with https://; plain http is only for a loopback address that the configuration allows")
)

// checkScheme returns ErrScheme for plain HTTP to another host than this one.
func (r *Rules) checkScheme(scheme, host string) error {
	if scheme == "https" || scheme == "http" && isLoopback(host) && slices.ContainsFunc(r.Networks, func(n netip.Prefix) bool { return n.Addr().IsLoopback() }) {
		return nil
	}
	return ErrScheme
}

// isLoopback reports whether a host name or address always means this host.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.Unmap().IsLoopback()
}

// special are networks that are not public, in addition to those that package netip knows.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

// checkAddress returns ErrAddress for an address and port that the rules do not allow.
func (r *Rules) checkAddress(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrAddress
	}
	ip := to.Addr().Unmap().WithZone("")
	if within(r.Networks, ip) {
		return nil
	}
	if !slices.Contains(r.Ports, to.Port()) || !ip.IsGlobalUnicast() || ip.IsPrivate() || within(special, ip) {
		return ErrAddress
	}
	return nil
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// CheckURL returns what is wrong with a URL, as far as that is known before its name is looked up.
func (r *Rules) CheckURL(text string) error {
	u, err := parse(text)
	if err != nil {
		return err
	}
	if err := r.checkScheme(u.Scheme, u.Hostname()); err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
		}
		return r.checkAddress(net.JoinHostPort(ip.String(), port))
	}
	return nil
}

// Describe returns an error with the host of a URL, and nothing else of it: queries can have secrets.
func Describe(rawURL string, err error) error {
	u, bad := parse(rawURL)
	if bad != nil {
		return err
	}
	return fmt.Errorf("%s: %w", u.Host, err)
}

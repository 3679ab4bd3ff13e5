package policy

import (
	"net/netip"
	"strings"
)

// ipFamily compares an address with ranges. An IPv4 address is in no IPv6 range. An IPv4-mapped IPv6 address, as
// dual-stack listeners report it, counts as the IPv4 address.
type ipFamily struct{}

func (ipFamily) check(value string, variables bool) (message, suggestion string) {
	if message, suggestion = literalOnly(value, variables, "an address"); message != "" {
		return message, suggestion
	}
	if _, ok := parseRange(value); !ok {
		return quote(value) + " is not a range of addresses", `write "203.0.113.0/24", "2001:db8::/32" or one address`
	}
	return "", ""
}

func (ipFamily) compile(values []string, _ bool) relation {
	r := &ipRelation{}
	for _, v := range values {
		if p, ok := parseRange(v); ok {
			r.ranges = append(r.ranges, p)
		}
	}
	return r
}

type ipRelation struct{ ranges []netip.Prefix }

func (r *ipRelation) holds(value string, _ Context) (match, ok bool) {
	addr, ok := parseAddress(value)
	if !ok {
		return false, false
	}
	for _, p := range r.ranges {
		if p.Contains(addr) {
			return true, true
		}
	}
	return false, true
}

// parseAddress accepts an address without a zone.
func parseAddress(text string) (netip.Addr, bool) {
	const longest = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	if len(text) > longest || strings.IndexByte(text, '%') >= 0 {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(text)
	return addr.Unmap(), err == nil
}

// parseRange accepts CIDR notation or a single address. Bits beyond the mask are ignored.
func parseRange(text string) (netip.Prefix, bool) {
	if strings.IndexByte(text, '/') < 0 {
		addr, ok := parseAddress(text)
		return netip.PrefixFrom(addr, addr.BitLen()), ok
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

package passkeys

import (
	"net/url"
	"strings"
)

// maxOrigin limits an origin, in bytes: a scheme, a host of 253 characters and a port.
const maxOrigin = 300

// originAllowed reports whether a page of the origin may use credentials of the relying party: its scheme is https and its
// host is the RP ID or lies under it. For localhost http is allowed too, as in browsers.
//
// Source: Web Authentication Level 3, section 13.4.9.
func originAllowed(origin, relyingParty string) bool {
	if len(origin) > maxOrigin {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme+"://"+u.Host != origin {
		return false
	}
	host := u.Hostname()
	if host != relyingParty && !strings.HasSuffix(host, "."+relyingParty) {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost"))
}

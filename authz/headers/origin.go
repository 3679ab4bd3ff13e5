package headers

import (
	"net/http"
	"net/url"
	"strings"
)

// CrossOrigin reports whether a page of another origin makes a browser change something: with a request that is not safe, or with
// a WebSocket. A cookie with SameSite=Lax still goes with such requests from other hosts and ports of the site. The rules are
// those of http.CrossOriginProtection: Sec-Fetch-Site decides if there is one, and Origin otherwise; without either, no browser of
// today has sent the request. host and secure are the site's as the browser sees it.
func CrossOrigin(method string, h http.Header, host string, secure bool) bool {
	if safe(method, h) {
		return false
	}
	switch strings.Join(h["Sec-Fetch-Site"], ",") {
	case "same-origin", "none":
		return false
	case "":
	default:
		return true
	}
	origins := h["Origin"]
	if len(origins) == 0 {
		return false
	}
	u, err := url.Parse(strings.Join(origins, ",")) // two of them are no origin
	return err != nil || u.Host == "" || !strings.EqualFold(u.Host, host) || secure != (u.Scheme == "https")
}

// safe reports whether the request changes nothing and opens no channel (RFC 9110 section 9.2.1).
func safe(method string, h http.Header) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return len(h["Upgrade"]) == 0 && len(h["Sec-Websocket-Version"]) == 0
	}
	return false
}

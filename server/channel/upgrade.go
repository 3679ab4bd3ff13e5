package channel

import (
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
)

// One decision is about one request. What opens a channel for further requests, such as an upgrade to h2c, must not reach
// the upstream: they would pass without a decision. WebSocket carries messages of the one request.

// extendedConnect reports whether the request is a WebSocket over HTTP/2 or HTTP/3 (RFC 8441, RFC 9220). The servers of
// net/http and quic-go give :protocol as a header and as the protocol.
func extendedConnect(r *http.Request) bool {
	if r.Method != http.MethodConnect {
		return false
	}
	protocol := r.Header[":protocol"]
	return r.ProtoMajor == 2 && len(protocol) == 1 && protocol[0] == "websocket" || r.ProtoMajor == 3 && r.Proto == "websocket"
}

// Method is the method that the upstream gets, and that is to be decided on.
func Method(r *http.Request) string {
	if extendedConnect(r) {
		return http.MethodGet // reverse_proxy sends it on as an upgrade of HTTP/1.1
	}
	return r.Method
}

// OnlyWebSocket removes every upgrade but the one to WebSocket, and reports whether the request opens such a tunnel. An
// upgrade may be ignored (RFC 9110 section 7.8), so the request is answered without it.
func OnlyWebSocket(r *http.Request) bool {
	wanted := r.Header["Upgrade"]
	if r.Method != http.MethodConnect {
		delete(r.Header, ":protocol") // which HTTP/2 takes with any method
	}
	if len(wanted) == 0 {
		delete(r.Header, "Http2-Settings")
		return r.Method == http.MethodConnect && extendedConnect(r)
	}
	if len(wanted) == 1 && strings.EqualFold(wanted[0], "websocket") && r.Method == http.MethodGet &&
		r.ProtoMajor == 1 && r.ProtoMinor == 1 && r.ContentLength == 0 {
		r.Header["Upgrade"] = []string{"websocket"}
		headers.Unlist(r.Header, "Connection", isHTTP2Settings)
		delete(r.Header, "Http2-Settings")
		return true
	}
	delete(r.Header, "Upgrade")
	delete(r.Header, "Http2-Settings")
	headers.Unlist(r.Header, "Connection", func(name string) bool {
		return strings.EqualFold(name, "Upgrade") || isHTTP2Settings(name)
	})
	return extendedConnect(r)
}

func isHTTP2Settings(name string) bool { return strings.EqualFold(name, "HTTP2-Settings") }

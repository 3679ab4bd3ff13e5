package node

import (
	"crypto/tls"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz"
)

// forwarded is what a trusted proxy says about the request that the client sent.
type forwarded struct {
	host        string // "" if it says nothing
	https, http bool   // at most one of them
}

// forwarded returns what a trusted proxy says about the client's request. A list is of no use, because the client may have begun
// it: it names no host, and counts as sent without TLS. An empty header says nothing.
func (n *Node) forwarded(r *http.Request) (f forwarded) {
	hosts, protos := r.Header["X-Forwarded-Host"], r.Header["X-Forwarded-Proto"]
	if len(hosts)+len(protos) == 0 || !n.plan.o.Trusted(r) {
		return forwarded{}
	}
	if len(hosts) == 1 && !strings.Contains(hosts[0], ",") {
		f.host = strings.TrimSpace(hosts[0])
	}
	if len(protos) == 1 {
		proto := strings.TrimSpace(protos[0])
		f.https = strings.EqualFold(proto, "https") || strings.EqualFold(proto, "wss") // as Traefik calls it for a WebSocket
		f.http = proto != "" && !f.https
	} else {
		f.http = len(protos) > 1
	}
	return f
}

// tell fills in what the proxy says.
func (f forwarded) tell(r *authz.Request) {
	r.PublicHost, r.PublicHTTPS, r.PublicHTTP = f.host, f.https, f.http
}

// asSent returns the request with TLS if the client sent it so, also where a trusted proxy ends it, and else without. The proxy does
// not say more about the client's connection.
func (n *Node) asSent(r *http.Request) *http.Request {
	f := n.forwarded(r)
	if !f.https && !f.http || f.https == (r.TLS != nil) {
		return r
	}
	sent := *r
	if sent.TLS = nil; f.https {
		sent.TLS = &tls.ConnectionState{Version: tls.VersionTLS12, HandshakeComplete: true}
	}
	return &sent
}

package forwardauth

import (
	"net/http"
	"slices"
)

// Gateway is a product that asks Sluice about requests.
type Gateway string

// The gateways.
const (
	Caddy   Gateway = "caddy"   // the directive forward_auth
	Traefik Gateway = "traefik" // the middleware ForwardAuth
	Nginx   Gateway = "nginx"   // the directive auth_request
	Envoy   Gateway = "envoy"   // the filter ext_authz with an http_service
)

// Gateways lists the gateways.
var Gateways = []Gateway{Caddy, Traefik, Nginx, Envoy}

// Known reports whether there is such a gateway.
func (g Gateway) Known() bool { return slices.Contains(Gateways, g) }

// source says where a gateway writes the parts of the request. "" means that the part is that of the question itself.
type source struct {
	uri, method, host, proto string
	protoOptional            bool
}

func (g Gateway) source() source {
	switch g {
	case Nginx:
		return source{uri: "X-Original-Uri", method: "X-Original-Method", host: "X-Forwarded-Host", proto: "X-Forwarded-Proto"}
	case Envoy:
		return source{proto: "X-Forwarded-Proto", protoOptional: true}
	default:
		return source{uri: "X-Forwarded-Uri", method: "X-Forwarded-Method", host: "X-Forwarded-Host", proto: "X-Forwarded-Proto"}
	}
}

// Shows reports whether the gateway sends a refusal to the client as it is, with its status, headers and body. nginx sends only
// the status.
func (g Gateway) Shows() bool { return g != Nginx }

// Room is how many bytes of headers the gateway takes in an answer that allows a request; 0 for as many as a client can cause. nginx
// has a buffer, of 16 KiB in the documented configuration, and Envoy refuses headers of more than 60 KiB. Both answer 500 or worse
// if there is more.
func (g Gateway) Room() int {
	switch g {
	case Nginx:
		return 15 << 10
	case Envoy:
		return 56 << 10
	default:
		return 0
	}
}

// Fits reports whether the gateway takes the headers, and how large they are.
func (g Gateway) Fits(granted http.Header) (size int, ok bool) {
	for name, values := range granted {
		for _, value := range values {
			size += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return size, g.Room() == 0 || size <= g.Room()
}

// status returns the status for the gateway in the place of one of a refusal. None is a success, which would let the request
// pass.
func (g Gateway) status(code int) int {
	switch {
	case code < 300:
		return http.StatusForbidden
	case g == Nginx && code < 500 && code != http.StatusUnauthorized:
		return http.StatusForbidden // all but 401 and 403 are errors to nginx, and it answers 500
	case g == Envoy && code >= 500:
		return http.StatusForbidden // with failure_mode_allow, an error lets the request pass
	}
	return code
}

// Answer returns a writer for a refusal. No gateway takes what is written as leave, and no cache keeps it.
func (g Gateway) Answer(w http.ResponseWriter) http.ResponseWriter {
	w.Header()["Cache-Control"] = []string{"no-store"}
	return &answer{ResponseWriter: w, gateway: g}
}

type answer struct {
	http.ResponseWriter
	gateway Gateway
	begun   bool
}

// Status returns the status that is written for another; see refusal.Restrictor.
func (a *answer) Status(code int) int { return a.gateway.status(code) }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) {
	if a.begun {
		return
	}
	a.begun = true
	a.Header()["Cache-Control"] = []string{"no-store"}
	a.ResponseWriter.WriteHeader(a.gateway.status(code))
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK) // which is not a refusal, so it becomes one
	return a.ResponseWriter.Write(p)
}

// Allow answers that the request may pass, with headers for the upstream.
func Allow(w http.ResponseWriter, granted http.Header) {
	h := w.Header()
	for name, values := range granted {
		h[name] = values
	}
	h["Cache-Control"] = []string{"no-store"} // the answer is about one request
	w.WriteHeader(http.StatusOK)
}

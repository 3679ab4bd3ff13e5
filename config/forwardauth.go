package config

import (
	"strings"

	"github.com/sluicegate/sluice/server/forwardauth"
)

// ForwardAuth is what a sluice_forward_auth directive has beside the settings of its route: who asks, and how.
type ForwardAuth struct {
	// Gateway is the product that asks: "caddy", "traefik", "nginx" or "envoy". It determines where the question has the
	// method, the host and the path of the request.
	Gateway string `json:"gateway"`
	// Prefix is the path_prefix of Envoy's http_service, such as /ask, before the path of the request. Only Envoy has one.
	Prefix string `json:"prefix,omitempty"`
}

// Validate checks the settings, and that the route has no options for requests that Sluice passes on itself. The error joins a
// *Problem for each mistake.
func (f *ForwardAuth) Validate(a *Authorize) error {
	v := &validator{}
	g := forwardauth.Gateway(f.Gateway)
	switch {
	case f.Gateway == "":
		v.add("sluice_forward_auth", "it has to know who asks; add: gateway caddy, traefik, nginx, or envoy <path_prefix>")
	case !g.Known():
		names := make([]string, len(forwardauth.Gateways))
		for i, known := range forwardauth.Gateways {
			names[i] = string(known)
		}
		v.oneOf("gateway", f.Gateway, names...)
	case g == forwardauth.Envoy && (!strings.HasPrefix(f.Prefix, "/") || strings.HasSuffix(f.Prefix, "/") || strings.ContainsAny(f.Prefix, "?#%")):
		v.add("gateway", "an Envoy needs the path_prefix of its http_service, without a slash at the end; write: gateway envoy /ask")
	case g != forwardauth.Envoy && f.Prefix != "":
		v.add("gateway", "only envoy has a prefix; remove %s", f.Prefix)
	}
	if a.SigV4 != nil && a.SigV4.Service == "s3" {
		v.add("sigv4", "requests of S3 have to be written anew before a store gets them, which a gateway does not do; have Sluice proxy them, with sluice_authorize")
	}
	if a.CORS != nil {
		v.add("cors", "a gateway does not pass the answer to a preflight on; let the gateway answer preflights")
	}
	return v.err()
}

// ValidateAsked checks that the settings are of a route that is only asked about requests, as a matcher is. The error is a
// *Problem.
func (a *Authorize) ValidateAsked(name string) error {
	v := &validator{}
	if a.SigV4 != nil {
		v.add("sigv4", "a signature covers the body, which %s does not read; use sluice_authorize for signed requests", name)
	}
	return v.err()
}

package config

import (
	"path"
	"regexp"
	"strings"

	"github.com/sluicegate/sluice/server/forwardauth"
)

// ForwardAuth holds the settings of a sluice_forward_auth directive in addition to those of its route: who asks, and how.
type ForwardAuth struct {
	// Gateway is the product that asks: "caddy", "traefik", "nginx" or "envoy". It determines where the question has the
	// method, the host and the path of the request.
	Gateway string `json:"gateway"`
	// Path is the path of questions, and no other request is one. At an Envoy, it is the path_prefix of its http_service, before
	// the path of the request. Default /ask. Clients must not reach it through the gateway.
	Path string `json:"path,omitempty"`
}

// Asked returns the path of questions.
func (f *ForwardAuth) Asked() string {
	if f.Path == "" {
		return "/ask"
	}
	return f.Path
}

// askedPattern has the paths that every program reads alike, apart from dots.
var askedPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// Validate checks the settings, and that the route has no options for requests that Sluice passes on itself. The error joins a
// *Problem for each mistake.
func (f *ForwardAuth) Validate(a *Authorize) error {
	v := &validator{}
	g := forwardauth.Gateway(f.Gateway)
	switch {
	case f.Gateway == "":
		v.add("sluice_forward_auth", "it needs to know which gateway asks; add: gateway caddy|traefik|nginx|envoy")
	case !g.Known():
		names := make([]string, len(forwardauth.Gateways))
		for i, known := range forwardauth.Gateways {
			names[i] = string(known)
		}
		v.oneOf("gateway", f.Gateway, names...)
	case !askedPattern.MatchString(f.Asked()) || path.Clean(f.Asked()) != f.Asked():
		v.add("gateway", "%q is not a path for auth requests: it must begin with a slash, not end with one, and have only letters, digits and ._~-; write: gateway %s /ask", f.Path, f.Gateway)
	case a.Login != nil && f.reachable(a.Login):
		v.add("gateway", "the gateway passes requests of clients for the login's folder on, so they could ask at %s themselves; choose another path, such as /ask", f.Asked())
	}
	if a.SigV4 != nil && a.SigV4.Service == "s3" {
		v.add("sigv4", "S3 requests must be rewritten before a store gets them, which a gateway does not do; let Sluice proxy them, with sluice_authorize")
	}
	if a.CORS != nil {
		v.add("cors", "a gateway does not pass the answer to a preflight on; let the gateway answer preflights")
	}
	return v.err()
}

// reachable reports whether the path of questions is in a folder of the login, which clients reach.
func (f *ForwardAuth) reachable(l *Login) bool {
	withDefaults := *l
	withDefaults.defaults(&Authorize{})
	for _, public := range []string{withDefaults.Callback, withDefaults.Logout} {
		folder := path.Dir(public)
		if f.Asked() == folder || strings.HasPrefix(f.Asked(), strings.TrimSuffix(folder, "/")+"/") {
			return true
		}
	}
	return false
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

package caddymodule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/sluicegate/sluice/caddymodule/signedhost"
)

// pairing finds the reverse_proxy that follows each sluice_credentials that signs. The signature covers the Host header, which
// must be the one that the upstream gets.
type pairing struct {
	server  *caddyhttp.Server
	proxies map[*Credentials][]*reverseproxy.Handler
	gate    *Authorize // the last one that requests have passed
	gated   bool       // there is a gate before
	depth   int
	missing error // a sluice_credentials for S3 behind a gate that does not know S3
}

// maxNesting limits the depth of the search, because named routes may invoke one another.
const maxNesting = 64

// pair sets the Host of every sluice_credentials that signs. Its error says which line to write.
func pair(app *caddyhttp.App) error {
	p := &pairing{proxies: map[*Credentials][]*reverseproxy.Handler{}}
	for _, server := range app.Servers {
		p.server, p.gate, p.gated = server, nil, false
		p.routes(server.Routes, nil)
		if server.Errors != nil {
			p.routes(server.Errors.Routes, nil)
		}
	}
	problems := []error{p.missing}
	for c, proxies := range p.proxies {
		var err error
		if c.host, err = signedhost.Of(proxies, c.SigV4.Host); err != nil {
			problems = append(problems, fmt.Errorf("sluice_credentials, sigv4 %s: %w", c.SigV4.Service, err))
		}
	}
	return errors.Join(problems...)
}

// routes searches a list of routes; before are the credentials of the handlers before them.
func (p *pairing) routes(list caddyhttp.RouteList, before []*Credentials) {
	gate := p.gate
	if p.depth++; p.depth < maxNesting {
		before = slices.Clone(before)
		for _, route := range list {
			before = p.handlers(route.Handlers, before)
		}
	}
	p.depth, p.gate = p.depth-1, gate
}

func (p *pairing) handlers(list []caddyhttp.MiddlewareHandler, before []*Credentials) []*Credentials {
	for _, handler := range list {
		switch h := handler.(type) {
		case *Authorize:
			p.gate, p.gated = h, true
		case *Credentials:
			p.check(h)
			if h.SigV4 != nil {
				before = append(before, h)
				if _, known := p.proxies[h]; !known {
					p.proxies[h] = nil // perhaps no proxy follows
				}
			}
		case *caddyhttp.Subroute:
			p.routes(h.Routes, before)
			if h.Errors != nil {
				p.routes(h.Errors.Routes, before)
			}
		case *caddyhttp.Invoke:
			if route := p.server.NamedRoutes[h.Name]; route != nil {
				p.routes(caddyhttp.RouteList{*route}, before)
			}
		case *reverseproxy.Handler:
			for _, c := range before {
				p.proxies[c] = append(p.proxies[c], h)
			}
			for _, response := range h.HandleResponse {
				p.routes(response.Routes, before)
			}
		}
	}
	return before
}

// check looks for a gate; for S3, for one that decides on S3's actions and resources, and considers its parameters and headers.
func (p *pairing) check(c *Credentials) {
	if !p.gated {
		p.missing = errors.New("sluice_credentials: no sluice_authorize comes before it, so that it would refuse every request; write one")
		return
	}
	if gate := p.gate; c.SigV4 != nil && c.SigV4.Service == "s3" && gate != nil && (gate.SigV4 == nil || gate.SigV4.Service != "s3") {
		p.missing = errors.New("sluice_credentials, sigv4 s3: the sluice_authorize before it does not decide on S3 requests; write `sigv4 s3` in it too")
	}
}

package node

import (
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/config"
)

// ReserveHeaders names headers that the host sets for an upstream. The gates then remove them from clients' requests on every
// route, because routes may share an upstream, which cannot tell who set a header. It returns an error, and reserves none of them, if a
// gate keeps one of the headers.
func (p *Plan) ReserveHeaders(names ...string) error { return p.reserve(names) }

// reserve reserves headers and adds gates, whose headers they are. On an error the plan stays as it was.
func (p *Plan) reserve(names []string, more ...*GatePlan) error {
	p.adding.Lock()
	defer p.adding.Unlock()
	reserved, gates := append(slices.Clip(p.reserved), names...), append(slices.Clip(p.gates), more...)
	for _, g := range gates {
		if err := g.checkKept(reserved); err != nil {
			return err
		}
	}
	p.reserved, p.gates = reserved, gates
	for _, g := range p.built {
		g.RemoveHeaders(g.planned.removes(reserved))
	}
	return nil
}

// serves notes a gate that was built, so that it removes the headers of gates that are added later. It lives as long as the node.
func (p *Plan) serves(g *Gate) {
	p.adding.Lock()
	defer p.adding.Unlock()
	p.built = append(p.built, g)
	g.RemoveHeaders(g.planned.removes(p.reserved))
}

// common are headers that every client sends. A route that sets one does not take it from the clients of other routes.
var common = headers.NewSet("Authorization", "Proxy-Authorization", "Cookie", "Host", "Connection", "Upgrade", "Te",
	"Trailer", "Transfer-Encoding", "Accept", "Accept-*", "Content-*", "User-Agent", "Referer", "Origin", "Range", "Date", "Expect",
	"Cache-Control", "Pragma", "Via", "If-*", "Sec-*", "Access-Control-*", "X-Requested-With", "X-Amz-*", "Forwarded",
	"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")

// removes lists the headers that clients cannot send on this route: those that the route sets, and those that others reserved.
func (g *GatePlan) removes(reserved []string) []string {
	names := headerNames(g.settings.Headers)
	for _, name := range reserved {
		if !common.Contains(name) {
			names = append(names, name)
		}
	}
	return names
}

// checkKept returns an error if keep_headers names a header that is never removed, or that Sluice sets.
func (g *GatePlan) checkKept(reserved []string) error {
	if len(g.settings.KeepHeaders) == 0 {
		return nil
	}
	for _, name := range g.settings.KeepHeaders {
		if !headers.Known(name) {
			return fmt.Errorf("keep_headers: %s is not a header that is removed by default; remove it from keep_headers", name)
		}
	}
	kept := headers.NewSet(g.settings.KeepHeaders...)
	for _, name := range g.removes(reserved) {
		if kept.Contains(name) {
			return fmt.Errorf("keep_headers: a header option sets %s for an upstream, and a client could forge it; remove it from keep_headers", name)
		}
	}
	return nil
}

func headerNames(headers []config.Header) []string {
	names := make([]string, len(headers))
	for i, h := range headers {
		names[i] = h.Name
	}
	return names
}

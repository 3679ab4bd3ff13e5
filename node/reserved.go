package node

import (
	"fmt"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/config"
)

// ReserveHeaders names headers that the host sets for an upstream. The gates then remove them from clients' requests on every
// route, because routes may share an upstream, which cannot tell who set a header. Call it before Open. It returns an error if
// a gate keeps one of the headers.
func (p *Plan) ReserveHeaders(names ...string) error {
	p.reserved = append(p.reserved, names...)
	for _, g := range p.gates {
		if err := g.checkKept(); err != nil {
			return err
		}
	}
	return nil
}

// common are headers that every client sends. A route that sets one does not take it from the clients of other routes.
var common = headers.NewSet("Authorization", "Proxy-Authorization", "Cookie", "Host", "Connection", "Upgrade", "Te",
	"Trailer", "Transfer-Encoding", "Accept", "Accept-*", "Content-*", "User-Agent", "Referer", "Origin", "Range", "Date", "Expect",
	"Cache-Control", "Pragma", "Via", "If-*", "Sec-*", "Access-Control-*", "X-Requested-With", "X-Amz-*", "Forwarded",
	"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")

// reserved lists the headers that clients cannot send on this route: those that the route sets, and those that others set.
func (g *GatePlan) reserved() []string {
	names := headerNames(g.settings.Headers)
	for _, name := range g.plan.reserved {
		if !common.Contains(name) {
			names = append(names, name)
		}
	}
	return names
}

// checkKept returns an error if keep_headers names a header that is never removed, or that Sluice sets.
func (g *GatePlan) checkKept() error {
	if len(g.settings.KeepHeaders) == 0 {
		return nil
	}
	for _, name := range g.settings.KeepHeaders {
		if !headers.Known(name) {
			return fmt.Errorf("keep_headers: %s is not a header that is removed by default; remove it from keep_headers", name)
		}
	}
	kept := headers.NewSet(g.settings.KeepHeaders...)
	for _, name := range g.reserved() {
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

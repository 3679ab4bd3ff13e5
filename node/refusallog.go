package node

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
)

// linesPerSecond bounds the lines about refusals of one outcome on one route.
const linesPerSecond = 10

// report logs a request that is refused, or that passes only because of shadow mode, at level info. During a flood it logs a
// sample; the next line has the number of skipped requests.
func (g *Gate) report(r *http.Request, result *authz.Result, clientIP netip.Addr) {
	if !g.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	skipped, ok := g.samples[result.Outcome].take(g.node.plan.o.Now().Unix())
	if !ok {
		return
	}
	message := "request refused"
	if result.Pass {
		message = "request would be refused"
	}
	fields := make([]slog.Attr, 0, 12)
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, slog.String(name, value))
		}
	}
	add("route", g.route)
	add("outcome", result.Outcome.String())
	add("reason", result.Refusal.Name())
	add("decision_id", result.DecisionID)
	add("user", UserName(result.Principal))
	add("action", result.Action)
	add("resource", result.Resource)
	add("method", r.Method)
	add("host", r.Host)
	add("path", r.URL.Path) // without the query, which may hold secrets
	if clientIP.IsValid() {
		add("client_ip", clientIP.String())
	}
	if skipped > 0 {
		fields = append(fields, slog.Int64("skipped", skipped))
	}
	g.log.LogAttrs(r.Context(), slog.LevelInfo, message, fields...)
}

// UserName names a principal in logs: the user name, or else the subject, the ARN or the app client. It returns "" if there is
// no principal.
func UserName(p *principal.Principal) string {
	for _, name := range [...]string{p.Username, p.Subject, p.ARN, p.ClientID} {
		if name != "" {
			return name
		}
	}
	return ""
}

// sampler takes a fixed number of events a second and counts the others. It uses no lock and may take a few more events when
// the second changes.
type sampler struct {
	second, count, skipped atomic.Int64
}

// take reports whether it takes the event, and how many events it has skipped since the last one that it took.
func (s *sampler) take(second int64) (skipped int64, ok bool) {
	if last := s.second.Load(); last != second && s.second.CompareAndSwap(last, second) {
		s.count.Store(0)
	}
	if s.count.Add(1) > linesPerSecond {
		s.skipped.Add(1)
		return 0, false
	}
	return s.skipped.Swap(0), true
}

package node

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/node/observe"
)

// report logs a request that is refused, or that passes only because of shadow mode, at level info. During a flood it logs a
// sample; the next line has the number of skipped requests.
func (g *Gate) report(r *http.Request, result *authz.Result, clientIP netip.Addr) {
	if !g.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	skipped, ok := g.samples[result.Outcome].Take(g.node.plan.o.Now().Unix())
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
	add("detail", result.Refusal.Token)
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

// logLogins returns what logs the logins that identity pools refuse, at level info, with the id that the caller got. During a flood it
// logs a sample.
func logLogins(o *Options) func(ctx context.Context, operation, requestID, poolOrIdentity string, err error) {
	samples := new(observe.Sampler)
	return func(ctx context.Context, operation, requestID, poolOrIdentity string, err error) {
		if !o.Log.Enabled(ctx, slog.LevelInfo) {
			return
		}
		if skipped, ok := samples.Take(o.Now().Unix()); ok {
			o.Log.InfoContext(ctx, "login refused", "operation", operation, "decision_id", requestID, "of", poolOrIdentity, "error", err, "skipped", skipped)
		}
	}
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

// Package opslog writes audit records and decisions to Caddy's logs.
//
// What it does: it gives the records of server/audit and authz/decisionlog the members that docs/operations.md and docs/policies.md list, and
// tells the access log why a request was refused. It keeps the latest refused calls of APIs in memory, for sluice explain.
//
// What it leaves to others: what is recorded, and where the lines go, which Caddy's log directive says.
//
// Source: docs/operations.md, "Audit log"; docs/policies.md, "Decision log".
package opslog

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/decisionlog"
)

// Decisions returns what writes records of decisions. log is that of the app: the logger is sluice.decisions.
func Decisions(log *zap.Logger) func(*decisionlog.Record) {
	log = log.Named("decisions")
	return func(d *decisionlog.Record) { log.Info(decisionlog.Message, zap.Reflect(decisionlog.Member, d)) }
}

// Refused adds the member sluice to the request's line in the access log: why a gate refused it, or would have without shadow mode.
func Refused(r *http.Request, route string, result *authz.Result) {
	extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	if !ok || result.Refusal == nil {
		return
	}
	fields := []zap.Field{zap.String("route", route), zap.String("outcome", result.Outcome.String()), zap.String("reason", result.Refusal.Name())}
	if result.Refusal.Token != "" {
		fields = append(fields, zap.String("detail", result.Refusal.Token))
	}
	if result.DecisionID != "" {
		fields = append(fields, zap.String("decision_id", result.DecisionID))
	}
	if result.Pass {
		fields = append(fields, zap.Bool("shadow", true))
	}
	extra.Set(zap.Dict("sluice", fields...))
}

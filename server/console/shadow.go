package console

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/server/console/pages"
)

// ofProcess is the note of sections that other processes on the store have with other contents.
const ofProcess = "Of the process that has answered. If there are several, each has its own."

// shadowTable is what enforcing would refuse, by route, principal, action and statement, as "sluice policy shadow" reports it of a decision
// log. It has no rows if nothing would be refused.
func (v *visit) shadowTable() *pages.Table {
	t := &pages.Table{Caption: "Shadow denials", Columns: []string{"Route", "Who", "Action", "Statement", "Requests", "Last", "Latest request"}}
	if v.h.o.Decisions == nil {
		return t
	}
	var report decisionlog.Report
	requests := map[string]string{}
	for _, d := range v.h.o.Decisions.Recent(authz.DefaultDenials) {
		if d.Shadow && len(d.Targets) > 0 {
			report.Add(v.shadowRecord(d))
			requests[d.ID] = d.Method + " " + d.Host + d.Path
		}
	}
	for _, g := range report.Groups() {
		t.Rows = append(t.Rows, []pages.Value{{Text: g.Route}, {Text: g.Principal}, {Text: g.Action, Look: pages.Code}, {Text: g.Statement}, {Text: grouped(int(g.Count))}, //nolint:gosec // G115: at most DefaultDenials
			{When: g.Last}, link(requests[g.ID], to("/decision", "id", g.ID))})
	}
	return t
}

// shadowRecord is the record of a denial in a decision log, as far as the report needs it.
func (v *visit) shadowRecord(d *authz.Denial) *decisionlog.Record {
	at := max(0, slices.IndexFunc(d.Targets, func(t authz.TargetAccount) bool { return t.Effect != policy.Allow.String() }))
	t, p := &d.Targets[at], &d.Principal
	r := &decisionlog.Record{Time: d.Time, ID: d.ID, Route: routeOf(t.Resource), Reason: d.Reason,
		Principal: decisionlog.Principal{Kind: p.Kind, Username: p.Username, ARN: p.ARN, Subject: p.Subject, ClientID: p.ClientID},
		Targets:   []decisionlog.Target{{Action: t.Action, Resource: t.Resource}}}
	if t.Effect == policy.ExplicitDeny.String() {
		r.Statement = v.denying(d.ID, at)
	}
	return r
}

// denying is the statement that denies a target of a decision.
func (v *visit) denying(id string, at int) *decisionlog.Statement {
	full, ok := v.h.o.Decisions.Get(id)
	if ok && at < len(full.Targets) {
		for _, account := range full.Targets[at].Accounts {
			for i := range account.Statements {
				if s := &account.Statements[i]; s.Decided && account.Effect == policy.ExplicitDeny {
					return &decisionlog.Statement{Source: s.Source, Sid: s.Sid, Index: s.Index, Line: s.Line}
				}
			}
		}
	}
	return &decisionlog.Statement{Source: "a statement that is gone"}
}

// routeOf returns the route that a resource is of, as a decision log names it: the api name, or the service.
func routeOf(resource string) string {
	if api, ok := strings.CutPrefix(resource, "arn:aws:execute-api:"); ok {
		if parts := strings.SplitN(api, ":", 3); len(parts) == 3 {
			name, _, _ := strings.Cut(parts[2], "/")
			return name
		}
	}
	return "s3"
}

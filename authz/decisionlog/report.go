package decisionlog

import (
	"cmp"
	"slices"
	"time"
)

// Group are the decisions of one route, principal, action and statement.
type Group struct {
	Route     string    `json:"route"`     // see Record
	Principal string    `json:"principal"` // see Principal.Name
	Action    string    `json:"action"`    // of the target that decided
	Statement string    `json:"statement"` // that denied, or that no statement allows it
	Reason    string    `json:"reason"`
	Count     uint64    `json:"count"` // including the requests that records represent
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	ID        string    `json:"id,omitempty"` // of the latest, for sluice explain
	Resource  string    `json:"resource"`     // of the latest
}

// maxGroups bounds the memory of a report. What is beyond is counted in Report.More.
const maxGroups = 100_000

// Report groups decisions. Its zero value is empty. It is for one goroutine.
type Report struct {
	// By chooses what decisions are grouped by; the zero value is all of it.
	By By

	groups map[Group]*Group // by the parts that identify a group
	Total  uint64
	More   uint64 // of groups beyond the bound
}

// By says what a report ignores.
type By struct {
	AnyPrincipal, AnyAction, AnyStatement bool // is not part of a group
}

// Add adds a decision.
func (r *Report) Add(d *Record) {
	n := uint64(max(d.Every, 1))
	r.Total += n
	t := &d.Targets[d.Decided]
	key := Group{Route: d.Route, Reason: d.Reason}
	if !r.By.AnyPrincipal {
		key.Principal = d.Principal.Name()
	}
	if !r.By.AnyAction {
		key.Action = t.Action
	}
	if !r.By.AnyStatement {
		key.Statement = d.Statement.String()
	}
	g := r.groups[key]
	if g == nil {
		if len(r.groups) >= maxGroups {
			r.More += n
			return
		}
		if r.groups == nil {
			r.groups = map[Group]*Group{}
		}
		copied := key
		g = &copied
		g.First = d.Time
		r.groups[key] = g
	}
	g.Count += n
	if d.Time.Before(g.First) {
		g.First = d.Time
	}
	if !d.Time.Before(g.Last) {
		g.Last, g.ID, g.Resource = d.Time, d.ID, t.Resource
	}
}

// Groups returns the groups, the largest first.
func (r *Report) Groups() []*Group {
	list := make([]*Group, 0, len(r.groups))
	for _, g := range r.groups {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Action, b.Action),
			cmp.Compare(a.Statement, b.Statement), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

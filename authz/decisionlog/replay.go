package decisionlog

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/urlpath"
)

// LowerKey is the prefix of the condition keys that give the value of another key in lower case.
const LowerKey = "lower"

// Replayed is what policies decide on a recorded request.
type Replayed struct {
	Allowed   bool              // by the policies of now
	Decided   int               // index of the target that decided
	Effect    policy.Effect     // on that target
	Statement *policy.Statement // that decided; nil for an implicit deny
	// Needs are condition keys and roles that the decision would have needed and that are not known, sorted. With any, the decision may be
	// wrong.
	Needs []string
}

// Replay decides on the request again. layers are those of the principal, folded the rules that compare paths without case, or nil, and
// needs unknown facts about the principal.
func (r *Record) Replay(layers []policy.Layers, folded *policy.Layers, needs map[string]bool) Replayed {
	if slices.Contains(r.LeftOut, "targets") {
		needs["targets"] = true
	}
	if p := &r.Principal; p.Limited && p.SessionPolicies == nil && p.SessionARNs == nil {
		needs["session policies"] = true
	}
	out := Replayed{Allowed: true}
	for i := range r.Targets {
		t := &r.Targets[i]
		context, asRequest := r.contexts(t, needs)
		d := t.decide(layers, folded, context)
		if asRequest != nil && d.Effect != policy.ExplicitDeny {
			if denial := combine(layers, t.request(asRequest)); denial.Effect == policy.ExplicitDeny {
				d = denial
			}
		}
		if i == 0 {
			out.Effect, out.Statement = d.Effect, d.Statement
		}
		if d.Effect != policy.Allow && !t.Optional {
			out = Replayed{Decided: i, Effect: d.Effect, Statement: d.Statement}
			break
		}
	}
	out.Needs = slices.Sorted(maps.Keys(needs))
	return out
}

// contexts returns the context of a target, and, of a target elsewhere, the one with the request's own method and path; else nil.
func (r *Record) contexts(t *Target, needs map[string]bool) (own, asRequest policy.Context) {
	context := values{base: r.Context, own: t.Context, derived: r.parameters(), needs: needs}
	request := context
	request.instead = map[string][]string{"http:method": {r.Method}, "http:path": {r.path()}}
	method, path := r.place(t)
	switch {
	case t.Elsewhere:
		return context, request
	case method == "" && r.path() == r.Path:
		return context, nil
	case method == "":
		return request, nil
	case path == "":
		needs["http:path"] = true
	}
	context.instead = map[string][]string{"http:method": {method}, "http:path": {path}}
	return context, request
}

// MissingRoles returns the roles of the principal that are not known. tokenRoles says that the roles in tokens count.
func (r *Record) MissingRoles(tokenRoles bool, known func(arn string) bool) map[string]bool {
	var arns []string
	switch p := &r.Principal; {
	case p.Kind == principal.RoleSession.String():
		arns = []string{p.RoleARN}
	case p.Kind == principal.User.String() && tokenRoles && p.PreferredRole != "":
		arns = []string{p.PreferredRole}
	case p.Kind == principal.User.String() && tokenRoles:
		arns = p.Roles
	}
	needs := map[string]bool{}
	for _, arn := range arns {
		if !known(arn) {
			needs["role "+arn] = true
		}
	}
	return needs
}

// decide decides as a gate does.
func (t *Target) decide(layers []policy.Layers, folded *policy.Layers, context policy.Context) policy.Decision {
	request := t.request(context)
	verdict := combine(layers, request)
	if verdict.Effect != policy.ExplicitDeny && folded != nil && t.Folded != "" {
		request.Resource = t.Folded
		if d := folded.Decide(request); d.Effect == policy.ExplicitDeny {
			return d
		}
	}
	return verdict
}

func (t *Target) request(context policy.Context) *policy.Request {
	return &policy.Request{Action: t.Action, Resource: t.resource(), Context: context}
}

// combine combines the decisions of layers as a gate does.
func combine(layers []policy.Layers, request *policy.Request) policy.Decision {
	verdict := layers[0].Decide(request)
	for i := 1; i < len(layers) && verdict.Effect != policy.ExplicitDeny; i++ {
		if d := layers[i].Decide(request); d.Effect != policy.ImplicitDeny {
			verdict = d
		}
	}
	return verdict
}

// values is the context of a recorded request. It notes the keys that were not recorded.
type values struct {
	base, own map[string][]string
	derived   map[string][]string // the values of keys that are not recorded
	instead   map[string][]string // the values of these keys instead of those recorded
	needs     map[string]bool
}

// Lookup implements policy.Context.
func (c values) Lookup(key string) policy.Values {
	if inner, ok := strings.CutPrefix(key, LowerKey+":"); ok {
		var all []string
		found := c.Lookup(inner)
		for i := range found.Len() {
			all = append(all, urlpath.Fold(found.At(i)))
		}
		return policy.Many(all)
	}
	if list, ok := c.instead[key]; ok {
		return policy.Many(list)
	}
	if list, ok := c.own[key]; ok {
		return policy.Many(list)
	}
	list, ok := c.base[key]
	if !ok {
		list, ok = c.derived[key]
	}
	if !ok {
		c.needs[key] = true
	}
	return policy.Many(list)
}

package authz

import (
	"slices"

	"github.com/sluicegate/sluice/authz/decisionlog"
)

// recordDecision writes the call to the log if it belongs there.
func (c *call) recordDecision(r *Result) {
	d := c.e.o.Decisions
	if len(c.targets) == 0 {
		return // it ended before the policies were asked
	}
	every := uint32(0)
	if r.DecisionID == "" || r.Refusal == nil {
		if r.Refusal != nil && r.Refusal.Reason != NoCredential && r.Refusal != c.unsure {
			return
		}
		if !d.Sampled(c.e.rand) {
			return
		}
		every = d.Sample
	}
	d.Write(c.decisionRecord(r, every))
}

// decisionRecord returns the record of a call that policies decided on.
func (c *call) decisionRecord(r *Result, every uint32) *decisionlog.Record {
	d := &decisionlog.Record{Time: c.now.UTC(), ID: r.DecisionID, Route: c.e.o.Decisions.Route, Outcome: r.Outcome.String(), Scheme: r.Scheme,
		Method: c.r.Method, Host: c.host, Path: c.path, ForwardedProto: c.r.forwardedProto(), Decided: c.decided, Principal: decisionlog.PrincipalOf(c.principal, false, nil, nil)}
	if keys := c.subject.keys; keys.limited() {
		d.Principal = decisionlog.PrincipalOf(c.principal, true, keys.policies, keys.arns)
	}
	if every > 1 {
		d.Every = every
	}
	if r.Refusal != nil {
		d.Reason, d.Shadow = r.Refusal.Name(), c.e.o.Mode == ModeShadow
	}
	if s := c.decision.Statement; s != nil {
		d.Statement = &decisionlog.Statement{Source: s.Source, Sid: s.Sid, Index: s.Index, Line: s.Line}
	}
	c.recordContext(d)
	return d
}

// recordContext records targets and condition keys. It leaves c as it was.
func (c *call) recordContext(d *decisionlog.Record) {
	keys := c.recordedKeys()
	target, unsure := c.target, c.unsure
	left := map[string]bool{}
	size := 0
	for i := range min(len(c.targets), decisionlog.MaxTargets) {
		t := &c.targets[i]
		if i == decisionlog.MaxTargets-1 && i < len(c.targets)-1 { // the last that is recorded is that which decided
			left["targets"] = true
			d.Decided = min(c.decided, i)
			t = &c.targets[max(c.decided, i)]
		}
		c.target = t
		recorded := decisionlog.Target{Action: t.action, Resource: t.resource, Folded: t.folded, Optional: t.optional, Elsewhere: t.method != ""}
		values := map[string][]string{}
		for _, key := range keys {
			c.unsure = nil
			list, ok := decisionlog.Copy(c.Lookup(key), &size)
			if !ok || c.unsure != nil {
				left[key] = true
			} else if i == 0 || !slices.Equal(list, d.Context[key]) {
				values[key] = list
			}
		}
		if i == 0 {
			d.Context = values
		} else if len(values) > 0 {
			recorded.Context = values
		}
		d.Targets = append(d.Targets, recorded)
	}
	c.target, c.unsure = target, unsure
	for key := range left {
		delete(d.Context, key)
		d.LeftOut = append(d.LeftOut, key)
	}
	slices.Sort(d.LeftOut)
}

// recordedKeys returns the keys to record: the base keys, those of the settings, and those that the caller's policies here depend on.
func (c *call) recordedKeys() []string {
	lists := [][]string{decisionlog.BaseKeys, c.e.o.Decisions.Keys, c.e.permissionsFor(c.subject).conditionKeys(), nil}
	for i := range c.principal.Tags {
		lists[3] = append(lists[3], "aws:principaltag/"+c.principal.Tags[i].Key)
	}
	if _, s3 := c.e.o.Mapping.(*S3Mapping); s3 {
		lists = append(lists, decisionlog.S3Keys)
	}
	return decisionlog.Keys(lists...)
}

// conditionKeys returns the keys that the permissions depend on.
func (p *permissions) conditionKeys() []string {
	p.keysOnce.Do(func() { p.keys = decisionlog.KeysOf(p.layers, p.engine.folded) })
	return p.keys
}

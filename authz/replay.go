package authz

import (
	"context"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/principal"
)

// Replay decides on a recorded request with the engine's policies and those of Options.Roles.
func (e *Engine) Replay(r *decisionlog.Record) decisionlog.Replayed {
	s := &Subject{Principal: r.Recorded()}
	if p := &r.Principal; p.Limited {
		s.keys = &accessKey{policies: p.SessionPolicies, arns: p.SessionARNs}
	}
	return r.Replay(e.layersOf(s, s.Principal), e.folded, r.MissingRoles(e.o.TokenRoles, e.hasRole))
}

func (e *Engine) hasRole(arn string) bool {
	if e.o.Roles == nil {
		return false
	}
	_, _, ok := e.o.Roles.PolicySets(arn)
	return ok
}

// ExplainAs explains how the engine would decide on a request of a principal, whose credential is not asked for.
func (e *Engine) ExplainAs(ctx context.Context, r *Request, p *principal.Principal) *Explanation {
	c := e.unrecorded(ctx, r)
	defer c.freeBody()
	c.take(&Subject{Principal: p})
	refusal := c.read()
	if refusal == nil {
		refusal = e.o.Mapping.locate(c)
	}
	if refusal == nil {
		refusal = e.o.Mapping.resolve(c)
	}
	if refusal == nil {
		refusal = c.decide()
	}
	return c.explain(refusal, true)
}

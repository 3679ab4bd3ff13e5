package authz

import (
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
)

// judge decides on the target. A target elsewhere, such as the source of a copy, has its own method and path, with which
// it must be allowed. It is denied if it is denied with them or with those of the request.
func (c *call) judge(p *permissions) policy.Decision {
	if c.principal.Unknown != 0 {
		c.lookUpGrantors()
	}
	request := policy.Request{Action: c.target.action, Resource: c.target.resource, Context: c}
	verdict := p.decide(&request)
	if verdict.Effect != policy.ExplicitDeny {
		if denial, denied := c.denialAsRequest(p); denied {
			return denial
		}
		if denial, denied := c.foldedDenial(); denied {
			return denial
		}
	}
	return verdict
}

// lookUpGrantors looks up what selects the policies of groups and roles, one of which may deny.
func (c *call) lookUpGrantors() {
	if len(c.e.groups) > 0 {
		c.Lookup("cognito:groups")
	}
	if c.e.o.TokenRoles {
		c.Lookup("cognito:roles")
		c.Lookup("cognito:preferred_role")
	}
}

// decide combines the decisions of the layers: a Deny in one of them, else an Allow in one.
func (p *permissions) decide(request *policy.Request) policy.Decision {
	verdict := p.layers[0].Decide(request)
	for i := 1; i < len(p.layers) && verdict.Effect != policy.ExplicitDeny; i++ {
		if d := p.layers[i].Decide(request); d.Effect != policy.ImplicitDeny {
			verdict = d
		}
	}
	return verdict
}

// pathOf returns http:path for a target, which may be nil.
func (c *call) pathOf(t *target) string {
	switch {
	case t == nil || c.asRequest:
	case t.path != "":
		return t.path
	case t.method != "":
		return c.s3.prefixed + strings.TrimPrefix(t.resource, objectARN)
	}
	return c.path
}

// denialAsRequest evaluates a target elsewhere with the request's own method and path.
func (c *call) denialAsRequest(p *permissions) (policy.Decision, bool) {
	if c.target.method == "" {
		return policy.Decision{}, false
	}
	c.asRequest = true
	d := p.decide(&policy.Request{Action: c.target.action, Resource: c.target.resource, Context: c})
	c.asRequest = false
	return d, d.Effect == policy.ExplicitDeny
}

// explainAsRequest returns the accounts of the layers that deny a target elsewhere with the request's own method and path.
func (c *call) explainAsRequest(p *permissions) (accounts []*policy.Account) {
	if _, denied := c.denialAsRequest(p); !denied {
		return nil
	}
	c.asRequest = true
	for i := range p.layers {
		request := policy.Request{Action: c.target.action, Resource: c.target.resource, Context: c}
		if a := p.layers[i].Explain(&request); a.Effect == policy.ExplicitDeny {
			accounts = append(accounts, a)
		}
	}
	c.asRequest = false
	return accounts
}

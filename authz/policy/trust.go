package policy

import "strings"

// DecideTrust evaluates a role's trust policy. Allow means that the policy trusts the principal. If it names the principal's
// account rather than the principal, the principal's own policies must allow the action too; the caller checks that with
// Layers.Decide.
func (s *Set) DecideTrust(r *TrustRequest) Decision {
	if r.Context == nil {
		r = &TrustRequest{r.PrincipalType, r.Principal, r.Action, noContext{}}
	}
	var buf [inlineAction]byte
	action := appendLower(buf[:0], r.Action)
	var allow *compiled
	for _, c := range s.statements {
		if c.never || !c.deny && allow != nil || !c.coversPrincipal(r) || !c.coversAction(action) || !c.conditionsHold(r.Context) {
			continue
		}
		if c.deny {
			return Decision{ExplicitDeny, LayerTrust, c.statement}
		}
		allow = c
	}
	if allow == nil {
		return Decision{ImplicitDeny, LayerTrust, nil}
	}
	return Decision{Allow, LayerTrust, allow.statement}
}

// coversPrincipal reports whether the Principal element covers the caller. NotPrincipal is not allowed in a trust
// policy: with it, or without any principal, a Deny covers everyone and an Allow no one.
func (c *compiled) coversPrincipal(r *TrustRequest) bool {
	p := c.statement.Principal
	if c.deny && (p == nil || c.statement.Flawed || c.statement.NotPrincipal != nil) {
		return true
	}
	if p == nil || c.statement.NotPrincipal != nil {
		return false
	}
	if p.Any {
		return true
	}
	if r.PrincipalType == "AWS" {
		for _, named := range p.AWS {
			if coversAWS(named, r.Principal) {
				return true
			}
		}
		return false
	}
	// AWS documents {"AWS": "*"} as everyone. In Sluice that is so for a Deny only: an Allow for AWS principals must not
	// admit a federated user.
	for _, named := range p.AWS {
		if c.deny && named == "*" {
			return true
		}
	}
	field := p.field(r.PrincipalType)
	if field == nil {
		return false
	}
	for _, named := range *field {
		if named == r.Principal || c.deny && named == "*" {
			return true
		}
	}
	return false
}

// coversAWS compares an AWS principal of a policy with the caller. An account, as digits or as its root, covers all its
// principals. A role covers its sessions, whose ARN lacks the role's path; a role's name is unique in its account.
func coversAWS(named, caller string) bool {
	if named == "*" || named == caller {
		return true
	}
	have, ok := ParseARN(caller)
	if !ok {
		return false
	}
	if isAccount(named) {
		return have.Account == named
	}
	want, ok := ParseARN(named)
	if !ok || want.Account != have.Account || want.Partition != have.Partition || want.Service != "iam" {
		return false
	}
	if want.Resource == "root" {
		return true
	}
	role, isRole := strings.CutPrefix(want.Resource, "role/")
	session, isSession := strings.CutPrefix(have.Resource, "assumed-role/")
	if !isRole || !isSession || have.Service != "sts" {
		return false
	}
	name, _, ok := strings.Cut(session, "/")
	return ok && name == role[strings.LastIndexByte(role, '/')+1:]
}

package policy

import "strings"

// Grant says how much a trust policy that allows an action does for the principal.
type Grant uint8

// The grants. A principal has the widest one of all statements that allow the action: their order does not matter. IAM user guide, "Policy
// evaluation for requests within a single account".
const (
	NoGrant      Grant = iota
	GrantAccount       // to the account, or to everyone: the principal's own policies must allow the action, too
	GrantRole          // to the role: it needs no identity policy, but its boundary and session policies must allow the action
	GrantSession       // to the session itself: only a Deny limits it
)

// DecideTrust evaluates a role's trust policy. Allow means that the policy trusts the principal. If it names the principal's
// account rather than the principal, the principal's own policies must allow the action too; the caller checks that with
// Layers.Decide.
func (s *Set) DecideTrust(r *TrustRequest) Decision {
	decision, _ := s.Trusts(r)
	return decision
}

// Trusts is DecideTrust and returns how much the policy grants. Principals of other types than AWS have no policies of their own: they have
// GrantAccount, which is all that they need.
func (s *Set) Trusts(r *TrustRequest) (Decision, Grant) {
	if r.Context == nil {
		with := *r
		with.Context = noContext{}
		r = &with
	}
	var buf [inlineAction]byte
	action := appendLower(buf[:0], r.Action)
	var allow *compiled
	widest := NoGrant
	for _, c := range s.statements {
		if c.never || !c.deny && widest == GrantSession {
			continue
		}
		grant := c.coversPrincipal(r)
		if grant == NoGrant || !c.deny && grant <= widest || !c.coversAction(action) || !c.conditionsHold(r.Context) {
			continue
		}
		if c.deny {
			return Decision{ExplicitDeny, LayerTrust, c.statement}, NoGrant
		}
		widest = grant
		if allow == nil {
			allow = c
		}
	}
	if allow == nil {
		return Decision{ImplicitDeny, LayerTrust, nil}, NoGrant
	}
	return Decision{Allow, LayerTrust, allow.statement}, widest
}

// coversPrincipal returns how the Principal element covers the caller. NotPrincipal is not allowed in a trust
// policy: with it, or without any principal, a Deny covers everyone and an Allow no one.
func (c *compiled) coversPrincipal(r *TrustRequest) Grant {
	p := c.statement.Principal
	if c.deny && (p == nil || c.statement.Flawed || c.statement.NotPrincipal != nil) {
		return GrantAccount
	}
	if p == nil || c.statement.NotPrincipal != nil {
		return NoGrant
	}
	if p.Any {
		return GrantAccount
	}
	if r.PrincipalType == "AWS" {
		grant := NoGrant
		for _, named := range p.AWS {
			grant = max(grant, coversAWS(named, r))
			if c.deny && coversName(named, r.Principal) {
				grant = max(grant, GrantRole)
			}
		}
		return grant
	}
	// AWS documents {"AWS": "*"} as everyone. In Sluice that is so for a Deny only: an Allow for AWS principals must not
	// admit a federated user.
	for _, named := range p.AWS {
		if c.deny && named == "*" {
			return GrantAccount
		}
	}
	field := p.field(r.PrincipalType)
	if field == nil {
		return NoGrant
	}
	for _, named := range *field {
		if named == r.Principal || c.deny && named == "*" {
			return GrantAccount
		}
	}
	return NoGrant
}

// coversAWS compares an AWS principal of a policy with the caller. An account, as digits or as its root, covers all its
// principals. A role, by its ARN or its id, covers its sessions.
func coversAWS(named string, r *TrustRequest) Grant {
	if named == "*" {
		return GrantAccount
	}
	if have, ok := ParseARN(r.Principal); ok {
		if isAccount(named) {
			if named == have.Account {
				return GrantAccount
			}
			return NoGrant
		}
		if want, ok := ParseARN(named); ok && want.Resource == "root" && want.Service == "iam" {
			if want.Account == have.Account && want.Partition == have.Partition {
				return GrantAccount
			}
			return NoGrant
		}
	}
	id, _, _ := strings.Cut(r.UserID, ":")
	switch {
	case named == "":
	case named == r.Principal, named == r.UserID:
		return GrantSession
	case named == r.Role, named == id:
		return GrantRole
	}
	return NoGrant
}

// coversName reports whether an AWS principal names a role of the caller's name, on any path: a Deny covers more rather than less.
func coversName(named, caller string) bool {
	have, ok := ParseARN(caller)
	want, ok2 := ParseARN(named)
	if !ok || !ok2 || want.Account != have.Account || want.Partition != have.Partition || want.Service != "iam" || have.Service != "sts" {
		return false
	}
	role, isRole := strings.CutPrefix(want.Resource, "role/")
	session, isSession := strings.CutPrefix(have.Resource, "assumed-role/")
	name, _, ok := strings.Cut(session, "/")
	return isRole && isSession && ok && name == role[strings.LastIndexByte(role, '/')+1:]
}

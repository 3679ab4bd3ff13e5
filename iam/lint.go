package iam

import (
	"github.com/sluicegate/sluice/authz/policy"
)

// RoleWarnings returns warnings about giving a role to the guests, or to the authenticated identities, of a pool. It evaluates
// the trust policy for identities that it should not trust, so it finds a missing condition however the policy is written.
func (s *Service) RoleWarnings(roleARN, poolID string, guest bool) []string {
	r := s.current.Load().byARN[roleARN]
	if r == nil {
		return []string{"the role " + roleARN + " does not exist"}
	}
	kind, other := "authenticated", "unauthenticated"
	if guest {
		kind, other = other, kind
	}
	trusts := func(pool, amr string) bool {
		t := taking{
			action: "sts:AssumeRoleWithWebIdentity", principalType: "Federated", principal: poolProvider, sessionName: "CognitoIdentityCredentials",
			provider: poolProvider, audience: []string{pool}, subject: "us-east-1:00000000-0000-4000-8000-000000000000", amr: []string{amr},
			more: s.globals(Env{}, "sts"),
		}
		return r.trusts(&t)
	}
	var warnings []string
	if !trusts(poolID, kind) {
		warnings = append(warnings, "the trust policy of "+roleARN+" does not let the pool's "+kind+" identities take the role")
	}
	if trusts("us-east-1:ffffffff-ffff-4fff-bfff-ffffffffffff", kind) {
		warnings = append(warnings, "the trust policy of "+roleARN+" does not compare "+poolProvider+":aud: identities of any pool may take the role")
	}
	if trusts(poolID, other) {
		warnings = append(warnings, "the trust policy of "+roleARN+" does not compare "+poolProvider+":amr: "+other+" identities may take the role, too")
	}
	anything := policy.Layers{Identity: r.identity, Boundary: r.boundary}
	if guest && anything.Decide(&policy.Request{Action: "probe:Probe", Resource: "arn:aws:probe:::probe", Context: policy.MapContext{}}).Effect == policy.Allow {
		warnings = append(warnings, "the guest role "+roleARN+" allows every action on every resource")
	}
	return warnings
}

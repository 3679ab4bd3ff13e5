package passing

import (
	"net/netip"
	"slices"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/throttle"
)

// Holder returns whose the bodies of a caller are when space is shared out: the user's, whatever sessions they have; the role's, if
// its sessions, whose names callers choose, belong to no user. Guests of identity pools get as many identities as they ask for, so
// they and callers without a credential are one holder for each network.
func Holder(p *principal.Principal, client netip.Addr) string {
	switch {
	case p.Kind == principal.Anonymous, slices.Contains(p.AMR, "unauthenticated"):
		return "network " + throttle.Network(client).String()
	case p.IdentityID != "":
		return "identity " + p.IdentityID
	case len(p.Logins) > 0:
		return "user " + p.Logins[0].Issuer + " " + p.Logins[0].Subject
	case p.RoleARN != "" && p.Kind == principal.RoleSession:
		return "role " + p.RoleARN
	}
	return "user " + p.Issuer + " " + p.AWSUserID()
}

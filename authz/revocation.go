package authz

import (
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/revoke"
)

// IndexRevocations are the Revocations of a revoke.Index.
type IndexRevocations struct {
	Index *revoke.Index
	// UpToDate says whether the index can be relied on; nil: always, as in a single process.
	UpToDate func() bool
}

// Epoch is the index's.
func (r *IndexRevocations) Epoch() uint64 { return r.Index.Epoch() }

// Fresh asks UpToDate.
func (r *IndexRevocations) Fresh() bool { return r.UpToDate == nil || r.UpToDate() }

// Revoked asks for the token, or for the role, the identity and every sign-in behind a session.
func (r *IndexRevocations) Revoked(p *principal.Principal) bool {
	if p.Kind == principal.User || p.Kind == principal.Machine {
		return r.Index.Revoked(revoke.Credential{Issuer: p.Issuer, Subject: p.Subject, OriginJTI: p.OriginJTI,
			AuthTime: p.AuthTime, IssuedAt: p.IssuedAt})
	}
	if p.RoleARN == "" && p.IdentityID == "" && len(p.Logins) == 0 {
		return false // the administrator's key
	}
	if r.Index.Revoked(revoke.Credential{Role: p.RoleARN, Identity: p.IdentityID, IssuedAt: p.IssuedAt}) {
		return true
	}
	// A session dies with the token that it was got with, whenever that was: an old token must not give a young session.
	for _, l := range p.Logins {
		if r.Index.Revoked(revoke.Credential{Issuer: l.Issuer, Subject: l.Subject, OriginJTI: l.OriginJTI,
			AuthTime: l.AuthTime, IssuedAt: l.IssuedAt}) {
			return true
		}
	}
	return false
}

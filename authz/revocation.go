package authz

import (
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/revoke"
)

// IndexRevocations implements Revocations with a revoke.Index.
type IndexRevocations struct {
	Index *revoke.Index // of what is revoked
	// UpToDate reports whether the index is up to date. nil means always, as in a single process.
	UpToDate func() bool
}

// SessionFamily returns the name under which the index revokes a session of a browser, as if it were a family of tokens. No
// token has such an origin_jti.
func SessionFamily(id string) string { return "edge session " + id }

// Epoch implements Revocations.
func (r *IndexRevocations) Epoch() uint64 { return r.Index.Epoch() }

// Fresh implements Revocations.
func (r *IndexRevocations) Fresh() bool { return r.UpToDate == nil || r.UpToDate() }

// Revoked looks up the token, or the role, the identity and every sign-in that a session came from.
func (r *IndexRevocations) Revoked(p *principal.Principal) bool {
	if p.SessionID != "" && r.Index.Revoked(revoke.Credential{Issuer: p.Issuer, Subject: p.Subject, OriginJTI: SessionFamily(p.SessionID),
		AuthTime: p.AuthTime, IssuedAt: p.IssuedAt}) {
		return true
	}
	if p.Kind == principal.User || p.Kind == principal.Machine {
		return r.Index.Revoked(revoke.Credential{Issuer: p.Issuer, Subject: p.Subject, OriginJTI: p.OriginJTI,
			AuthTime: p.AuthTime, IssuedAt: p.IssuedAt})
	}
	if p.RoleARN == "" && p.IdentityID == "" && len(p.Logins) == 0 {
		return false // the administrator's access key
	}
	if r.Index.Revoked(revoke.Credential{Role: p.RoleARN, Identity: p.IdentityID, IssuedAt: p.IssuedAt}) {
		return true
	}
	// A session is revoked with the token that it was obtained with, regardless of the session's age: an old token must
	// not create a new session.
	for _, l := range p.Logins {
		if r.Index.Revoked(revoke.Credential{Issuer: l.Issuer, Subject: l.Subject, OriginJTI: l.OriginJTI,
			AuthTime: l.AuthTime, IssuedAt: l.IssuedAt}) {
			return true
		}
	}
	return false
}

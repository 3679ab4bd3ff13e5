package authz

import (
	"time"

	"github.com/sluicegate/sluice/authz/principal"
)

// Ended reports whether a credential has expired or been revoked since it was accepted. The host calls it during a long
// response. epoch is the value that the last call returned, 0 at first; while there is no new revocation, a call is
// cheap. Revocations that are out of date do not end a response; they only cause new requests to be refused.
func (e *Engine) Ended(p *principal.Principal, expires time.Time, epoch uint64) (ended bool, next uint64) {
	if p.Kind == principal.Anonymous {
		return false, epoch
	}
	if !expires.IsZero() && !e.now().Before(expires) {
		return true, epoch
	}
	revocations := e.o.Revocations
	if revocations == nil {
		return false, epoch
	}
	next = revocations.Epoch() + 1 // read before the lookup, as in checkRevoked
	if next == epoch {
		return false, epoch
	}
	return revocations.Revoked(p), next
}

// EndedRefusal returns the refusal of a request whose credential has ended since it was accepted.
func (e *Engine) EndedRefusal(r *Result) *Refusal {
	switch {
	case r.ExpiresAt.IsZero() || e.now().Before(r.ExpiresAt):
		return refuse(Revoked)
	case r.Verified != nil || r.Session != nil:
		return refuse(SessionExpired)
	}
	return refuse(TokenExpired)
}

package authz

import (
	"time"

	"github.com/sluicegate/sluice/authz/principal"
)

// Ended reports whether a credential that passed has expired or been revoked since. The host asks while it serves a
// response that lasts. epoch is what the last call returned, 0 at first; while nothing is revoked, a call is cheap.
// Revocations that are out of date end nothing: they refuse new requests.
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

package tokens

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// This file separates tokens issued before a revocation from those issued after it, in all processes that share a store, although iat has
// whole seconds only and the clocks of the processes differ.
//
// revoke.Issued revokes every iat up to and including the second of its moment, and the store keeps it. Whoever issues tokens reads it before
// the user, and dates the tokens at the time of that read or in the first second that is not revoked, which may be ahead of the clock. So
// tokens whose user was read after a revocation was complete are valid, and all others are not. The clock is that of the store: the
// database's, or, for a file, that of this machine.

// moment is a point before which nothing of a user was read.
type moment struct {
	at    time.Time // by the clock of the store
	floor time.Time // the first second that no revocation had revoked then
}

// maxAhead is how far the iat of a user's tokens may run ahead of the clock. Each sign-out within the same second moves iat
// by one second. It is less than userpool.ClockLeeway, which verifiers allow.
const maxAhead = 20 * time.Second

// It does not compile if tokens can be further ahead of a process's clock than revoke.MaxLead.
const _ = uint64(revoke.MaxLead - userpool.ClockLeeway - maxAhead)

// moment returns the present. now is this process's time before the transaction began. A transaction that writes
// takes it from an earlier one: reading what revocations write would make it fail when an unrelated revocation is written.
func (s *Service) moment(tx store.Tx, now time.Time, poolID, sub string) (moment, error) {
	last, at, err := tx.Revocations.Last(string(revoke.KindIssued), s.o.Pools.IssuerOf(poolID)+"\n"+sub)
	if err != nil {
		return moment{}, err
	}
	if at.IsZero() {
		at = now
	}
	return moment{at: at, floor: last.NotBefore}, nil
}

// momentOf is moment in a separate transaction.
func (s *Service) momentOf(ctx context.Context, poolID, sub string) (m moment, err error) {
	now := s.base.Now()
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		m, err = s.moment(tx, now, poolID, sub)
		return err
	})
	return m, err
}

// second returns the iat of tokens whose user was read from that moment on. store.Revocations.Advance revokes up to that second.
// At maxAhead it does not advance until the clock does. Tokens issued until then are revoked from the start, and a refresh replaces them a
// second later.
func (m moment) second() time.Time {
	second := m.at.Truncate(time.Second)
	latest := second.Add(maxAhead)
	switch {
	case m.floor.After(latest):
		return latest
	case m.floor.After(second):
		return m.floor
	}
	return second
}

// cut is a revocation of what a user was issued, in a transaction that may last.
type cut struct {
	poolID, sub string
	began       time.Time // when the transaction began, by the clock of this process
	at          time.Time // the same by the clock of the store
	end         time.Time // the first second that is not revoked; zero if all are
}

// late returns the revocation again if its last second had passed at a time, by the clock of this process, at which the transaction
// was complete: a token whose user was read before that, and not as the revocation left them, may have a later iat.
func (c *cut) late(issuer string, now time.Time) (r revoke.Record, late bool) {
	second := c.at.Add(now.Sub(c.began)).Truncate(time.Second)
	if c.end.IsZero() || second.Before(c.end) {
		return r, false
	}
	return revoke.Issued(issuer, c.sub, second, now.Add(tokenAfterlife)), true
}

package tokens

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

// cutoffs separates tokens issued before a revocation from those issued after it, although iat has whole seconds only.
//
// revoke.Issued revokes every iat up to and including the second of its moment. Tokens whose user was read after the
// revocation was complete get a later iat, which may be ahead of the clock. All others get the second in which the read
// began, and are revoked. The order is that of the numbers of revocations, not that of the clock.
type cutoffs struct {
	mu      sync.Mutex
	begun   uint64              // how many revocations have begun; each has its number, from 1
	running map[uint64]struct{} // those that have not ended
	oldest  uint64              // the first that has not ended; begun+1 if all have
	users   *bounded.Map[userKey, cutoff]
	evicted cutoff // the latest second and number of users that the table no longer holds
}

// userKey names a user.
type userKey struct{ poolID, sub string }

type cutoff struct {
	at   time.Time // the second of the last revocation
	turn uint64    // begun at that time; the revocation is complete when all up to this number have ended
}

const (
	maxCutoffs   = 65_536
	cutoffMemory = time.Minute // how long after its second a cutoff is kept; every new iat is later by then
)

func newCutoffs(limit int) *cutoffs {
	return &cutoffs{oldest: 1, running: map[uint64]struct{}{}, users: bounded.New[userKey, cutoff](limit)}
}

// moment is a point at which reading a user began.
type moment struct {
	at   time.Time
	turn uint64 // all revocations before this number had ended
}

func (c *cutoffs) moment(now time.Time) moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return moment{now, c.oldest}
}

// begin opens a revocation. The caller must call end after the transaction, whether it succeeded or not.
func (c *cutoffs) begin() (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	number := c.begun
	c.running[number] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.running, number)
		for c.oldest <= c.begun {
			if _, runs := c.running[c.oldest]; runs {
				return
			}
			c.oldest++
		}
	}
}

// maxAhead is how far the iat of a user's tokens may run ahead of the clock. Each sign-out within the same second moves iat
// by one second. It is less than userpool.ClockLeeway, which verifiers allow.
const maxAhead = 20 * time.Second

// raise returns the second of a revocation: now, or later if the user has tokens with a later iat. It never fails. At
// maxAhead neither the second nor the iat of new tokens advances until the clock does. Tokens issued until then are
// revoked from the start, and a refresh replaces them a second later.
func (c *cutoffs) raise(poolID, sub string, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := userKey{poolID, sub}
	at := now.Truncate(time.Second)
	if last := c.of(key, now); !at.After(last.at) {
		at = last.at.Add(time.Second)
	}
	if latest := latestIssue(now); at.After(latest) {
		at = latest
	}
	if lost, full := c.users.Put(key, cutoff{at, c.begun}, at.Add(cutoffMemory), now); full {
		if lost.at.After(c.evicted.at) {
			c.evicted.at = lost.at
		}
		c.evicted.turn = max(c.evicted.turn, lost.turn)
	}
	return at
}

// of returns a user's cutoff. For a user whom the table does not hold it returns evicted, since the user's own cutoff may
// have been evicted.
func (c *cutoffs) of(key userKey, now time.Time) cutoff {
	if u, ok := c.users.Get(key, now); ok {
		return u
	}
	return c.evicted
}

// issueTime returns the iat of tokens whose user was read from that moment on.
func (c *cutoffs) issueTime(poolID, sub string, from moment) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := from.at.Truncate(time.Second)
	if u := c.of(userKey{poolID, sub}, from.at); u.turn < from.turn && !at.After(u.at) {
		at = u.at.Add(time.Second)
	}
	if latest := latestIssue(from.at); at.After(latest) {
		return latest
	}
	return at
}

// latestIssue returns the latest iat of a token issued now.
func latestIssue(now time.Time) time.Time { return now.Truncate(time.Second).Add(maxAhead) }

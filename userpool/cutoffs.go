package userpool

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

// cutoffs tells tokens issued before a revocation from those issued after it, although iat has whole seconds only.
//
// revoke.Issued kills every iat up to and including the second of the revocation. Tokens whose user was read after the
// revocation was complete get a later iat, which may be ahead of the clock; all others get the second in which the read
// began, and are dead. Counting revocations decides what is "after", not the clock.
type cutoffs struct {
	mu      sync.Mutex
	begun   uint64              // the number of revocations so far; each is known by its number, from 1
	running map[uint64]struct{} // those that have not ended
	oldest  uint64              // the first that has not ended; begun+1 if all have
	users   *bounded.Map[tableKey, cutoff]
	evicted cutoff // of the users that the table no longer holds: the latest second and number among them
}

type cutoff struct {
	at   time.Time // the second of the last revocation
	turn uint64    // begun at the time; the revocation is complete when all up to this one have ended
}

const (
	maxCutoffs   = 65_536
	cutoffMemory = time.Minute // how long after its second a cut-off is kept; no iat is before it by then
)

func newCutoffs(limit int) *cutoffs {
	return &cutoffs{oldest: 1, running: map[uint64]struct{}{}, users: bounded.New[tableKey, cutoff](limit)}
}

// moment is a point in time at which reading began.
type moment struct {
	at   time.Time
	turn uint64 // all revocations before this one had ended
}

func (c *cutoffs) moment(now time.Time) moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return moment{now, c.oldest}
}

// begin opens a revocation. The caller must call end when the transaction has ended, whether it succeeded or not.
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
			if _, still := c.running[c.oldest]; still {
				return
			}
			c.oldest++
		}
	}
}

// maxAhead is how far the iat of a user's tokens may be ahead of the clock: each sign-out within one second moves it by
// another second. It is below clockLeeway, which every verifier of the tokens allows.
const maxAhead = 20 * time.Second

// raise returns the second of a revocation. It is not before now nor before any iat given to the user so far. A
// revocation never fails: at maxAhead both the second and the iat of new tokens stop until the clock moves on. The tokens
// issued meanwhile are dead, and a refresh replaces them a second later.
func (c *cutoffs) raise(poolID, sub string, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := tableKeyOf(poolID, sub)
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

// of returns a user's cut-off. A user that the table does not hold may have been evicted from it.
func (c *cutoffs) of(key tableKey, now time.Time) cutoff {
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
	if u := c.of(tableKeyOf(poolID, sub), from.at); u.turn < from.turn && !at.After(u.at) {
		at = u.at.Add(time.Second)
	}
	if latest := latestIssue(from.at); at.After(latest) {
		return latest
	}
	return at
}

// latestIssue is the latest iat of a token issued now.
func latestIssue(now time.Time) time.Time { return now.Truncate(time.Second).Add(maxAhead) }

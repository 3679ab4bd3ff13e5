package tokens

import (
	"math"
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// cutoffs separates tokens issued before a revocation from those issued after it, although iat has whole seconds only.
//
// revoke.Issued revokes every iat up to and including the second of its moment. Tokens whose user was read after the
// revocation was complete get a later iat, which may be a second or two ahead of the clock. All others get the second in
// which the read began, and are revoked. A counter, not the clock, decides what is after.
type cutoffs struct {
	mu      sync.Mutex
	running int    // revocations that have begun and not ended
	turn    uint64 // grows as revocations end
	users   map[userKey]cutoff
}

// userKey names a user.
type userKey struct{ poolID, sub string }

type cutoff struct {
	at   time.Time // the second of the last revocation
	turn uint64    // when its revocation ended; pending until then
}

const pending = math.MaxUint64

func newCutoffs() *cutoffs { return &cutoffs{users: map[userKey]cutoff{}} }

// moment is a point at which reading a user began.
type moment struct {
	at   time.Time
	turn uint64
}

func (c *cutoffs) moment(now time.Time) moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return moment{now, c.turn}
}

// begin opens a revocation. The caller must call end after the transaction, whether it succeeded or not.
func (c *cutoffs) begin() (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.turn++
		if c.running--; c.running > 0 {
			return
		}
		for k, u := range c.users {
			if u.turn == pending {
				u.turn = c.turn
				c.users[k] = u
			}
		}
	}
}

// maxAhead is how far the iat of a user's tokens may run ahead of the clock. Each sign-out within the same second moves iat
// by one second. It is less than userpool.ClockLeeway, which verifiers allow.
const maxAhead = 20 * time.Second

// raise returns the second of a revocation: now, or later if the user has tokens with a later iat. It refuses a user who
// signs out so often that iat would exceed maxAhead.
func (c *cutoffs) raise(poolID, sub string, now time.Time) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := now.Truncate(time.Second)
	key := userKey{poolID, sub}
	if last, ok := c.users[key]; ok && !at.After(last.at) {
		at = last.at.Add(time.Second)
	}
	if at.Sub(now) > maxAhead {
		return time.Time{}, fault.New(fault.TooManyRequests, "Too many requests")
	}
	if len(c.users) >= 1024 {
		c.tidy(now)
	}
	c.users[key] = cutoff{at, pending}
	return at, nil
}

// tidy removes entries that are so old that no new iat can be before them.
func (c *cutoffs) tidy(now time.Time) {
	for k, u := range c.users {
		if u.turn != pending && now.Sub(u.at) > time.Minute {
			delete(c.users, k)
		}
	}
}

// issueTime returns the iat of tokens whose user was read from that moment on.
func (c *cutoffs) issueTime(poolID, sub string, from moment) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := from.at.Truncate(time.Second)
	if u, ok := c.users[userKey{poolID, sub}]; ok && u.turn <= from.turn && !at.After(u.at) {
		return u.at.Add(time.Second)
	}
	return at
}

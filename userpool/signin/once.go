package signin

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

const (
	// maxUsed bounds the used sessions that are remembered, of users and of stand-ins each. An entry takes about 150 bytes.
	// One address can use 45,000 sessions in maxSessionLife, at 50 calls a second.
	maxUsed = 200_000

	maxSessionLife = 15 * time.Minute // the longest AuthSessionValidity
)

// Used remembers which sessions of sign-ins were used. Machines over the same store can share one, as before and after a
// reload, so that no session serves twice.
type Used struct {
	users, standIns *onceSet // standIns has the sessions of names that no user has
}

// NewUsed returns an empty Used, bounded to 200,000 sessions of users and as many of names that no user has.
func NewUsed(now func() time.Time) *Used { return newUsed(now, maxUsed) }

func newUsed(now func() time.Time, limit int) *Used {
	return &Used{users: newOnceSet(now, limit), standIns: newOnceSet(now, limit)}
}

// onceSet remembers used sessions for as long as they could be used again. A full set refuses no session and allows no
// second use: it evicts the session that was issued first, and from then on counts every session as used that was issued
// no later. A session stays usable unless the whole set is replaced before its answer comes.
type onceSet struct {
	now func() time.Time

	mu      sync.Mutex
	used    *bounded.Map[[32]byte, time.Time] // when each session was issued
	evicted time.Time                         // the latest of those that were evicted
}

// newOnceSet returns a set that remembers up to limit sessions.
func newOnceSet(now func() time.Time, limit int) *onceSet {
	return &onceSet{now: now, used: bounded.New[[32]byte, time.Time](limit)}
}

// use marks a session as used. It returns errSessionUsed if the session is marked or too old to be remembered.
func (o *onceSet) use(key [32]byte, issued time.Time) error {
	now, expires := o.now(), issued.Add(maxSessionLife)
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, used := o.used.Get(key, now); used || !issued.After(o.evicted) || !now.Before(expires) {
		return errSessionUsed
	}
	if first, full := o.used.Put(key, issued, expires, now); full && first.After(o.evicted) {
		o.evicted = first
	}
	return nil
}

// release unmarks a session.
func (o *onceSet) release(key [32]byte) { o.used.Delete(key) }

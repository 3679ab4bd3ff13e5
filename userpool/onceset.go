package userpool

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

// maxSessionLife is the longest AuthSessionValidity.
const maxSessionLife = 15 * time.Minute

// onceSet remembers used sessions for as long as they could be used again. It neither refuses a session for want of room nor
// allows a second use: a full set evicts the session that was issued first, and from then on counts every session as used
// that was issued no later. Sessions issued within the time in which the whole set is replaced stay usable.
type onceSet struct {
	now func() time.Time

	mu      sync.Mutex
	used    *bounded.Map[tableKey, time.Time] // when each was issued
	evicted time.Time                         // the latest of those that were evicted
}

// newOnceSet returns a set that remembers up to limit sessions.
func newOnceSet(now func() time.Time, limit int) *onceSet {
	return &onceSet{now: now, used: bounded.New[tableKey, time.Time](limit)}
}

// use marks a session as used. It returns errSessionUsed if it was marked before, or is too old to be remembered.
func (o *onceSet) use(key tableKey, issued time.Time) error {
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

// release gives a session back.
func (o *onceSet) release(key tableKey) { o.used.Delete(key) }

package signin

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// maxUsed bounds the sessions that are remembered as used.
const maxUsed = 250_000

// onceSet remembers keys that were used, each until a time after which it is worthless anyway.
type onceSet struct {
	now func() time.Time
	max int

	mu   sync.Mutex
	used map[[32]byte]time.Time
	tidy time.Time // when expired entries were last removed
}

func newOnceSet(now func() time.Time, limit int) *onceSet {
	return &onceSet{now: now, max: limit, used: map[[32]byte]time.Time{}}
}

// use marks the key, or returns errSessionUsed if it is marked. A full set refuses, because forgetting a key would allow a
// second use.
func (o *onceSet) use(key [32]byte, until time.Time) error {
	now := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.used[key]; ok {
		return errSessionUsed
	}
	if now.Sub(o.tidy) > time.Minute || len(o.used) >= o.max {
		for k, t := range o.used {
			if !now.Before(t) {
				delete(o.used, k)
			}
		}
		o.tidy = now
	}
	if len(o.used) >= o.max {
		return fault.New(fault.TooManyRequests, "Too many requests")
	}
	o.used[key] = until
	return nil
}

// release unmarks the key.
func (o *onceSet) release(key [32]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.used, key)
}

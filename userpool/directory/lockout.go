package directory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// AWS, "Lockout behavior for failed sign-in attempts": the fifth wrong password locks the user for one second, and each
// further one doubles the lock, up to about fifteen minutes. Attempts during a lock fail and are not counted. A successful
// sign-in, or fifteen minutes without an attempt, reset the count. No setting turns the lockout off.
const (
	freeFailures = 5
	maxLock      = 15 * time.Minute
	quietTime    = 15 * time.Minute
)

// locked reports whether the lock is in effect.
func locked(f store.Failures, now time.Time) bool { return now.Before(f.LockedUntil) }

// failed returns the count after one more wrong password.
func failed(f store.Failures, now time.Time) store.Failures {
	if now.Sub(f.LastAt) >= quietTime {
		f = store.Failures{}
	}
	f.Count++
	f.LastAt = now
	if f.Count >= freeFailures {
		lock := maxLock
		if n := f.Count - freeFailures; n < 10 {
			lock = time.Second << n
		}
		f.LockedUntil = now.Add(min(lock, maxLock))
	}
	return f
}

// checkSlots lets at most freeFailures password checks of one user run at once, so that a burst of guesses cannot run
// before the first failure is counted. A caller must read the count again when it has a slot.
type checkSlots struct {
	mu   sync.Mutex
	open map[string]*userSlots
}

type userSlots struct {
	slots  chan struct{}
	strict chan struct{} // one at a time once there are failures
	users  int
}

func newCheckSlots() *checkSlots { return &checkSlots{open: map[string]*userSlots{}} }

// maxWaiting bounds the checks of one user, running and waiting.
const maxWaiting = 2048

// enter waits for a slot, or for all of them if failures are counted already. The caller must call leave once the check is
// counted.
func (c *checkSlots) enter(ctx context.Context, key string, failures int) (leave func(), err error) {
	c.mu.Lock()
	t := c.open[key]
	if t == nil {
		t = &userSlots{slots: make(chan struct{}, freeFailures), strict: make(chan struct{}, 1)}
		c.open[key] = t
	}
	if t.users >= maxWaiting {
		c.mu.Unlock()
		return nil, fault.New(fault.TooManyRequests, "Too many requests")
	}
	t.users++
	c.mu.Unlock()

	need := []chan struct{}{t.slots}
	if failures > 0 { // checks that began before the first failure must be counted first
		need = append([]chan struct{}{t.strict}, slices.Repeat(need, freeFailures)...)
	}
	held := 0
	leave = func() {
		for _, slot := range need[:held] {
			<-slot
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(c.open, key)
		}
	}
	for _, slot := range need {
		select {
		case slot <- struct{}{}:
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
		held++
	}
	return leave, nil
}

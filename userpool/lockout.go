package userpool

import (
	"context"
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// AWS, "Lockout behavior for failed sign-in attempts": after five wrong passwords a lock of one second, doubling with
// each further one up to about fifteen minutes. Attempts during a lock fail and are not counted. A good sign-in, or
// fifteen quiet minutes, begin the count anew. There is no switch.
const (
	freeFailures = 5
	maxLock      = 15 * time.Minute
	quietTime    = 15 * time.Minute
)

var errLocked = fault.New(fault.NotAuthorized, "Password attempts exceeded")

// locked reports whether passwords are not even looked at now.
func locked(f store.Failures, now time.Time) bool { return now.Before(f.LockedUntil) }

// failed is the count after one more wrong password.
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

// gates let at most freeFailures password checks of one user run at once, so that a burst of guesses cannot all be made
// before the first failure is counted: whoever waits reads the count again afterwards.
type gates struct {
	mu   sync.Mutex
	open map[string]*gate
}

type gate struct {
	slots  chan struct{}
	strict chan struct{} // one at a time once there are failures
	users  int
}

func newGates() *gates { return &gates{open: map[string]*gate{}} }

// maxAtGate is how many checks of one user may wait.
const maxAtGate = 2048

// enter waits for a slot; with failures already counted, for the only one. The returned function must be called when the
// check is counted; waited says that others were before, so that what was read of the user may be old.
func (g *gates) enter(ctx context.Context, key string, failures int) (leave func(), waited bool, err error) {
	g.mu.Lock()
	t := g.open[key]
	if t == nil {
		t = &gate{slots: make(chan struct{}, freeFailures), strict: make(chan struct{}, 1)}
		g.open[key] = t
	}
	if t.users >= maxAtGate {
		g.mu.Unlock()
		return nil, false, fault.New(fault.TooManyRequests, "Too many requests")
	}
	t.users++
	g.mu.Unlock()

	need := []chan struct{}{t.slots}
	if failures > 0 {
		need = []chan struct{}{t.strict, t.slots}
	}
	held := 0
	leave = func() {
		for _, c := range need[:held] {
			<-c
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(g.open, key)
		}
	}
	for _, c := range need {
		select {
		case c <- struct{}{}:
		default:
			waited = true
			select {
			case c <- struct{}{}:
			case <-ctx.Done():
				leave()
				return nil, true, ctx.Err()
			}
		}
		held++
	}
	return leave, waited, nil
}

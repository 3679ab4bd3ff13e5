package directory

import (
	"context"
	"sync"

	"github.com/sluicegate/sluice/fault"
)

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

// enter waits for a slot, or for the only one if failures are counted already. The caller must call leave once the check is
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
	if failures > 0 {
		need = []chan struct{}{t.strict, t.slots}
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

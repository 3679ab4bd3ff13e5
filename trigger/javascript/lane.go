package javascript

import (
	"sync"
	"time"
)

const (
	slowShare = 50                   // all slow calls together get this fraction (one 50th) of one processor
	slowSlice = 2 * time.Millisecond // that a slow call computes at a time: waking up more often costs others more than the computing
)

// lane shares a fraction of one processor among functions with slow calls, and the share of a function among its slow calls.
type lane struct {
	mu    sync.Mutex
	calls map[*debt]int // that are slow, by function
}

var slowLane = &lane{calls: map[*debt]int{}}

// ticket is the place of a call in the lane. A machine that does not stop gives it up before it ends.
type ticket struct {
	lane     *lane
	function *debt
	joined   bool // lane.mu guards it
	lost     bool // lane.mu guards it
}

// join adds the call, unless its machine is lost.
func (t *ticket) join() {
	t.lane.mu.Lock()
	defer t.lane.mu.Unlock()
	if !t.joined && !t.lost {
		t.joined = true
		t.lane.calls[t.function]++
	}
}

// leave removes the call, if it is there.
func (t *ticket) leave() {
	t.lane.mu.Lock()
	defer t.lane.mu.Unlock()
	t.remove()
}

// abandon removes the call for good.
func (t *ticket) abandon() {
	t.lane.mu.Lock()
	defer t.lane.mu.Unlock()
	t.lost = true
	t.remove()
}

// remove is leave with lane.mu locked.
func (t *ticket) remove() {
	if !t.joined {
		return
	}
	t.joined = false
	if t.lane.calls[t.function]--; t.lane.calls[t.function] == 0 {
		delete(t.lane.calls, t.function)
	}
}

// others returns how many other calls of the function are slow.
func (t *ticket) others() int {
	t.lane.mu.Lock()
	defer t.lane.mu.Unlock()
	n := t.lane.calls[t.function]
	if t.joined {
		n--
	}
	return n
}

// wait pauses for what the slice costs, or until done.
func (t *ticket) wait(slice time.Duration, done <-chan struct{}) {
	t.lane.mu.Lock()
	shares := slowShare * max(len(t.lane.calls), 1) * max(t.lane.calls[t.function], 1)
	t.lane.mu.Unlock()
	timer := time.NewTimer(slice * time.Duration(shares-1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	}
}

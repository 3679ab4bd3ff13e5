package node

import (
	"sync"
	"time"
)

// patience is how long unused Services wait for calls in progress. It keeps a client that sends its body slowly from delaying
// a reload.
const patience = 10 * time.Second

// calls counts the API calls in progress, because a host may close a node before its last requests have ended. The zero value
// admits calls.
type calls struct {
	mu    sync.Mutex
	n     int
	ended chan struct{} // closed after the last call; nil = calls are admitted
}

// begin admits a call. It returns false after close.
func (c *calls) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return false
	}
	c.n++
	return true
}

// end must be called when an admitted call has been answered.
func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.ended != nil {
		close(c.ended)
	}
}

// close admits no more calls and waits up to most for the others. It returns false if some have not ended in that time.
func (c *calls) close(most time.Duration) bool {
	c.mu.Lock()
	c.ended = make(chan struct{})
	if c.n == 0 {
		close(c.ended)
	}
	c.mu.Unlock()
	select {
	case <-c.ended:
		return true
	case <-time.After(most):
		return false
	}
}

package caddymodule

import (
	"sync"
	"time"
)

// patience is how long a runtime that nobody uses any more waits for calls that are under way. A client that sends its
// body for longer than that is not worth holding a reload up.
const patience = 10 * time.Second

// calls counts the calls of the APIs that a runtime is answering: Caddy ends what a configuration holds while requests of
// the old one may still be under way. The zero value lets calls in.
type calls struct {
	mu    sync.Mutex
	n     int
	ended chan struct{} // closed with the last call; nil = calls are let in
}

// begin lets a call in; false when the runtime ends.
func (c *calls) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return false
	}
	c.n++
	return true
}

// end is told that a call is over.
func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.ended != nil {
		close(c.ended)
	}
}

// close lets nobody in any more and waits for those inside, up to most; false when some are still there.
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

package javascript

import (
	"fmt"
	"sync"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

const (
	grace   = 2 * time.Second // that a machine has to stop after its call, or its loading, has ended
	maxLost = 4               // machines of a function that do not stop; with as many, its calls fail
)

// hold is what a job keeps from other jobs: its place in the queue, its share of the slow lane, and the loading lock while it loads a
// changed version.
//
// The engine cannot stop a built-in function, such as the search for a long string in a longer one. A machine in such a function does
// not notice that its call has ended. After grace it counts as lost: its hold is released although the machine still computes.
type hold struct {
	r   *Runtime
	job *job

	mu    sync.Mutex
	phase phase
	lost  bool
	timer *time.Timer // of loading
	free  func()      // called if loading does not stop; may be nil
}

// phase is what a job does.
type phase int

const (
	running phase = iota
	loading
	finished
)

// load is called before the machine of the job loads its files.
func (h *hold) load(free func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase, h.free = loading, free
	h.timer = time.AfterFunc(h.r.o.loadTime+h.r.o.grace, func() { h.lose(loading) })
}

// loaded is called after loading. It returns false if the job was lost meanwhile.
func (h *hold) loaded() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer.Stop()
	h.phase = running
	return !h.lost
}

// expire is called when the call has ended and the job may not have.
func (h *hold) expire() { time.AfterFunc(h.r.o.grace, func() { h.lose(running) }) }

// lose counts the machine as lost if the job is still in the phase.
func (h *hold) lose(in phase) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.phase != in {
		return
	}
	if in == loading && h.free != nil {
		h.free()
	}
	if h.lost {
		return
	}
	h.lost = true
	lost := h.r.lost.Add(1)
	h.r.o.Log.Error("a trigger function does not stop; its machine is busy in a built-in function", "function", h.job.call.ARN, "request_id",
		h.job.call.RequestID, "file", h.r.o.File, "machines", lost, "limit", maxLost)
	h.job.slow.abandon()
	h.r.queue.abandon(h.job)
}

// finish is called when the job has ended. It returns the next one.
func (h *hold) finish() *job {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase = finished
	if h.lost {
		h.r.lost.Add(-1)
	}
	return h.r.queue.finish(h.job)
}

// errLost is the error of a job that was lost and has stopped after all. The caller has gone.
var errLost = &trigger.InvokeError{Reason: "the call did not stop in time"}

// checkLost returns an error if so many machines are lost that no further one may start.
func (r *Runtime) checkLost() error {
	if n := r.lost.Load(); n >= maxLost {
		return &trigger.InvokeError{Reason: fmt.Sprintf("%d calls of %s do not stop; correct the handler, which passes very long input to a built-in function, and restart", n, r.o.File)}
	}
	return nil
}

package javascript

import "time"

// Hurry shortens the times after which a machine counts as lost.
func (o *Options) Hurry() { o.loadTime, o.grace = 300*time.Millisecond, 100*time.Millisecond }

// AtFullSpeed returns how long a call that begins now may compute at full speed.
func (r *Runtime) AtFullSpeed() time.Duration { return r.o.debt.allowance(r.o.Now()) }

// Drain waits until no call holds a machine.
func (r *Runtime) Drain() {
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	for range cap(r.slots) {
		<-r.slots
	}
}

// SlowCalls returns how many calls have used up their time at full speed.
func (r *Runtime) SlowCalls() int {
	slowLane.mu.Lock()
	defer slowLane.mu.Unlock()
	return slowLane.calls[r.o.debt]
}

// Lost returns how many machines count as lost.
func (r *Runtime) Lost() int { return int(r.lost.Load()) }

// Patient makes a machine count as lost after an hour only.
func (o *Options) Patient() { o.grace = time.Hour }

// Stop notes that a call was stopped that had computed at full speed for so long.
func (r *Runtime) Stop(used time.Duration) { r.o.debt.add(used, r.o.Now()) }

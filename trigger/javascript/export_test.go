package javascript

import (
	"context"
	"time"
)

// Hurry shortens the times after which a machine counts as lost.
func (o *Options) Hurry() { o.loadTime, o.grace = 300*time.Millisecond, 100*time.Millisecond }

// NeverSlow lets calls compute at full speed for an hour, for tests of what much computing does and not of how fast.
func (o *Options) NeverSlow() { o.fullSpeed = time.Hour }

// AtFullSpeed returns how long a call that begins now may compute at full speed.
func (r *Runtime) AtFullSpeed() time.Duration { return r.o.debt.allowance(r.o.Now(), r.SlowCalls()) }

// Drain waits until no call is in progress.
func (r *Runtime) Drain() {
	for r.InProgress() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// InProgress returns how many calls have begun and not ended.
func (r *Runtime) InProgress() int {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	return r.queue.begun
}

// Waiting returns how many calls have not begun.
func (r *Runtime) Waiting() int {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	return len(r.queue.waiting)
}

// Computing returns how many calls compute.
func (r *Runtime) Computing() int {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	return r.queue.computing
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

// LoadLost is the loading of a call that came to count as lost before it began to load.
func (r *Runtime) LoadLost() error {
	j := &job{ctx: context.Background(), came: r.o.Now(), slow: ticket{lane: slowLane, function: r.o.debt}}
	j.hold.r, j.hold.job, j.hold.lost = r, j, true
	_, err := r.update(j)
	return err
}

// CloseWhileSlow closes the machine of a slow call, as when preparing it fails, and returns how many calls are slow before and after.
func (r *Runtime) CloseWhileSlow() (before, after int, err error) {
	j := &job{ctx: context.Background(), came: r.o.Now(), slow: ticket{lane: slowLane, function: r.o.debt}}
	v, err := readVersion(r.o.File)
	if err != nil {
		return 0, 0, err
	}
	m, err := newMachine(r, v, j)
	if err != nil {
		return 0, 0, err
	}
	m.pace.slow = true
	j.slow.join()
	before = r.SlowCalls()
	m.close()
	return before, r.SlowCalls(), nil
}

// Builtins are the modules of the prelude and the names that they export.
func Builtins() map[string][]string { return builtins }

// Watched returns how many paths are watched, and their bytes.
func (r *Runtime) Watched() (n, size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version.mu.Lock()
	defer r.version.mu.Unlock()
	for path := range r.version.stamps {
		size += len(path)
	}
	return len(r.version.stamps), size
}

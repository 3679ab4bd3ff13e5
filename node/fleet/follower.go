package fleet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sluicegate/sluice/store"
)

// The gaps of CatchUp: the shortest time between the last look at the store and the one that it waits for.
const (
	// Now is for callers who have proved who they are. Those who call at the same time share one look.
	Now time.Duration = 0
	// Soon is for calls without a signature, which read the store themselves.
	Soon = 2 * time.Millisecond
	// Bounded is for anonymous requests that otherwise need nothing from the store. Together they cause at most 50 looks a second.
	Bounded = 20 * time.Millisecond
)

const (
	// patience is how long CatchUp waits at most.
	patience = time.Second
	// lately is how long CatchUp reports that memory has changed. It is longer than it takes to decide on a request.
	lately = time.Second
)

// Follower applies what other processes change.
type Follower struct {
	changes  store.Changes // nil = the store is for one process only
	observer Observer
	log      *slog.Logger
	hurry    chan struct{} // a look may be due sooner

	mu      sync.Mutex
	running bool      // Run reads the changes, or is about to, and can
	stuck   bool      // a look takes longer than patience
	next    *look     // that callers of CatchUp wait for; nil = none
	looked  time.Time // when the last look began
	applied time.Time // when memory last changed
}

// look reads changes from the store once and applies them.
type look struct {
	gap  time.Duration
	done chan struct{} // closed at its end, whether it succeeded or not
}

// Watch begins to watch the store. What is read from the store after it returned is followed.
func Watch(ctx context.Context, st store.Store, log *slog.Logger, observer Observer) (*Follower, error) {
	f := &Follower{log: log, observer: observer, hurry: make(chan struct{}, 1)}
	w, ok := st.(store.Watcher)
	if !ok {
		return f, nil
	}
	var err error
	f.changes, err = w.Watch(ctx)
	f.running = err == nil // so that callers wait for Run
	return f, err
}

// Close ends watching.
func (f *Follower) Close() error {
	if f.changes == nil {
		return nil
	}
	return f.changes.Close()
}

// CatchUp returns when memory has what any process committed before the call. It waits for one look at the store that begins at least
// gap after the last one; any number of callers share it. It reports whether memory has changed within the last second, so that a
// decision that was made just before may come out differently now. If the changes cannot be read it returns at once, or after a second:
// callers then go on with what is known, as they do between two looks.
func (f *Follower) CatchUp(ctx context.Context, gap time.Duration) (changed bool) {
	f.mu.Lock()
	if !f.running || f.stuck {
		f.mu.Unlock()
		return false
	}
	l := f.next
	if l == nil {
		l = &look{gap: gap, done: make(chan struct{})}
		f.next = l
	}
	l.gap = min(l.gap, gap)
	f.mu.Unlock()
	select {
	case f.hurry <- struct{}{}:
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.done:
	case <-ctx.Done():
	case <-timer.C:
		f.mu.Lock()
		f.stuck = f.running
		f.mu.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.applied.IsZero() && time.Since(f.applied) < lately
}

// Run applies changes to memory until ctx is done.
func (f *Follower) Run(ctx context.Context, m Memory) {
	if f.changes == nil {
		return
	}
	f.follow(ctx, m.apply)
}

// follow calls apply with what changed, until ctx is done. What could not be applied is due again.
func (f *Follower) follow(ctx context.Context, apply func(context.Context, *changed) error) {
	var due changed
	defer f.end()
	for failing := false; ; {
		l, err := f.await(ctx)
		if err != nil {
			return
		}
		changes, err := f.changes.Look(ctx)
		due.add(changes)
		if err == nil && due.count > 0 {
			err = apply(ctx, &due)
		}
		f.looks(l, err == nil, due.count > 0)
		if err == nil {
			if due.count > 0 {
				f.observer.ChangesApplied(due.count)
			}
			due = changed{}
			f.observer.ChangesFollowed(true) // each time: a follower that a reload replaces may say false until it ends
			if failing {
				f.log.Info("changes by other processes are followed again")
			}
			failing = false
			continue
		}
		if ctx.Err() != nil {
			return
		}
		f.observer.ChangesFollowed(false)
		f.log.Log(ctx, levelOf(failing), "following the changes of other processes; it is tried again, and until then they take effect later", "error", err)
		failing = true
		Pause(ctx, changesPause)
	}
}

// await waits until a look is due, and returns what waits for it; nil if nothing does.
func (f *Follower) await(ctx context.Context) (*look, error) {
	for {
		if ctx.Err() != nil {
			return nil, ctx.Err() // who waits for the next look is released at the end
		}
		f.mu.Lock()
		now, due := time.Now(), f.looked.Add(f.changes.Every())
		if f.next != nil {
			due = f.looked.Add(min(f.next.gap, f.changes.Every()))
		}
		if !due.After(now) {
			l := f.next
			f.next, f.looked = nil, now
			f.mu.Unlock()
			return l, nil
		}
		f.mu.Unlock()
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-timer.C:
		case <-f.hurry:
			timer.Stop()
		}
	}
}

// looks notes that a look has ended. After a failed one, callers do not wait until one succeeds.
func (f *Follower) looks(l *look, ok, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stuck = false
	f.running = ok
	if changed {
		f.applied = time.Now()
	}
	if l != nil {
		close(l.done)
	}
	if !ok {
		f.looked = time.Time{} // the next one is due at once
		f.release()
	}
}

// end notes that nothing reads the changes any more.
func (f *Follower) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running = false
	f.release()
}

// release lets go who waits for a look that does not come. f.mu is held.
func (f *Follower) release() {
	if f.next != nil {
		close(f.next.done)
		f.next = nil
	}
}

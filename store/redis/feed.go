package redis

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
)

const (
	// PublishWait is how long Publish waits for Redis at most.
	PublishWait = 250 * time.Millisecond

	startWait  = 2 * time.Second        // how long Start waits at most
	closeWait  = 500 * time.Millisecond // how long Close waits for the queue to empty
	maxSilence = 3 * time.Second        // if Age is longer, Redis counts as away
	longestGap = time.Second            // between two attempts to connect
	firstGap   = 20 * time.Millisecond

	feedConnections = 2 // of a session
)

// The states of a Feed.
const (
	StateOK    = "ok"    // the process receives all revocations from Redis
	StateStale = "stale" // Redis has been away for less than Options.MaxStale
	StateLost  = "lost"  // Redis has been away for longer, or was never reached
)

// Feed connects a process to the revocation stream.
type Feed struct {
	o      Options
	stream string        // the key of the stream
	probe  string        // a key that never exists, on the same node of a cluster
	block  time.Duration // how long one read waits in Redis
	base   time.Time

	proved   atomic.Int64 // nanoseconds from base to the start of the last read that left nothing unread; 0 = none yet
	away     atomic.Bool  // the reader's last attempt failed
	mute     atomic.Bool  // the publisher's last attempt failed
	lifetime atomic.Int64 // of the longest-lived entry seen, in milliseconds
	trouble  atomic.Pointer[error]

	queue  *queue
	acked  acked         // what Redis acknowledged since the reader verified it
	back   chan struct{} // wakes the publisher: the reader has caught up after a connect, or check was set
	check  atomic.Bool   // compare the stream with Known once the queue is empty
	checks chan struct{} // wakes the comparison
	stalls chan struct{} // Redis took so long that a Publish of some process may not have waited for it

	tried   chan struct{} // closed when the first attempt to connect has ended
	tryOnce sync.Once
	mu      sync.Mutex
	running sync.WaitGroup
	stop    context.CancelFunc // nil = not running
	closed  bool
}

// New returns a Feed, or an error about the options. It does not connect.
func New(o Options) (*Feed, error) {
	if err := o.resolve(); err != nil {
		return nil, err
	}
	quietLibrary()
	stream := o.Prefix + "revocations"
	return &Feed{
		o: o, stream: stream, probe: "{" + stream + "}:probe", base: o.Now(),
		block: min(max(o.MaxStale/8, 10*time.Millisecond), 500*time.Millisecond),
		queue: newQueue(), back: make(chan struct{}, 1), checks: make(chan struct{}, 1),
		stalls: make(chan struct{}, 1), tried: make(chan struct{}),
	}, nil
}

// Start connects and reads the stream, so that the process knows all revocations before it serves. If Redis is away, Start
// returns after at most two seconds, and the Feed keeps trying. Further calls do nothing.
func (f *Feed) Start() {
	f.mu.Lock()
	if f.closed || f.stop != nil {
		f.mu.Unlock()
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	for _, loop := range []func(context.Context){f.read, f.publish, f.compare, f.watch} {
		f.running.Go(func() { loop(ctx) })
	}
	f.mu.Unlock()
	timer := time.NewTimer(startWait)
	defer timer.Stop()
	select {
	case <-f.tried:
	case <-timer.C:
	}
}

// Close sends waiting revocations, for at most half a second and only if Redis is there, and ends the Feed's goroutines.
// The next Feed that starts publishes the rest from Known. Further calls do nothing.
func (f *Feed) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	stop := f.stop
	f.mu.Unlock()
	empty := f.queue.close()
	if stop == nil {
		return nil
	}
	if !f.mute.Load() {
		timer := time.NewTimer(closeWait)
		defer timer.Stop()
		select {
		case <-empty:
		case <-timer.C:
		}
	}
	stop()
	f.running.Wait()
	return nil
}

// Publish applies the records in this process and sends them to all processes. It returns nil once Redis has acknowledged
// them. If Redis is slow it returns nil after PublishWait, and if Redis is away it returns nil at once; the Feed sends the
// records later. Publish returns the errors of Apply, fault.InvalidParameter for a record that cannot be encoded, and
// fault.Unavailable after Close.
func (f *Feed) Publish(ctx context.Context, records ...revoke.Record) error {
	if err := f.o.Apply(records...); err != nil {
		return err
	}
	now := f.o.Now().UnixMilli()
	var entries []entry
	for i := range records {
		r := &records[i]
		if r.Until <= now {
			continue
		}
		messages, err := encode(r)
		if err != nil {
			return err
		}
		for _, m := range messages {
			entries = append(entries, entry{message: m, until: r.Until})
		}
	}
	sent, fits, open := f.queue.push(entries)
	if !open {
		return fault.New(fault.Unavailable, "The revocation feed is closed.")
	}
	if !fits {
		// Known has the records. The comparison of the stream with Known publishes them.
		f.check.Store(true)
		wake(f.queue.ready)
		return nil
	}
	if f.mute.Load() {
		return nil
	}
	timer := time.NewTimer(PublishWait)
	defer timer.Stop()
	select {
	case <-sent:
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

// Age returns the time since the start of the last read that left nothing unread, or the longest Duration if there was
// none. It takes no lock.
func (f *Feed) Age() time.Duration {
	proved := f.proved.Load()
	if proved == 0 {
		return math.MaxInt64
	}
	return f.o.Now().Sub(f.base) - time.Duration(proved)
}

// State returns StateOK, StateStale or StateLost.
func (f *Feed) State() string {
	switch age := f.Age(); {
	case age > f.o.MaxStale:
		return StateLost
	case f.away.Load() || age > min(maxSilence, f.o.MaxStale/2):
		return StateStale
	}
	return StateOK
}

// prove records that a read that began at begun left nothing unread.
func (f *Feed) prove(begun time.Time) {
	f.proved.Store(max(1, int64(begun.Sub(f.base))))
	if f.away.Swap(false) {
		f.trouble.Store(nil)
	}
	f.hasTried()
}

func (f *Feed) hasTried() { f.tryOnce.Do(func() { close(f.tried) }) }

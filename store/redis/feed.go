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
	// PublishWait bounds Publish.
	PublishWait = 250 * time.Millisecond

	startWait  = 2 * time.Second        // bounds Start
	closeWait  = 500 * time.Millisecond // what Close gives the queue to empty
	maxSilence = 3 * time.Second        // without a proof for so long, Redis counts as away
	longestGap = time.Second            // between two attempts to connect
	firstGap   = 20 * time.Millisecond
)

// The states of a Feed.
const (
	StateOK    = "ok"    // everything that Redis has arrives here
	StateStale = "stale" // Redis is away, for less than Options.MaxStale
	StateLost  = "lost"  // it is away for longer, or was never there
)

// Feed is this process's end of the revocation stream.
type Feed struct {
	o      Options
	stream string        // its key
	probe  string        // a key that is never there, on the same node of a cluster
	block  time.Duration // how long one read waits in Redis
	base   time.Time

	proved   atomic.Int64 // nanoseconds from base to the begin of the last read that left nothing unread; 0 = none yet
	away     atomic.Bool  // the reader's last attempt failed
	mute     atomic.Bool  // the publisher's last attempt failed
	lifetime atomic.Int64 // of the longest-lived entry seen, in milliseconds
	trouble  atomic.Pointer[error]

	queue  *queue
	acked  acked         // what Redis took since the reader looked for it
	back   chan struct{} // the publisher is to look: the reader has caught up after a connect, or check was set
	check  atomic.Bool   // the stream is to be compared with Known once the queue is empty
	checks chan struct{}
	stalls chan struct{} // Redis took so long that a Publish somewhere may not have waited for it

	tried   chan struct{} // closed when the first attempt to connect has ended
	tryOnce sync.Once
	mu      sync.Mutex
	running sync.WaitGroup
	stop    context.CancelFunc // nil = not running
	closed  bool
}

// New makes a Feed. It does not connect: the errors are about the options.
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

// Start connects and reads what is there, so that the process does not serve before it knows. When Redis is away it
// returns all the same, at the latest after two seconds, and the Feed goes on trying.
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

// Close gives waiting revocations half a second to leave if Redis is there, and ends the Feed's goroutines. What stays
// behind is in Known, and is published by the next Feed that is started. Closing twice is fine.
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

// Publish applies the records here and sends them to all processes. It returns nil once Redis has them, or, while Redis is
// away or slow, once they wait to be sent: then they go out as soon as it is back. It waits at most PublishWait, and not at
// all when Redis is known to be away. Errors: what Apply says, fault.InvalidParameter for a record that cannot be written
// down, fault.Unavailable after Close.
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
		// Known has them: they are sent once the stream is compared with it.
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

// Age is how long ago the last read began after which nothing in Redis was unread; the longest Duration before the first.
// It takes no lock.
func (f *Feed) Age() time.Duration {
	proved := f.proved.Load()
	if proved == 0 {
		return math.MaxInt64
	}
	return f.o.Now().Sub(f.base) - time.Duration(proved)
}

// State is StateOK, StateStale or StateLost.
func (f *Feed) State() string {
	switch age := f.Age(); {
	case age > f.o.MaxStale:
		return StateLost
	case f.away.Load() || age > min(maxSilence, f.o.MaxStale/2):
		return StateStale
	}
	return StateOK
}

// prove records that a read that began at that time left nothing unread.
func (f *Feed) prove(begun time.Time) {
	f.proved.Store(max(1, int64(begun.Sub(f.base))))
	if f.away.Swap(false) {
		f.trouble.Store(nil)
	}
	f.hasTried()
}

func (f *Feed) hasTried() { f.tryOnce.Do(func() { close(f.tried) }) }

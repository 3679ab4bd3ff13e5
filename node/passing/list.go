package passing

import (
	"io"
	"sync"
	"time"
	"unsafe"
)

// List has the requests that are being served, and ends those whose credential expires or is revoked, such as tunnels, event
// streams, long downloads and uploads. All nodes of a process share one. The last node that uses it closes it.
type List struct {
	shards [listShards]shard
	stop   chan struct{}
	done   chan struct{}
}

const (
	listShards = 64
	// tick is how often credentials are checked. A request that takes less time only takes two short locks.
	tick = 250 * time.Millisecond
)

// shard is a part of a list. Each has its own cache line.
type shard struct {
	mu    sync.Mutex
	first *Request
	_     [48]byte
}

// NewList returns a list that checks its requests until it is closed.
func NewList() *List {
	l := &List{stop: make(chan struct{}), done: make(chan struct{})}
	go l.watch()
	return l
}

// Close stops the checks. Requests that are still being served are no longer ended.
func (l *List) Close() error {
	close(l.stop)
	<-l.done
	return nil
}

var _ io.Closer = (*List)(nil)

func (l *List) watch() {
	defer close(l.done)
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticks.C:
		}
		for i := range l.shards {
			l.shards[i].check()
		}
	}
}

// add puts a request into the list. Requests that one core allocates are close to each other in memory, so the address chooses a
// shard that other cores rarely use. The address is only a number here.
func (l *List) add(q *Request) {
	q.shard = &l.shards[uintptr(unsafe.Pointer(q))>>13%listShards] //nolint:gosec // G103: see above
	q.shard.mu.Lock()
	if q.next = q.shard.first; q.next != nil {
		q.next.prev = q
	}
	q.shard.first = q
	q.shard.mu.Unlock()
}

// remove takes a request out of its list. After it returns, nothing touches the response.
func (q *Request) remove() {
	q.shard.mu.Lock()
	if q.next != nil {
		q.next.prev = q.prev
	}
	if q.prev != nil {
		q.prev.next = q.next
	} else {
		q.shard.first = q.next
	}
	q.shard.mu.Unlock()
}

func (d *shard) check() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for q := d.first; q != nil; q = q.next {
		if q.ended {
			continue
		}
		if q.ended, q.epoch = q.engine.Ended(q.result.Principal, q.result.ExpiresAt, q.epoch); q.ended {
			q.end()
		}
	}
}

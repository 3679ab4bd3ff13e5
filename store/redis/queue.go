package redis

import "sync"

// maxQueue bounds the messages that wait for Redis, in bytes: about 40,000 sign-outs.
const maxQueue = 8 << 20

// entryOverhead is what an entry costs beside its message.
const entryOverhead = 64

// entry is a message on its way to Redis.
type entry struct {
	message string
	until   int64 // when it is over
	sent    *delivery
}

// delivery is what one Publish waits for.
type delivery struct {
	left int
	done chan struct{} // closed when Redis has all of it
}

// queue holds entries in order until Redis has them. It is bounded.
type queue struct {
	mu      sync.Mutex
	entries []entry
	bytes   int
	ready   chan struct{} // something was added
	closed  bool
	empty   chan struct{} // closed when the queue is closed and empty
}

func newQueue() *queue {
	return &queue{ready: make(chan struct{}, 1), empty: make(chan struct{})}
}

// push adds entries: all, or none when they do not fit. The channel is closed when Redis has them.
func (q *queue) push(entries []entry) (sent <-chan struct{}, fits, open bool) {
	d := &delivery{left: len(entries), done: make(chan struct{})}
	if len(entries) == 0 {
		close(d.done)
		return d.done, true, true
	}
	bytes := 0
	for i := range entries {
		entries[i].sent = d
		bytes += len(entries[i].message) + entryOverhead
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, false, false
	}
	if q.bytes+bytes > maxQueue {
		return nil, false, true
	}
	q.entries, q.bytes = append(q.entries, entries...), q.bytes+bytes
	wake(q.ready)
	return d.done, true, true
}

// head returns the first entries, at most n. They stay until settle.
func (q *queue) head(n int) []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]entry(nil), q.entries[:min(n, len(q.entries))]...)
}

// settle takes those of the first entries off for which done says so.
func (q *queue) settle(n int, done func(i int) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var kept []entry
	for i, e := range q.entries[:n] {
		if !done(i) {
			kept = append(kept, e)
			continue
		}
		q.bytes -= len(e.message) + entryOverhead
		if e.sent.left--; e.sent.left == 0 {
			close(e.sent.done)
		}
	}
	copy(q.entries[n-len(kept):n], kept)
	clear(q.entries[:n-len(kept)])
	q.entries = q.entries[n-len(kept):]
	if len(q.entries) == 0 {
		q.entries = nil // gives the memory of a long queue back
		q.finish()
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries)
}

// close refuses further entries. The channel is closed when there are none left.
func (q *queue) close() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if len(q.entries) == 0 {
		q.finish()
	}
	return q.empty
}

// finish is called with the lock, when the queue is empty.
func (q *queue) finish() {
	if !q.closed {
		return
	}
	select {
	case <-q.empty:
	default:
		close(q.empty)
	}
}

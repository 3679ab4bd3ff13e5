package redis

import "sync"

// maxQueue is the maximum size of the queue in bytes, enough for about 40,000 sign-outs.
const maxQueue = 8 << 20

// entryOverhead is the memory of an entry without its message, in bytes.
const entryOverhead = 64

// entry is a message that waits for Redis.
type entry struct {
	message string
	until   int64 // when the revocation expires, in milliseconds since 1970
	sent    *delivery
}

// delivery is what a Publish waits for.
type delivery struct {
	left int           // entries that Redis lacks
	done chan struct{} // closed when left is 0
}

// queue holds entries in order until Redis has acknowledged them. Its size is at most maxQueue.
type queue struct {
	mu      sync.Mutex
	entries []entry
	bytes   int
	ready   chan struct{} // receives a token after push
	closed  bool
	empty   chan struct{} // closed when the queue is closed and empty
}

func newQueue() *queue {
	return &queue{ready: make(chan struct{}, 1), empty: make(chan struct{})}
}

// push adds all entries, or none if they do not fit. sent is closed when Redis has acknowledged them. open is false after
// close.
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

// head returns at most n of the first entries. They stay in the queue until settle.
func (q *queue) head(n int) []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]entry(nil), q.entries[:min(n, len(q.entries))]...)
}

// settle removes those of the first n entries for which done returns true.
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
		q.entries = nil // frees the memory of a long queue
		q.finish()
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries)
}

// close makes push refuse entries. The channel is closed when the queue is empty.
func (q *queue) close() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if len(q.entries) == 0 {
		q.finish()
	}
	return q.empty
}

// finish closes empty if the queue is closed. The caller holds the lock, and the queue is empty.
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

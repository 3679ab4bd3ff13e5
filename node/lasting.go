package node

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
	"unsafe"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
)

// lasting tracks the requests that are being served and ends those whose credential expires or is revoked, such as tunnels,
// event streams, long downloads and uploads. All nodes of a process share one. The last node that uses it closes it.
type lasting struct {
	shards [lastingShards]lastingShard
	stop   chan struct{}
	done   chan struct{}
}

const (
	lastingShards = 64
	// lastingTick is how often credentials are checked. A request that takes less time only takes two short locks.
	lastingTick = 250 * time.Millisecond
)

// lastingShard is a list of requests. Each has its own cache line.
type lastingShard struct {
	mu    sync.Mutex
	first *served
	_     [48]byte
}

// served is a request in the list of its shard.
type served struct {
	prev, next *served
	shard      *lastingShard
	passage    *Passage
	response   http.ResponseWriter
	cancel     context.CancelFunc // nil if the request ends with its connection or stream
	epoch      uint64
	ended      bool
}

// lastingKey is the key under which a process shares its lasting.
type lastingKey struct{}

func newLasting() *lasting {
	l := &lasting{stop: make(chan struct{}), done: make(chan struct{})}
	go l.watch()
	return l
}

// Close stops the checks. Requests that are still being served are no longer ended.
func (l *lasting) Close() error {
	close(l.stop)
	<-l.done
	return nil
}

var _ io.Closer = (*lasting)(nil)

func (l *lasting) watch() {
	defer close(l.done)
	tick := time.NewTicker(lastingTick)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		}
		for i := range l.shards {
			l.shards[i].check()
		}
	}
}

// add puts a request into a list. Passages that one core allocates are close to each other in memory, so the address chooses a
// shard that other cores rarely use. The address is only a number here.
func (l *lasting) add(s *served) {
	s.shard = &l.shards[uintptr(unsafe.Pointer(s))>>13%lastingShards] //nolint:gosec // G103: see above
	s.shard.mu.Lock()
	if s.next = s.shard.first; s.next != nil {
		s.next.prev = s
	}
	s.shard.first = s
	s.shard.mu.Unlock()
}

// remove takes a request out of its list. After it returns, nothing touches the response.
func (s *served) remove() {
	s.shard.mu.Lock()
	if s.next != nil {
		s.next.prev = s.prev
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		s.shard.first = s.next
	}
	s.shard.mu.Unlock()
}

func (d *lastingShard) check() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := d.first; s != nil; s = s.next {
		if s.ended {
			continue
		}
		result := &s.passage.Result
		if s.ended, s.epoch = s.passage.Gate.Ended(result.Principal, result.ExpiresAt, s.epoch); s.ended {
			s.end()
		}
	}
}

// end aborts the request. A deadline in the past stops reading and writing on a connection of HTTP/1; net/http then
// cancels the context, so that the upstream's half ends too.
func (s *served) end() {
	gate := s.passage.Gate
	gate.log.Debug("credential ended while a response lasted", "expires", s.passage.Result.ExpiresAt)
	if s.cancel != nil {
		s.cancel()
		return
	}
	control, past := http.NewResponseController(s.response), time.Unix(1, 0)
	if err := control.SetWriteDeadline(past); err != nil {
		gate.log.Error("a response that outlasts its credential cannot be ended", "error", err)
	}
	if err := control.SetReadDeadline(past); err != nil {
		gate.log.Debug("ending a response: its request can still be read", "error", err)
	}
}

// lasts reports whether the request is to end with its credential.
func (p *Passage) lasts() bool {
	return p.Result.Principal.Kind != principal.Anonymous && p.Result.Outcome == authz.Allowed
}

// serveWhileValid calls next, and aborts the request when the credential expires or is revoked.
func (p *Passage) serveWhileValid(w http.ResponseWriter, r *http.Request, tunnel bool, next Handler) error {
	if !p.lasts() {
		return next.ServeHTTP(w, r)
	}
	p.served.passage, p.served.response = p, w
	// Deadlines do not reach a tunnel's other half, belong to the handler's goroutine in HTTP/2, and cancel no context in HTTP/3.
	if tunnel || r.ProtoMajor != 1 {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		p.served.cancel, r = cancel, r.WithContext(ctx)
	}
	p.Gate.lasting.add(&p.served)
	defer p.served.remove()
	return next.ServeHTTP(w, r)
}

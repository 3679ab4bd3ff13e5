package handover

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// Registry knows the servers of each address, the newest last. The zero value is ready, and safe for concurrent use.
type Registry struct {
	mu        sync.Mutex
	addresses map[string]*address
}

// address is what the servers of one address share.
type address struct {
	newest atomic.Pointer[Listener] // nil when nobody listens any more

	// Guarded by Registry.mu.
	listeners []*Listener
	changed   chan struct{} // closed when newest changes
	kept      net.Listener  // the first listener's socket, kept open by us; nil without Options.Socket
}

// arrival is what Accept gives.
type arrival struct {
	conn net.Conn
	err  error
}

// Options of a Listener.
type Options struct {
	// Socket is what inner accepts from, if inner does no more than that: accepting from it instead must give the same
	// connections. Without it, connections in the queue of inner are lost when it closes, unless its host keeps the socket open
	// itself, as Caddy does with Unix sockets.
	Socket *net.TCPListener
	// KeepAlive of the connections that the kept socket accepts; the system's when zero.
	KeepAlive net.KeepAliveConfig
	// TLS is for a listener that gives *tls.Conn; others stay with their server. It takes a Registry of its own.
	TLS *TLS
}

// Listen makes inner, a listener that is bound already, the newest of its address, and returns what its server accepts from.
// From now on no other server of the address is given a connection or reads a request; before one of them is shut down, its
// listener is to Settle. When the returned listener closes, the one before it is the newest again, and the last one closes the
// socket.
//
// The listener works even with an error, which says why connections in a queue may be lost when a listener closes.
func (r *Registry) Listen(inner net.Listener, o Options) (*Listener, error) {
	l := &Listener{
		registry: r, inner: inner, options: o, closed: make(chan struct{}), arrivals: make(chan arrival), conns: make(map[*Conn]struct{}),
	}
	r.mu.Lock()
	if r.addresses == nil {
		r.addresses = make(map[string]*address)
	}
	key := inner.Addr().Network() + " " + inner.Addr().String()
	a := r.addresses[key]
	var err error
	if a == nil {
		a = &address{changed: make(chan struct{})}
		r.addresses[key] = a
		if o.Socket != nil {
			a.kept, err = keep(o.Socket)
		}
	}
	l.address, l.key = a, key
	older := slices.Clone(a.listeners)
	a.listeners = append(a.listeners, l)
	a.turn(l)
	r.mu.Unlock()

	if a.kept != nil && len(older) == 0 {
		go l.accept(a.kept)
	} else {
		go l.accept(inner)
	}
	for _, other := range older {
		other.callAway()
	}
	return l, err
}

// turn makes l the newest. Registry.mu is held.
func (a *address) turn(l *Listener) {
	a.newest.Store(l)
	close(a.changed)
	a.changed = make(chan struct{})
}

// accept gives what arrives at a socket to the newest server, until the socket closes. It is one connection ahead: a server
// that is slow or short of files leaves all others in the system's queue.
func (l *Listener) accept(from net.Listener) {
	for {
		conn, err := from.Accept()
		if isClosed(err) {
			return
		}
		if secure, ok := conn.(*tls.Conn); ok && l.options.TLS != nil {
			go func() {
				l.options.TLS.handshake(secure)
				l.offer(conn, conn, nil)
			}()
			continue
		}
		l.offer(conn, conn, err)
	}
}

// offer hands a connection that came to l, whose bytes come out of in, or an error of Accept to the newest server. It waits
// until one takes it; when nobody listens any more who may have the connection, it is closed.
func (l *Listener) offer(conn net.Conn, in io.Reader, err error) {
	for {
		heir, changed := l.heir()
		if heir == nil {
			if conn != nil {
				_ = conn.Close() // there is nobody left to tell
			}
			return
		}
		item := arrival{err: err}
		if err == nil {
			item.conn = heir.adopt(conn, in)
		}
		select {
		case heir.arrivals <- item:
			return
		case <-changed:
			if c := connOf(item.conn); c != nil {
				heir.forget(c)
			}
		}
	}
}

// heir is whose the connections are that came to l, until changed is closed: the newest listener's; l's own while it is open
// and the newest is not to have them; otherwise nobody's, nil.
func (l *Listener) heir() (heir *Listener, changed <-chan struct{}) {
	l.registry.mu.Lock()
	defer l.registry.mu.Unlock()
	a := l.address
	newest := a.newest.Load()
	switch {
	case newest == nil || newest.agrees(l):
		return newest, a.changed
	case slices.Contains(a.listeners, l):
		return l, a.changed
	}
	return nil, a.changed
}

// keep returns a listener of our own for a socket, which therefore outlives the given one, and sees to it that the system
// gives connections to this socket even when others are bound to the address.
func keep(l *net.TCPListener) (net.Listener, error) {
	file, err := l.File()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // net.FileListener has a copy
	kept, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	return kept, prefer(l)
}

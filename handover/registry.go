package handover

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// Registry holds the listeners of each address. The zero value is ready for use. It is safe for concurrent use.
type Registry struct {
	mu        sync.Mutex
	addresses map[string]*address
}

// address is what the listeners of one address share.
type address struct {
	newest atomic.Pointer[Listener] // nil after the last one has closed

	// Guarded by Registry.mu.
	listeners []*Listener   // those that have not taken the address first, the newest last
	changed   chan struct{} // closed when newest changes
	kept      net.Listener  // the first listener's socket; nil without Options.Socket
}

// arrival is what Accept returns.
type arrival struct {
	conn net.Conn
	err  error
}

// Options are the options of a Listener.
type Options struct {
	// Socket is the socket that inner accepts from. Set it only if inner returns the connections of the socket unchanged. Without
	// it, connections in the queue of inner are lost when it closes, unless its owner keeps the socket open, as Caddy does with
	// Unix sockets.
	Socket *net.TCPListener
	// KeepAlive is set on connections that the kept socket accepts. Zero leaves the default.
	KeepAlive net.KeepAliveConfig
	// TLS is set for a listener that returns *tls.Conn. Such listeners need a separate Registry.
	TLS *TLS
}

// Listen registers inner, which is bound already, and returns the Listener to serve on. The first Listener of an address is the newest
// at once; another gets no connection before [Listener.Take], so that a server whose program does not start disturbs nobody. The last
// one that closes closes the socket.
//
// If the kernel cannot be told to prefer the kept socket, Listen returns an error together with a Listener that works.
// Connections in the queue of a socket may then be lost when it closes.
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
	first := len(a.listeners) == 0
	a.listeners = slices.Insert(a.listeners, 0, l)
	if first {
		a.turn(l)
	}
	r.mu.Unlock()

	if a.kept != nil && first {
		go l.accept(a.kept)
	} else {
		go l.accept(inner)
	}
	return l, err
}

// Take makes l the newest listener of its address. From now on other servers of the address get no connections and read no new requests.
// When l closes, the one before it becomes the newest again. Take does nothing after Close.
func (l *Listener) Take() {
	r, a := l.registry, l.address
	r.mu.Lock()
	at := slices.Index(a.listeners, l)
	if at < 0 {
		r.mu.Unlock()
		return
	}
	a.listeners = append(slices.Delete(a.listeners, at, at+1), l)
	a.turn(l)
	older := slices.Clone(a.listeners[:len(a.listeners)-1])
	r.mu.Unlock()
	for _, other := range older {
		other.callAway()
	}
}

// turn makes l the newest. Registry.mu is held.
func (a *address) turn(l *Listener) {
	a.newest.Store(l)
	close(a.changed)
	a.changed = make(chan struct{})
}

// accept offers what arrives at a socket to the newest server, until the socket closes. It accepts one connection ahead; the
// others wait in the queue of the kernel.
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

// offer passes a connection that came to l and is read from in, or an error of Accept, to the newest server. It blocks until a
// server accepts it. If no listener is left that may have the connection, offer closes it.
func (l *Listener) offer(conn net.Conn, in io.Reader, err error) {
	for {
		heir, changed := l.heir()
		if heir == nil {
			if conn != nil {
				_ = conn.Close() // no server is left to report an error to
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

// heir returns the listener that gets the connections that came to l, until changed is closed: the newest one if it may have
// them, else l while it is open, else nil.
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

// keep returns a second listener on the socket of l, which stays open when l closes, and makes the kernel prefer that socket to
// others bound to the address. With an error from the latter the listener still works.
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

package handover

import (
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// Listener is one server's place at an address. It is safe for concurrent use.
type Listener struct {
	registry *Registry
	address  *address
	key      string
	inner    net.Listener
	options  Options
	arrivals chan arrival
	closed   chan struct{}

	mu    sync.Mutex
	conns map[*Conn]struct{} // given to this server and not closed
}

// Accept waits for a connection; net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case a := <-l.arrivals:
		return a.conn, a.err
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Addr is the address that the listener is bound to.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close ends Accept. Connections that wait are for the newest listener of the address that is left, or are lost if there
// is none. A second Close is net.ErrClosed.
func (l *Listener) Close() error {
	defer l.callAway()
	r, a := l.registry, l.address
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-l.closed:
		return net.ErrClosed
	default:
	}
	close(l.closed)
	a.listeners = slices.DeleteFunc(a.listeners, func(other *Listener) bool { return other == l })
	if n := len(a.listeners); n > 0 {
		if a.newest.Load() == l {
			a.turn(a.listeners[n-1])
		}
		return l.inner.Close()
	}
	a.turn(nil)
	delete(r.addresses, l.key)
	var err error
	if a.kept != nil {
		err = a.kept.Close()
	}
	return errors.Join(err, l.inner.Close())
}

// superseded reports whether another server is to read what arrives.
func (l *Listener) superseded() bool {
	newest := l.address.newest.Load()
	return newest != nil && newest != l && newest.agrees(l)
}

// agrees reports whether connections of the other listener may become this one's.
func (l *Listener) agrees(other *Listener) bool {
	mine, its := l.options.TLS, other.options.TLS
	if mine == nil || its == nil {
		return mine == its
	}
	return mine.Terms != "" && mine.Terms == its.Terms
}

// adopt makes a connection one of this server's. What cannot move stays as it is.
func (l *Listener) adopt(conn net.Conn, in io.Reader) net.Conn {
	secure, ok := conn.(*tls.Conn)
	if ok != (l.options.TLS != nil) || ok && !speaksHTTP1(secure) {
		return conn
	}
	if t, ok := conn.(*net.TCPConn); ok && l.options.KeepAlive != (net.KeepAliveConfig{}) {
		_ = t.SetKeepAliveConfig(l.options.KeepAlive) // fails only when the peer is gone, which the server will see
	}
	c := &Conn{Conn: conn, listener: l, in: in}
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	if secure != nil {
		return tlsConn{Conn: c, secure: secure}
	}
	return c
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
}

// callAway makes connections move on which the server waits for a request, if they may; with no server left they are closed.
func (l *Listener) callAway() {
	if newest := l.address.newest.Load(); newest != nil && !newest.agrees(l) {
		return
	}
	for _, c := range l.open() {
		c.callAway()
	}
}

func (l *Listener) open() []*Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.conns))
}

// settleTime is how long a server that is replaced may take for what it has begun, before it is shut down. Shutdown waits for
// longer requests; what is over before it begins cannot be cut off by it.
const settleTime = time.Second

// Settle waits up to a second until the server has answered the requests that it has begun, if another is to read the next
// ones. It is for the moment before Shutdown, when the other server is at work already.
func (l *Listener) Settle() {
	for end := time.Now().Add(settleTime); time.Now().Before(end) && l.replaced() && l.busy(); {
		time.Sleep(time.Millisecond)
	}
}

// replaced reports whether another server is the newest.
func (l *Listener) replaced() bool {
	newest := l.address.newest.Load()
	return newest != nil && newest != l
}

// busy reports whether the server has begun to read a request that it has not answered.
func (l *Listener) busy() bool {
	return slices.ContainsFunc(l.open(), (*Conn).busy)
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

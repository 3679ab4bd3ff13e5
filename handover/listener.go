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

// Listener is the net.Listener of one server at an address. It is safe for concurrent use.
type Listener struct {
	registry *Registry
	address  *address
	key      string
	inner    net.Listener
	options  Options
	arrivals chan arrival
	closed   chan struct{}

	mu    sync.Mutex
	conns map[*Conn]struct{} // that this server has accepted, until they are closed or move
}

// Accept waits for a connection. Errors: those of the socket, net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case a := <-l.arrivals:
		return a.conn, a.err
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Addr returns the address that the listener is bound to.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close ends Accept. Connections that were not accepted go to the newest of the remaining listeners of the address; if there is
// none, they are closed. Errors: net.ErrClosed when it is called again.
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

// superseded reports whether there is a newer server that may take this one's connections.
func (l *Listener) superseded() bool {
	newest := l.address.newest.Load()
	return newest != nil && newest != l && newest.agrees(l)
}

// agrees reports whether connections of the other listener may move to this one.
func (l *Listener) agrees(other *Listener) bool {
	mine, its := l.options.TLS, other.options.TLS
	if mine == nil || its == nil {
		return mine == its
	}
	return mine.Terms != "" && mine.Terms == its.Terms
}

// adopt wraps a connection for this server. A connection that can never move is returned as it is.
func (l *Listener) adopt(conn net.Conn, in io.Reader) net.Conn {
	secure, ok := conn.(*tls.Conn)
	if ok != (l.options.TLS != nil) || ok && !speaksHTTP1(secure) {
		return conn
	}
	if t, ok := conn.(*net.TCPConn); ok && l.options.KeepAlive != (net.KeepAliveConfig{}) {
		_ = t.SetKeepAliveConfig(l.options.KeepAlive) // fails only when the peer is gone
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

// callAway moves the connections on which the server waits for a request to the newest server, unless the terms of TLS differ.
// If there is no server, they are closed.
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

// settleTime is the longest that Settle waits. Requests that end within it are not disturbed by Shutdown.
const settleTime = time.Second

// Settle waits until the server has answered the requests that it has begun, at most one second. Call it before Shutdown, when
// the new server is serving already. It returns at once if this server is the newest.
func (l *Listener) Settle() {
	for end := time.Now().Add(settleTime); time.Now().Before(end) && l.replaced() && l.busy(); {
		time.Sleep(time.Millisecond)
	}
}

// replaced reports whether there is a newer server.
func (l *Listener) replaced() bool {
	newest := l.address.newest.Load()
	return newest != nil && newest != l
}

// busy reports whether the server has begun to read a request that it has not answered.
func (l *Listener) busy() bool {
	return slices.ContainsFunc(l.open(), (*Conn).busy)
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

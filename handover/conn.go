package handover

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// The phases of a connection.
const (
	// between: the server has read nothing of the next (or first) request. Another server can read it instead.
	between = iota
	// serving: the server has begun to read a request and has not finished with it.
	serving
	// apart: TLS above this connection, HTTP/2, or hijacked. Only its server knows its state.
	apart
)

// Conn is a connection of a Listener. Its server must report its states to State.
type Conn struct {
	net.Conn
	in       io.Reader // the bytes that another server has read, then the connection
	listener *Listener
	phase    atomic.Int32
	moved    atomic.Bool // the net.Conn belongs to another Conn now

	mu     sync.Mutex
	begun  bool      // Read has returned bytes
	idle   bool      // Read waits for the first bytes of a request
	called bool      // callAway has ended that Read, which then moves the connection
	closed bool      // the server has closed it
	hello  time.Time // the beginning of a TLS handshake
}

// State records the state of a connection. It must be called from http.Server.ConnState; otherwise only connections move on which
// nothing was read at all. Connections of other listeners are ignored.
func State(conn net.Conn, state http.ConnState) {
	c := connOf(conn)
	if c == nil || c.phase.Load() == apart {
		return
	}
	switch state {
	case http.StateIdle:
		c.phase.Store(between)
	case http.StateActive:
		c.phase.Store(serving) // Read is not called for a request that is in the server's buffer already
	case http.StateHijacked:
		c.phase.Store(apart)
	case http.StateNew, http.StateClosed:
	}
}

// Read reads for the server. If it is called between two requests and there is a newer server, it moves the connection to that
// one, with the bytes that have arrived, and returns io.EOF, as if the client had gone.
func (c *Conn) Read(p []byte) (int, error) {
	if c.phase.Load() != between {
		return c.in.Read(p)
	}
	c.mu.Lock()
	if c.moved.Load() {
		c.mu.Unlock()
		return 0, io.EOF
	}
	// A shorter buffer means that the server holds the beginning of the next request in it, from a client that pipelines. The
	// connection then stays.
	c.idle = !c.begun || len(p) == serverBuffer
	if c.idle && !c.closed && c.listener.superseded() {
		defer c.mu.Unlock()
		return 0, c.move(nil)
	}
	c.mu.Unlock()

	n, err := c.in.Read(p)

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.called || c.idle && n > 0 && !c.closed && c.listener.superseded() {
		return 0, c.move(p[:n])
	}
	c.idle, c.begun = false, true
	c.begin(p[:n])
	return n, err
}

// callAway moves the connection if it is idle. Otherwise Read moves it once it is.
func (c *Conn) callAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle && !c.called && !c.closed && !c.moved.Load() {
		c.called = c.Conn.SetReadDeadline(time.Unix(1, 0)) == nil // on an error Read fails too
	}
}

// serverBuffer is the size in bytes of the buffer through which net/http reads HTTP/1: the default of bufio.
const serverBuffer = 4096

// begin sets the phase by the first bytes of a request, which Read is about to return; there are none when the connection has
// ended. c.mu is held.
func (c *Conn) begin(first []byte) {
	switch {
	case len(first) > 0 && first[0] == recordHandshake:
		c.hello = time.Now()
		c.phase.Store(apart)
	case bytes.HasPrefix(first, prefaceHTTP2) || len(first) > 0 && bytes.HasPrefix(prefaceHTTP2, first):
		c.phase.Store(apart)
	default:
		c.phase.Store(serving)
	}
}

// recordHandshake is the first byte of a TLS connection (RFC 8446 section 5.1). No HTTP method begins with it.
const recordHandshake = 22

// helloTime is how long Settle waits for a TLS handshake and its first request.
const helloTime = 100 * time.Millisecond

// prefaceHTTP2 is the beginning of a connection of HTTP/2 (RFC 9113 section 3.4).
var prefaceHTTP2 = []byte("PRI ")

// move offers the connection, with the bytes that were read, to the newest server. It returns io.EOF, which tells the present
// server that the client has gone. c.mu is held.
func (c *Conn) move(read []byte) error {
	c.moved.Store(true)
	c.listener.forget(c)
	if err := c.Conn.SetDeadline(time.Time{}); err != nil {
		return errors.Join(io.EOF, c.Conn.Close())
	}
	in := c.in
	if len(read) > 0 {
		in = io.MultiReader(bytes.NewReader(bytes.Clone(read)), in)
	}
	go c.listener.offer(c.Conn, in, nil)
	return io.EOF
}

// Close closes the connection. It does nothing if the connection has moved or is about to.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.moved.Load() || c.called {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock() // closing TLS writes an alert, which may block
	c.listener.forget(c)
	return c.Conn.Close()
}

// busy reports whether the server is working for the connection. The progress of a TLS handshake above cannot be seen, so it and
// the first request count as work for helloTime.
func (c *Conn) busy() bool {
	c.mu.Lock() // so that a Read that is deciding finishes first
	defer c.mu.Unlock()
	if c.phase.Load() == apart {
		return time.Since(c.hello) < helloTime
	}
	return !c.idle && !c.moved.Load() // serving, or about to call Read
}

// Write writes for the server. Errors: net.ErrClosed after the connection has moved.
func (c *Conn) Write(p []byte) (int, error) {
	if c.moved.Load() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// ReadFrom lets the server use sendfile. Errors: net.ErrClosed after the connection has moved.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if c.moved.Load() {
		return 0, net.ErrClosed
	}
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite shuts down the writing side. Errors: net.ErrClosed after the connection has moved, errors.ErrUnsupported.
func (c *Conn) CloseWrite() error {
	if c.moved.Load() {
		return net.ErrClosed
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetDeadline sets both deadlines. It does nothing after the connection has moved.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the deadline of Read. It does nothing after the connection has moved.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved.Load() || c.called {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline of Write. It does nothing after the connection has moved.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved.Load() {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

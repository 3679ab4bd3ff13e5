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
	// between: the server has read nothing of the next request (or of the first), so another can read it instead.
	between = iota
	// serving: the server has begun to read a request and has not finished with it.
	serving
	// apart: TLS that is not ours to read, HTTP/2 or taken over by a handler. Only its server understands it.
	apart
)

// Conn is a connection of a Listener. Its server reports what it does with it to State.
type Conn struct {
	net.Conn
	in       io.Reader // the connection, after what another server had read of it
	listener *Listener
	phase    atomic.Int32
	moved    atomic.Bool // belongs to another Conn now

	mu     sync.Mutex
	begun  bool      // the server was given bytes before
	idle   bool      // Read waits for the next request, of which the server has nothing
	called bool      // away, that is: Read ends at once and moves the connection
	closed bool      // by its server, so it stays
	hello  time.Time // when a TLS handshake began
}

// State is for http.Server.ConnState. Without it only connections move on which nothing was read at all.
func State(conn net.Conn, state http.ConnState) {
	c := connOf(conn)
	if c == nil || c.phase.Load() == apart {
		return
	}
	switch state {
	case http.StateIdle:
		c.phase.Store(between)
	case http.StateActive:
		c.phase.Store(serving) // also when the request was in the server's buffer already
	case http.StateHijacked:
		c.phase.Store(apart)
	case http.StateNew, http.StateClosed:
	}
}

// Read reads for the server. Between two requests, when another server is to read the next one, it moves the connection
// there with what has arrived, and says io.EOF here, as if the client had gone.
func (c *Conn) Read(p []byte) (int, error) {
	if c.phase.Load() != between {
		return c.in.Read(p)
	}
	c.mu.Lock()
	if c.moved.Load() {
		c.mu.Unlock()
		return 0, io.EOF
	}
	// With less room than its whole buffer the server has the beginning of the next request in it (of a client that does not
	// wait for answers), which must not be torn from the rest.
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

// callAway makes an idle connection move. Others do so when they are idle again.
func (c *Conn) callAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle && !c.called && !c.closed && !c.moved.Load() {
		c.called = c.Conn.SetReadDeadline(time.Unix(1, 0)) == nil // otherwise it is broken, which Read will find
	}
}

// serverBuffer is the size of the buffer through which net/http reads HTTP/1, in bytes: bufio's own.
const serverBuffer = 4096

// begin is told the first bytes of a request that the server is given, or none when the connection has ended. c.mu is held.
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

// recordHandshake is the first byte of a TLS connection (RFC 8446, 5.1), which is no method's.
const recordHandshake = 22

// helloTime is how long a TLS handshake and the first request are given.
const helloTime = 100 * time.Millisecond

// prefaceHTTP2 is the beginning of a connection of HTTP/2 (RFC 9113, 3.4).
var prefaceHTTP2 = []byte("PRI ")

// move gives the connection and the bytes that were read to the newest server; for the one that has it the client is gone,
// io.EOF. c.mu is held.
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

// Close closes the connection, unless it has moved or is about to.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.moved.Load() || c.called {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock() // TLS says goodbye, and may wait for a client that does not read
	c.listener.forget(c)
	return c.Conn.Close()
}

// busy reports whether the server is at work for the connection. How far a TLS handshake is nobody can see from outside: it
// and the first request are given their time.
func (c *Conn) busy() bool {
	c.mu.Lock() // a Read that has just decided says so before it lets go
	defer c.mu.Unlock()
	if c.phase.Load() == apart {
		return time.Since(c.hello) < helloTime
	}
	return !c.idle && !c.moved.Load() // it serves, or it is about to read
}

// Write writes for the server.
func (c *Conn) Write(p []byte) (int, error) {
	if c.moved.Load() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// ReadFrom lets the server send files without copying them (sendfile).
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if c.moved.Load() {
		return 0, net.ErrClosed
	}
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite ends what the server sends, where the connection can.
func (c *Conn) CloseWrite() error {
	if c.moved.Load() {
		return net.ErrClosed
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the deadline of Read.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved.Load() || c.called {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline of Write.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved.Load() {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

package handover

import (
	"crypto/tls"
	"net"
	"time"
)

// TLS tells what a Listener needs to know to hand connections over with all that their handshake agreed on.
type TLS struct {
	// Terms name everything that the server's side of a handshake decides and demands. A connection goes over only to a listener
	// of the same terms; with empty terms, of which nobody can tell, it never does.
	Terms string
	// HandshakeTimeout is how long a handshake may take; for ever when zero.
	HandshakeTimeout time.Duration
	// Panicked is told what a callback of the handshake panicked with, unless nil. The connection is closed, the process goes on.
	Panicked func(value any)
}

// handshake makes the handshake before the server has the connection: until then nobody knows whether it is HTTP/2, for
// which net/http wants the *tls.Conn itself. An error is for the server to find, which asks for the handshake again.
func (t *TLS) handshake(conn *tls.Conn) {
	defer func() {
		if value := recover(); value != nil {
			_ = conn.Close() // net/http would have closed it too
			if t.Panicked != nil {
				t.Panicked(value)
			}
		}
	}()
	if t.HandshakeTimeout > 0 {
		_ = conn.SetDeadline(time.Now().Add(t.HandshakeTimeout)) // fails only when the peer is gone
	}
	if conn.Handshake() == nil {
		_ = conn.SetDeadline(time.Time{})
	}
}

func speaksHTTP1(conn *tls.Conn) bool {
	state := conn.ConnectionState()
	return state.HandshakeComplete && (state.NegotiatedProtocol == "" || state.NegotiatedProtocol == "http/1.1")
}

// tlsConn is a Conn above TLS.
type tlsConn struct {
	*Conn
	secure *tls.Conn
}

// ConnectionState is what the handshake agreed on, for net/http.
func (c tlsConn) ConnectionState() tls.ConnectionState { return c.secure.ConnectionState() }

// connOf finds the Conn, if the connection is one.
func connOf(conn net.Conn) *Conn {
	switch c := conn.(type) {
	case *Conn:
		return c
	case tlsConn:
		return c.Conn
	}
	return nil
}

package handover

import (
	"crypto/tls"
	"net"
	"time"
)

// TLS makes a Listener move TLS connections with what their handshake agreed on.
type TLS struct {
	// Terms identifies everything that the server decides and demands in a handshake. A connection moves only to a listener with
	// the same Terms, and never if they are empty.
	Terms string
	// HandshakeTimeout bounds a handshake. Zero means no limit.
	HandshakeTimeout time.Duration
	// Panicked, if not nil, is called with the value of a panic in a callback of the handshake. The connection is closed.
	Panicked func(value any)
}

// handshake makes the handshake before the server accepts the connection, because net/http serves HTTP/2 only on a bare
// *tls.Conn and the protocol is known only afterwards. An error is not reported: the server finds it when it calls Handshake.
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

// ConnectionState returns what the handshake agreed on. net/http calls it.
func (c tlsConn) ConnectionState() tls.ConnectionState { return c.secure.ConnectionState() }

// connOf returns the Conn of a connection that a Listener returned, or nil.
func connOf(conn net.Conn) *Conn {
	switch c := conn.(type) {
	case *Conn:
		return c
	case tlsConn:
		return c.Conn
	}
	return nil
}

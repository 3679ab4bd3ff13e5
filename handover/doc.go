// Package handover lets servers follow one another on an address without losing a request.
//
// What it does: when a process replaces its HTTP server by another on the same address, three things are lost with net/http
// alone: connections that wait in the queue of the old socket when it closes, connections whose first request the old server
// reads when it is already shutting down (it hangs up), and requests that arrive on an idle connection as it is closed. A
// Registry keeps one socket per address for as long as any server listens there, gives what arrives to the newest server, and
// moves a connection on which the old server has not read a byte of the next request to the newest one instead of closing it.
//
// A TLS connection moves like any other until its first byte was read. Afterwards it does so with a Listener of its own above
// TLS, which makes the handshake: the *tls.Conn goes along with what was agreed, to a server that would have agreed to the same.
//
// What it leaves to others: requests that take the old server long, which http.Server.Shutdown waits for; HTTP/2, which says itself
// when to go; HTTP/3, which has no listener.
//
// Source: net/http's Server.Shutdown and conn.serve; SO_REUSEPORT and SO_ATTACH_REUSEPORT_CBPF in socket(7).
package handover

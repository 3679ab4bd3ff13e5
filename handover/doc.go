// Package handover lets an HTTP server take over an address from another one in the same process without losing a request.
//
// # The problem
//
// A program that replaces its http.Server, as Caddy does when it loads a new configuration, starts the new server, calls
// Shutdown on the old one and has both bound to the address for a moment. Clients then lose requests in three ways:
//
//   - A connection waits in the queue of the old socket. The kernel resets it when the socket closes.
//   - A connection was accepted by the old server, which reads the request after Shutdown has begun and closes the connection.
//   - A connection is kept alive and idle. Shutdown closes it in the moment in which the client sends the next request.
//
// # The solution
//
// A [Registry] knows the servers of each address, each by a [Listener], and which of them is the newest.
//
//   - The first socket of an address stays open as long as any server listens there, and the kernel is told to prefer it
//     (SO_ATTACH_REUSEPORT_CBPF), so no queue is lost.
//   - What arrives goes to the newest server.
//   - A connection on which the old server has not read a byte of the next request moves to the newest server: Read in the old
//     server returns io.EOF, as if the client had gone, and Accept in the new one returns the connection.
//
// A connection on which the old server has begun to read a request stays until it has answered. [State], which is called from
// http.Server.ConnState, tells the Listener when that is. A connection of HTTP/2 and one that a handler has hijacked stay with
// their server.
//
// A TLS connection moves until its first byte is read. After that it moves only if a second Listener wraps the TLS listener and
// makes the handshake itself ([Options].TLS). The *tls.Conn then moves with its session keys, to a server that would have agreed
// to the same terms; see [TLS].
//
// # Use
//
// For each server: bind the address with SO_REUSEPORT, pass the socket to Registry.Listen, set ConnState to State, and serve. When all
// that the server needs has started, call Take. Before Shutdown of the old server, call Settle on its listeners. Close of a Listener
// that is the newest gives the address back to the one before it. To switch the handover off, serve on the socket itself; nothing else changes.
//
// # When not to use it
//
// The package is of use only where one process replaces servers on the same address while clients send requests that must not
// fail. It is of no use for a restart of the process (pass sockets on instead, or drain behind a load balancer), for HTTP/3, which
// has no listener, and of little use below listeners that return other types of connections, such as one for the PROXY
// protocol: State does not recognise those, so they stay with their server once a byte was read.
//
// # What it leaves to others
//
// Long requests are waited for by http.Server.Shutdown; HTTP/2 ends its connections with GOAWAY.
//
// Sources: net/http, Server.Shutdown and conn.serve; socket(7), SO_REUSEPORT and SO_ATTACH_REUSEPORT_CBPF.
package handover

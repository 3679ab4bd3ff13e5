// Package listeners has the listener wrappers that keep a reload from losing requests.
//
// What it does: Handover and HandoverTLS are modules of Caddy, sluice_handover and sluice_handover_tls, which give the
// connections of an address to the servers of the next configuration.
//
// What it leaves to others: the sockets and the connections (handover).
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: decision 8, and Caddy's listeners.
package listeners

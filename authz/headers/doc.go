// Package headers removes headers that clients must not send.
//
// What it does: a Set compares header names as lenient upstreams do and removes them from headers and trailers. Identity
// and Trailers return the sets of an engine. Identity includes the headers in which other gateways name the user.
//
// What it leaves to others: which headers a route sets (config), and when to remove (authz, node).
//
// Source: RFC 9110 sections 6.5, 7.6.1 and 7.8, RFC 3875 section 4.1.18, and the documentation of the gateways.
package headers

// Package urlpath converts a request's path to a canonical form with one meaning.
//
// Canonical returns the path decoded, for the decision, and encoded, for forwarding. Readings returns every meaning of a
// path that servers read differently, for callers that can decide on each of them. The package does not decide, and does
// not read hosts or queries (authz).
//
// Source: RFC 3986 sections 2 and 3.3, RFC 9112 section 3.2.
package urlpath

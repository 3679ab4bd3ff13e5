// Package urlpath gives a request's path one meaning before anything is decided on it.
//
// Canonical returns the path decoded, to decide on, and encoded, to forward. Readings returns every meaning of a path on which
// servers disagree, for callers that can decide on each. The package leaves decisions, hosts and queries to authz.
//
// Source: RFC 3986 sections 2 and 3.3, RFC 9112 section 3.2.
package urlpath

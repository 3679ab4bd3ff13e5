// Package cors lets web pages of other origins call a route: it answers preflights and says in the answers which pages may read them.
//
// A preflight has no credential, so that it is answered before a gate decides, and without the upstream. Other requests pass. Their answers,
// those of the gate as well as the upstream's, get the route's headers in the place of the upstream's.
//
// Public does the same for documents that everybody may read, such as discovery documents.
//
// It does not decide on requests: an origin that is not listed may still call the route, but its page cannot read the answer.
//
// Source: the Fetch Standard, "CORS protocol".
package cors

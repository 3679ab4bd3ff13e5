// Package credentials presents the principal to the upstream in the upstream's own terms.
//
// What it does: a Kind changes a request that may pass and is about to go upstream: Resign replaces the client's AWS
// signature by one with the keys of the store behind, Headers sets request headers, JWT adds a token made for the
// upstream. A Chain runs several. Bodies stream through; nothing here holds one in memory but where a service's
// signature cannot be made otherwise, and then within a limit.
//
// What it leaves to others: whether the request may pass, and checking and decoding the client's body (authz); making and
// verifying signatures (credentials/sigv4); the connection.
//
// Source: the S3 API reference on signatures and trailing checksums; RFC 8693 and RFC 9068 for tokens made for an
// audience; RFC 9110 section 7.6.1 on what Connection can remove.
package credentials

// Package credentials replaces the client's credential in a request by one that the upstream accepts.
//
// What it does: a Kind changes an allowed request before the proxy sends it to the upstream. Resign replaces the
// client's AWS signature by one made with the store's own keys, Headers sets request headers, and JWT adds a token made
// for the upstream. A Chain runs several kinds. Bodies are streamed. Resign reads a body into memory, up to a limit,
// only if a service other than S3 requires its hash and the client did not send it.
//
// What it leaves to others: deciding whether a request may pass, and checking and decoding the client's body (authz);
// making and verifying signatures (credentials/sigv4); the connection to the upstream.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: the S3 API reference on signatures and trailing checksums; RFC 8693 and RFC 9068 for tokens made for an
// audience; RFC 9110 section 7.6.1 on headers that Connection removes.
package credentials

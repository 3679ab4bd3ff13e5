// Package sigv4 is AWS Signature Version 4 from both ends: it reads, verifies and makes signatures of HTTP requests.
//
// What it does: Parse finds the one signature of a request, in the Authorization header or in a presigned query, without
// judging it; Auth.Verify judges it with the secret key that the caller looked up; Verified.Body then gives the body
// while checking it against the signed hash, or chunk by chunk, and never gives its last byte before everything has been
// checked. Sign and Presign make signatures. The files follow the layers of the specification: canonical request
// (canonical_*.go), string to sign and signing key (signature.go, keycache.go), signature (auth.go, verify.go, sign.go),
// chunks (body.go, chunks.go, trailer.go). scan.go finds what of a request is in canonical form already; canonical_*.go says
// what canonical form is.
//
// What it leaves to others: whose key it is and what its owner may do; HTTP statuses and error codes (an Error carries a
// Reason that each wire translates); the signatures of POST policies, and SigV4A, which is refused. It knows no
// *http.Request beyond a constructor and keeps no state but the KeyCache that a caller hands in.
//
// Source: "AWS Signature Version 4 for API requests" in the IAM User Guide; "Authenticating requests" and "Signature
// calculations for the Authorization header: transferring payload in multiple chunks", with and without trailing
// headers, in the Amazon S3 API Reference; the signing test suite of awslabs/aws-c-auth.
package sigv4

// Package sigv4 implements AWS Signature Version 4 for HTTP requests, both verifying and signing.
//
// Parse finds the one signature of a request, in the Authorization header or in a presigned query, without verifying it.
// Auth.Verify verifies it with the secret key that the caller has looked up. Verified.Body then returns the body and checks
// it, against the signed hash or chunk by chunk, while it is read; it withholds the last byte until everything has been
// checked. Sign and Presign make signatures.
//
// The files follow the layers of the specification: canonical request (canonical*.go), string to sign and signing key
// (signature.go, keycache.go), signature (auth.go, presigned.go, verify.go, sign.go), payload (payload.go, body.go, chunks.go,
// trailer.go).
//
// The caller decides whose key it is and what its owner may do, and translates the Reason of an Error into an HTTP status and
// an error code. The package does not support POST policies and refuses SigV4A. It keeps no state except the KeyCache that a
// caller passes in.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Sources: "AWS Signature Version 4 for API requests" in the IAM User Guide; "Authenticating requests" and "Signature
// calculations for the Authorization header: transferring payload in multiple chunks", with and without trailing headers, in
// the Amazon S3 API Reference; the signing test suite of awslabs/aws-c-auth.
package sigv4

package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// UnsignedPayload is the payload hash of a request with an unsigned body.
const UnsignedPayload = "UNSIGNED-PAYLOAD"

// The payload hashes of requests with an aws-chunked body.
const (
	StreamingSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// HashPayload returns the payload hash of a body: its SHA-256 in lower-case hexadecimal.
func HashPayload(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Streaming reports whether the body is aws-chunked. Verified.Body decodes it. A proxy that forwards the decoded body must
// remove "aws-chunked" from Content-Encoding, and the headers X-Amz-Decoded-Content-Length and X-Amz-Trailer.
func (a *Auth) Streaming() bool { return strings.HasPrefix(a.PayloadHash, "STREAMING-") }

// payloadHash returns the last line of the canonical request. S3 requires the client to send it, and takes the body of a
// presigned request without it as unsigned. Other services hash the body that they have read.
func (a *Auth) payloadHash(bodyHash string) (string, *Error) {
	s3 := isS3(a.Service)
	switch {
	case a.PayloadHash == "" && s3 && a.Presigned:
		return UnsignedPayload, nil
	case a.PayloadHash == "" && s3:
		return "", refuse(NoPayloadHash, "x-amz-content-sha256 is required")
	case a.PayloadHash == "" && bodyHash != "":
		return bodyHash, nil
	case a.PayloadHash == "" && a.request.ContentLength == 0:
		return emptyHash, nil
	case a.PayloadHash == "":
		return "", refuse(NoPayloadHash, "neither the client nor the server has hashed the body")
	}
	if isDigest(a.PayloadHash) {
		return a.PayloadHash, nil
	}
	switch {
	case a.Presigned && a.PayloadHash == UnsignedPayload:
		return UnsignedPayload, nil
	case strings.HasPrefix(a.PayloadHash, "STREAMING-AWS4-ECDSA-"), a.PayloadHash == "STREAMING-AWS4-HMAC-SHA256-EVENTS":
		return "", refuse(Unsupported, "this x-amz-content-sha256 is not supported")
	case s3 && (a.PayloadHash == UnsignedPayload || a.PayloadHash == StreamingSigned ||
		a.PayloadHash == StreamingSignedTrailer || a.PayloadHash == StreamingUnsignedTrailer):
		return a.PayloadHash, nil
	}
	refused := refuse(BadPayloadHash, "x-amz-content-sha256 must be a SHA-256 hash or a value that the service knows")
	refused.Facts.ClaimedHash = a.PayloadHash
	return "", refused
}

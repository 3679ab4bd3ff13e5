package authz

import (
	"io"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// takeCoding determines whether the body of a request without a signature is in chunks. The store would take them for the object,
// because its own signature does not name them; also those of a signed request whose signature neither names nor covers them.
func (c *call) takeCoding() *Refusal {
	hash, coded := strings.Trim(c.header("X-Amz-Content-Sha256"), " \t"), isCoded(c.r.Header)
	switch {
	case c.verified != nil && coded && (c.verified.PayloadHash == "" || c.verified.PayloadHash == sigv4.UnsignedPayload):
		return &Refusal{Reason: InvalidValue, Subject: "Content-Encoding", Value: c.header("Content-Encoding"),
			Detail: "aws-chunked encoding is not supported when x-amz-content-sha256 UNSIGNED-PAYLOAD is supplied"}
	case c.verified != nil:
		return nil
	case hash == sigv4.StreamingUnsignedTrailer, hash == "" && coded: // the signer of boto3 would set the hash
		c.chunked = true
		return nil
	case strings.HasPrefix(hash, "STREAMING-"):
		return badHeader("X-Amz-Content-Sha256") // chunks that are signed need the signature
	case coded:
		return badHeader("Content-Encoding")
	}
	for _, name := range []string{"X-Amz-Trailer", "X-Amz-Decoded-Content-Length"} {
		if c.has(name) {
			return badHeader(name)
		}
	}
	return nil
}

// isCoded reports whether Content-Encoding has aws-chunked.
func isCoded(header http.Header) bool {
	for _, line := range header["Content-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(coding), "aws-chunked") {
				return true
			}
		}
	}
	return false
}

// checked returns the body of the request, decoded and checked while it is read.
func (c *call) checked() (io.Reader, error) {
	switch {
	case c.verified != nil:
		return c.verified.Body(c.r.Body)
	case c.chunked:
		return sigv4.DecodeUnsigned(c.signedRequest(), c.r.Body)
	}
	return c.r.Body, nil
}

// decoded is checked for a result. The server compares the length of the body on the wire.
func (r *Result) decoded(header http.Header, body io.Reader) (*sigv4.Body, error) {
	if r.Chunked {
		return sigv4.DecodeUnsigned(&sigv4.Request{Header: header, ContentLength: -1}, body)
	}
	return r.Verified.Body(body)
}

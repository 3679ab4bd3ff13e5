package authz

import (
	"io"
	"net/http"
	"net/netip"

	"crypto/tls"
)

// Request is what the engine sees of an HTTP request. The host fills it in; nothing in it is changed by the engine but
// Header by StripHeaders, and nothing is kept after Authorize returns.
type Request struct {
	// Method is the request's method as sent. Override headers have no meaning.
	Method string
	// Host is the Host header, or :authority, as sent.
	Host string
	// Target is the request target as it was received: for HTTP/1.1 the second word of the request line. Signatures are
	// made over it, and a target that is not a path is refused. When it is "", RawPath and RawQuery were not rewritten.
	Target string
	// RawPath is the still encoded path that would go upstream, after any rewriting by the host.
	RawPath string
	// RawQuery is the query that would go upstream, without its question mark.
	RawQuery string
	// Proto is the protocol, such as "HTTP/1.1".
	Proto string
	// Header is the request's header, keys in Go's canonical form as the server made them.
	Header http.Header
	// ClientIP is the client's address as the host believes it: the peer's, or a trusted proxy's word.
	ClientIP netip.Addr
	// TLSVersion is tls.VersionTLS12 or another of its constants, and 0 for a connection in the clear.
	TLSVersion uint16
	// ContentLength is the length of the body in bytes; 0 is no body, -1 an unknown length.
	ContentLength int64
	// Body is read only when a decision depends on it (S3's DeleteObjects and some settings, and SigV4 without a payload
	// hash in a header), after everything that can be checked before; Result.Body then holds what was read.
	Body io.Reader
}

// Secure reports whether the request came over TLS.
func (r *Request) Secure() bool { return r.TLSVersion >= tls.VersionTLS10 }

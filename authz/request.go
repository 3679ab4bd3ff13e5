package authz

import (
	"io"
	"net/http"
	"net/netip"
	"time"

	"crypto/tls"
)

// Request is an HTTP request as the engine sees it. The host fills it in. The engine changes only Header, from which it
// removes the identity headers, and keeps nothing after Authorize returns.
type Request struct {
	// Method is the method as sent. Override headers have no effect.
	Method string
	// Host is the Host header or :authority, as sent.
	Host string
	// Target is the request target as received; in HTTP/1.1 the second word of the request line. Signatures cover it. A
	// target that is not a path is refused. "" means that the host has not rewritten RawPath and RawQuery.
	Target string
	// RawPath is the encoded path to forward, after rewriting by the host.
	RawPath string
	// RawQuery is the query to forward, without the question mark.
	RawQuery string
	// PublicHost is the host that the browser sees, if a trusted proxy says that it is not Host. Only logins use it.
	PublicHost string
	// PublicHTTPS reports that a trusted proxy says that the client sent the request over https, and PublicHTTP that one says
	// that it did not. Both are false if no trusted proxy says anything.
	PublicHTTPS, PublicHTTP bool
	// Proto is the protocol, such as "HTTP/1.1".
	Proto string
	// Header is the request's header with canonical keys.
	Header http.Header
	// ClientIP is the client's address: the peer's, or the one that a trusted proxy gives.
	ClientIP netip.Addr
	// TLSVersion is a constant such as tls.VersionTLS12; 0 for a connection without TLS.
	TLSVersion uint16
	// TooEarly is set for a request in early data that is not safe to repeat. It is refused, since an attacker may replay
	// early data (RFC 8470).
	TooEarly bool
	// ContentLength is the length of the body in bytes, -1 if it is unknown.
	ContentLength int64
	// TransferEncoding is that of http.Request. Signatures may cover it.
	TransferEncoding []string
	// Body is read only if the decision depends on it: for DeleteObjects and some settings in S3, and for a signature
	// over a body whose hash is in no header. Everything else is checked first. Result.Body then contains the body.
	Body io.Reader
	// Timer limits how long reading Body may take. nil means no limit.
	Timer BodyTimer
}

// BodyTimer limits how long reading the body of one request may take.
type BodyTimer interface {
	// LimitBody makes reads of the body fail after d. 0 ends the limit.
	LimitBody(d time.Duration)
}

// MaxBodyTime limits how long a body that the decision depends on may take to arrive. 30 seconds for 1 MiB are 300
// kbit/s.
const MaxBodyTime = 30 * time.Second

// Secure reports whether the client sent the request over TLS: as a trusted proxy says, or else as the connection is.
func (r *Request) Secure() bool { return r.PublicHTTPS || r.overTLS() && !r.PublicHTTP }

// overTLS reports whether the connection, which may be a proxy's, has TLS.
func (r *Request) overTLS() bool { return r.TLSVersion >= tls.VersionTLS10 }

// forwardedProto is the scheme that a trusted proxy says the client used; "" if none says.
func (r *Request) forwardedProto() string {
	switch {
	case r.PublicHTTPS:
		return "https"
	case r.PublicHTTP:
		return "http"
	}
	return ""
}

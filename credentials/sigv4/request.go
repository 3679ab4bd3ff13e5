package sigv4

import "net/http"

// Request is the part of an HTTP request that a signature covers. Path and query must be as the client sent them, before any
// rewriting.
type Request struct {
	Method        string      // the method as sent
	Host          string      // the Host header or :authority, port included when it was sent
	RawPath       string      // percent-encoded as on the wire; empty means "/"
	RawQuery      string      // without "?"
	Header        http.Header // keys in canonical form, as net/http makes them
	ContentLength int64       // of the body on the wire; -1 when unknown
	// TransferEncoding and Proto are the fields of http.Request. net/http keeps Transfer-Encoding out of Header, and in HTTP/2 also
	// "Expect: 100-continue".
	TransferEncoding []string
	Proto            string // such as "HTTP/1.1"; "" means that Header has Expect if it was sent
}

// FromHTTP returns the Request of r. It shares the header map of r. If another handler has rewritten the URL, pass the original
// request.
func FromHTTP(r *http.Request) *Request {
	host := r.Host
	if host == "" && r.URL != nil {
		host = r.URL.Host // an outgoing request
	}
	return &Request{
		Method: r.Method, Host: host, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
		Header: r.Header, ContentLength: r.ContentLength, TransferEncoding: r.TransferEncoding, Proto: r.Proto,
	}
}

// PathRule says how the clients of a service make the canonical path from the path on the wire.
type PathRule struct {
	// Normalize removes empty segments and dot segments. Not all clients do this, so Verify also accepts a path that was
	// signed without. A signature over a normalized path is valid for every path that normalizes to it. Code that authorizes
	// by path must therefore reject or resolve such segments itself.
	Normalize bool
	// DoubleEncode percent-encodes the path on the wire again.
	DoubleEncode bool
}

// The two rules that AWS services use.
var (
	S3Rule      = PathRule{}
	GeneralRule = PathRule{Normalize: true, DoubleEncode: true}
)

// RuleFor returns the rule of a service by its name in credential scopes.
func RuleFor(service string) PathRule {
	if isS3(service) {
		return S3Rule
	}
	return GeneralRule
}

// isS3 reports whether a service has S3's rules for paths and payload hashes.
func isS3(service string) bool {
	switch service {
	case "s3", "s3express", "s3-object-lambda", "s3-outposts":
		return true
	}
	return false
}

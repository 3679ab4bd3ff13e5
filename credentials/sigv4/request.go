package sigv4

import (
	"net/http"
)

// Request is what a signature covers. The path and query are those the client sent, before any rewriting: one changed
// byte is another request.
type Request struct {
	Method        string
	Host          string      // the Host header or :authority, port included when it was sent
	RawPath       string      // percent-encoded as on the wire; empty means "/"
	RawQuery      string      // without "?"
	Header        http.Header // keys in canonical form, as net/http makes them
	ContentLength int64       // of the body on the wire; -1 when unknown
}

// FromHTTP returns the signed view of r. It shares r's header map. When a handler before has rewritten the URL, pass the
// request as it was.
func FromHTTP(r *http.Request) *Request {
	host := r.Host
	if host == "" && r.URL != nil {
		host = r.URL.Host // a client's request that has not been sent
	}
	return &Request{
		Method: r.Method, Host: host, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
		Header: r.Header, ContentLength: r.ContentLength,
	}
}

// PathRule says how a service's clients make the canonical path from the path on the wire.
type PathRule struct {
	// Normalize removes empty and dot segments. As clients disagree on it, Verify takes a path signed without this, too:
	// that binds it more tightly. A signature over a normalized path fits every path that normalizes to it, so whoever
	// decides by path must refuse or resolve such segments itself.
	Normalize bool
	// DoubleEncode percent-encodes the path as it is on the wire once more.
	DoubleEncode bool
}

// The two rules that AWS has.
var (
	S3Rule      = PathRule{}
	GeneralRule = PathRule{Normalize: true, DoubleEncode: true}
)

// RuleFor returns the rule of a service, named as in a credential scope.
func RuleFor(service string) PathRule {
	if isS3(service) {
		return S3Rule
	}
	return GeneralRule
}

// isS3 reports whether a service follows S3's conventions for paths and payload hashes.
func isS3(service string) bool {
	switch service {
	case "s3", "s3express", "s3-object-lambda", "s3-outposts":
		return true
	}
	return false
}

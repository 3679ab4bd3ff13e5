package forwardauth

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
)

// Error says why a question is not clear. Its text may be shown to the gateway's client.
type Error struct{ detail string }

// Error implements error.
func (e *Error) Error() string { return e.detail }

func unclear(format string, args ...any) *Error { return &Error{fmt.Sprintf(format, args...)} }

// maxTarget is the length of the longest request target, in bytes.
const maxTarget = 32 << 10

// telling are the headers in which gateways describe a request, in the spelling of net/http. Some say the same: then all that
// exist must agree, because gateway and upstream may read different ones.
var telling = []string{"X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-Uri", "X-Original-Url",
	"X-Original-Method", "X-Rewrite-Url"}

var tellingSet = headers.NewSet(telling...)

// Original returns the request that the gateway asks about. at is the path of questions; at an Envoy, it comes before the path of
// the request. The gateway also passes requests of clients on to Sluice, for the login. In those, the client has written the
// headers, so no other path is one of a question. The request has no body, since gateways do not send it, and none of the headers
// that describe it. The caller must have checked that r is from the gateway, and that r.RequestURI is what it sent. Errors are of
// type *Error.
func (g Gateway) Original(r *http.Request, at string) (*http.Request, error) {
	from := g.source()
	target, isQuestion := g.question(r.RequestURI, from, at)
	if !isQuestion {
		if from.uri == "" {
			return nil, unclear("Auth requests must be sent to a path below %s.", at)
		}
		return nil, unclear("Auth requests must be sent to %s.", at)
	}
	if err := oneSpelling(r.Header); err != nil {
		return nil, err
	}
	target, err := g.target(r, from, target)
	if err != nil {
		return nil, err
	}
	method, err := part(g, r.Header, from.method, r.Method)
	if err != nil {
		return nil, err
	}
	host, err := part(g, r.Header, from.host, r.Host)
	if err != nil {
		return nil, err
	}
	secure, err := g.secure(r.Header, from)
	if err != nil {
		return nil, err
	}
	if err := agree(r, target, method, host); err != nil {
		return nil, err
	}
	parsed, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, unclear("The request target is malformed.")
	}
	original := r.WithContext(r.Context()) // a copy
	original.Method, original.Host, original.URL, original.RequestURI = method, host, parsed, target
	original.Body, original.ContentLength, original.TransferEncoding, original.Trailer = http.NoBody, 0, nil, nil
	original.Header = r.Header.Clone()
	for _, name := range telling {
		delete(original.Header, name)
	}
	original.TLS = nil
	if secure { // by which version, the gateway does not say
		original.TLS = &tls.ConnectionState{Version: tls.VersionTLS12, HandshakeComplete: true}
	}
	if err := channel(original); err != nil {
		return nil, err
	}
	if err := withoutBody(r, original); err != nil {
		return nil, err
	}
	return original, nil
}

// oneSpelling refuses X_Forwarded_Uri and the like: another program may read it as the header that the gateway sets.
func oneSpelling(h http.Header) error {
	for name := range h {
		if tellingSet.Contains(name) && !isTelling(name) {
			return unclear("The header %q could be read as one that the gateway sets; the client must not send it.", name)
		}
	}
	return nil
}

func isTelling(name string) bool {
	for _, known := range telling {
		if name == known {
			return true
		}
	}
	return false
}

// question returns the request target that an Envoy has in the path of its question, and false if the question is none.
func (g Gateway) question(sent string, from source, at string) (target string, ok bool) {
	if g == Caddy { // forward_auth adds the query of the request
		sent, _, _ = strings.Cut(sent, "?")
	}
	if from.uri != "" {
		return "", sent == at
	}
	target, ok = strings.CutPrefix(sent, at)
	return target, ok && strings.HasPrefix(target, "/")
}

// target returns the original request target. sent is what the path of the question has of it.
func (g Gateway) target(r *http.Request, from source, sent string) (string, error) {
	target := sent
	if from.uri != "" {
		var err error
		if target, err = one(g, r.Header, from.uri); err != nil {
			return "", err
		}
	}
	if len(target) > maxTarget {
		return "", unclear("The request target is longer than %d bytes.", maxTarget)
	}
	if target == "" || target[0] != '/' {
		return "", unclear("The request target is not a path.")
	}
	// Some programs cut a target at a fragment or a space, and others do not.
	for i := range len(target) {
		if c := target[i]; c == '#' || c <= ' ' || c >= 0x7f {
			return "", unclear("The request target has the byte %#02x, which must be encoded as %%%02X.", c, c)
		}
	}
	return target, nil
}

// part returns the value of a header that names a part of the request, or the question's own part if name is "".
func part(g Gateway, h http.Header, name, own string) (string, error) {
	if name == "" {
		return own, nil
	}
	value, err := one(g, h, name)
	if err == nil && strings.ContainsAny(value, ", \t") {
		return "", unclear("The header %s is a list; the gateway must replace what clients send.", name)
	}
	return value, err
}

// one returns the value of a header that must be there once.
func one(g Gateway, h http.Header, name string) (string, error) {
	switch values := h[name]; {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", unclear("The header %s is missing; the %s must set it.", name, g)
	case len(values) > 1:
		return "", unclear("The header %s occurs %d times; the gateway must replace what clients send.", name, len(values))
	default:
		return values[0], nil
	}
}

// secure reports whether the original request came over TLS.
func (g Gateway) secure(h http.Header, from source) (bool, error) {
	if from.protoOptional && len(h[from.proto]) == 0 {
		return false, nil
	}
	proto, err := part(g, h, from.proto, "")
	if err != nil {
		return false, err
	}
	switch strings.ToLower(proto) {
	case "https", "wss":
		return true, nil
	case "http", "ws":
		return false, nil
	}
	return false, unclear("The header %s is neither http nor https.", from.proto)
}

// agree refuses a question whose headers describe two requests.
func agree(r *http.Request, target, method, host string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != method {
		return unclear("The auth request is a %s and describes a %s.", r.Method, method)
	}
	for _, name := range telling {
		want := ""
		switch name {
		case "X-Forwarded-Uri", "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url":
			want = target
		case "X-Forwarded-Method", "X-Original-Method":
			want = method
		case "X-Forwarded-Host":
			want = host
		default:
			continue
		}
		for _, value := range r.Header[name] {
			if value != want && !(name == "X-Original-Url" && (value == "http://"+host+target || value == "https://"+host+target)) {
				return unclear("The header %s describes another request than the other headers.", name)
			}
		}
	}
	return nil
}

// channel refuses a request that would open a channel for others, which would pass the gateway without a question. WebSocket
// carries messages of the one request.
func channel(original *http.Request) error {
	switch upgrades := original.Header["Upgrade"]; {
	case len(upgrades) == 0 && len(original.Header["Http2-Settings"]) == 0:
		return nil
	case len(upgrades) == 1 && strings.EqualFold(upgrades[0], "websocket") && original.Method == http.MethodGet && len(original.Header["Http2-Settings"]) == 0:
		return nil
	}
	return unclear("The request asks for an upgrade other than to WebSocket.")
}

// emptyHash is the SHA-256 hash of no bytes.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// withoutBody refuses a signed request that may have a body. The signature covers it, and the gateway does not show it.
func withoutBody(r, original *http.Request) error {
	if !signed(original) {
		return nil
	}
	const remedy = "Have Sluice proxy such requests, with sluice_authorize."
	switch original.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodDelete:
	default:
		return unclear("The signature of a %s covers a body, which a gateway does not send. %s", original.Method, remedy)
	}
	if r.ContentLength != 0 {
		return unclear("The auth request has a body, and signed requests with a body cannot be authorized here. %s", remedy)
	}
	switch hashes := original.Header["X-Amz-Content-Sha256"]; {
	case len(hashes) == 0:
	case len(hashes) == 1 && (hashes[0] == emptyHash || hashes[0] == "UNSIGNED-PAYLOAD"):
	default:
		return unclear("The signature covers a body, which a gateway does not send. %s", remedy)
	}
	return nil
}

// signed reports whether the request carries an AWS signature, in the header or in the query.
func signed(r *http.Request) bool {
	for _, line := range r.Header["Authorization"] {
		if strings.HasPrefix(line, "AWS") {
			return true
		}
	}
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil {
		query = r.URL.RawQuery
	}
	query = strings.ToLower(query)
	return strings.Contains(query, "x-amz-signature") || strings.Contains(query, "x-amz-credential") || strings.Contains(query, "awsaccesskeyid")
}

package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/credentials"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/server/channel"
	"github.com/sluicegate/sluice/server/edgelogin"
)

// Handler handles a request that passed a gate. A caddyhttp.Handler implements it.
type Handler interface {
	ServeHTTP(w http.ResponseWriter, r *http.Request) error
}

// Passage is a request that passes a gate.
type Passage struct {
	Gate   *Gate        // that let the request pass
	Result authz.Result // of its decision

	// Parts of the passage, which saves allocations.
	values  [2]string // of the first identity headers
	served  served
	private privateAnswer
}

// Ask has the gate decide on a request. If the request does not pass, Ask answers it and returns false. target is the request
// target that the client sent, before any rewrite by the host. clientIP is the client's address.
func (g *Gate) Ask(w http.ResponseWriter, r *http.Request, target string, clientIP netip.Addr) (authz.Result, bool, error) {
	result := g.Decide(w, r, target, clientIP)
	if result.Pass || g.Challenge(w, r, target, &result) {
		return result, result.Pass, nil
	}
	return result, false, g.Refuse(w, r, &result)
}

// Decide has the gate decide on a request, and answers nothing. Of w it uses the deadline of the connection, and the header
// for the option debug_header.
func (g *Gate) Decide(w http.ResponseWriter, r *http.Request, target string, clientIP netip.Addr) authz.Result {
	request := requests.Get().(*asked)
	request.Method, request.Host, request.Target, request.Proto = channel.Method(r), r.Host, target, r.Proto
	request.RawPath, request.RawQuery = r.URL.EscapedPath(), r.URL.RawQuery
	request.Header, request.ContentLength, request.Body, request.ClientIP = r.Header, r.ContentLength, r.Body, clientIP
	request.Timer, request.answer = request, w
	request.TooEarly = channel.TooEarly(r)
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		request.usual = server.ReadTimeout
	}
	if r.TLS != nil {
		request.TLSVersion = r.TLS.Version
	}
	if g.login != nil {
		request.PublicHost, request.PublicHTTPS = g.node.forwarded(r)
	}
	result := g.Authorize(r.Context(), &request.Request)
	*request = asked{}
	requests.Put(request)
	if result.Refusal != nil {
		g.report(r, &result, clientIP)
	}
	if g.settings.DebugHeader != "" {
		debug(w.Header(), g.settings.DebugHeader, &result)
	}
	return result
}

// outdated reports whether other processes have lately changed what a request was refused for. It reads the store as fleet.Bounded allows.
func (sv *Services) outdated(ctx context.Context, why authz.Reason) bool {
	switch why {
	case authz.NotAllowed, authz.TokenUnknownIssuer, authz.TokenUnknownKey, authz.InvalidSessionToken:
		return sv.changes.CatchUp(ctx, fleet.Bounded)
	default:
		return false
	}
}

// requests holds requests for reuse: a gate keeps none.
var requests = sync.Pool{New: func() any { return new(asked) }}

// asked is a request with its response writer, through which it limits the time to read the body.
type asked struct {
	authz.Request
	answer http.ResponseWriter
	usual  time.Duration // in which the server expects a request; 0 means no limit
}

// LimitBody implements authz.BodyTimer. Its end is that of the server again: a body may have more to come. A connection without deadlines, such as a test's, has no limit.
func (a *asked) LimitBody(d time.Duration) {
	until := time.Time{}
	if d = cmp.Or(d, a.usual); d > 0 {
		until = time.Now().Add(d)
	}
	_ = http.NewResponseController(a.answer).SetReadDeadline(until)
}

// Serve changes r to the request that was decided on, removes the credential, sets the identity headers and calls next. repl
// fills in the placeholders of the headers. The engine has removed the client's own identity headers.
func (p *Passage) Serve(w http.ResponseWriter, r *http.Request, repl Replacer, next Handler) error {
	// The upstream gets exactly the method, path and query that were decided on.
	if p.Result.Path != "" {
		setPath(r.URL, p.Result.Path, p.Result.RawPath)
		r.URL.RawQuery = p.Result.RawQuery
	}
	if p.Result.Host != "" {
		r.Host = p.Result.Host
	}
	r.Host = lowerHost(r.Host)
	p.stripTrailers(r)
	checked, err := p.body(r)
	if err != nil {
		return p.Gate.refuseBody(w, r, &p.Result, err)
	}
	if p.Gate.Store() && r.Body != nil && r.Body != http.NoBody {
		held, err := p.hold(r)
		if err != nil {
			return p.Gate.refuseHeld(w, r, &p.Result, err)
		}
		defer func() { _ = held.Close() }() // the file is unlinked already
	}
	p.stripCredential(r)
	p.setHeaders(r.Header, repl)
	if p.Gate.login != nil && p.Result.Session != nil {
		if err := p.Gate.login.setHeaders(r, &p.Result); err != nil {
			return err
		}
	}
	if channel.Early(r) {
		r.Header["Early-Data"] = []string{"1"} // RFC 8470 section 5.1
	}
	tunnel := channel.OnlyWebSocket(r)
	if p.Result.Session != nil && !tunnel {
		p.private.ResponseWriter, w = w, &p.private
	}
	err = p.serveWhileValid(w, r, tunnel, next)
	if err == nil || checked == nil {
		return err // answered
	}
	if problem := checked.problem.Load(); problem != nil {
		// The body did not match its signature. The upstream has not received the end of it.
		return p.Gate.refuseBody(w, r, &p.Result, problem)
	}
	return err
}

// setPath sets the path of u. Like net/url, it leaves RawPath empty if it is the default encoding of Path, because handlers
// that read the encoded path would otherwise check and decode it again.
func setPath(u *url.URL, path, rawPath string) {
	u.Path, u.RawPath = path, ""
	if u.EscapedPath() != rawPath {
		u.RawPath = rawPath
	}
}

// lowerHost returns a host in lower case, as it was decided on: an upstream may compare names with case.
func lowerHost(host string) string {
	for i := 0; i < len(host); i++ {
		if 'A' <= host[i] && host[i] <= 'Z' {
			return strings.ToLower(host)
		}
	}
	return host
}

// setHeaders sets the identity headers. The values are in memory of this request only: later handlers may change them in place,
// as Caddy's request_header directive does.
func (p *Passage) setHeaders(h http.Header, repl Replacer) {
	for i := range p.Gate.headers {
		setter := &p.Gate.headers[i]
		value := setter.valueFor(&p.Result, repl)
		switch {
		case value == "": // not set, so that an upstream can distinguish a missing claim from an empty one
		case i < len(p.values):
			p.values[i] = value
			h[setter.name] = p.values[i : i+1 : i+1]
		default:
			h[setter.name] = []string{value}
		}
	}
}

// stripCredential removes the client's credential. The upstream could use it elsewhere. The cookies of logins are removed on all
// routes, because a browser sends them to every route of a host.
func (p *Passage) stripCredential(r *http.Request) {
	edgelogin.Strip(r.Header)
	switch {
	case p.Gate.settings.PassAuthorization:
	case p.Result.Verified != nil:
		r.URL.RawQuery = credentials.StripSignature(r.Header, r.URL.RawQuery)
	default:
		delete(r.Header, "Authorization")
	}
}

// body replaces the body of a signed request by one that is checked while it is read, and any body that the decision read.
func (p *Passage) body(r *http.Request) (*checkedBody, error) {
	if p.Result.Verified == nil {
		if read := p.Result.Body; len(read) > 0 {
			r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(read)), int64(len(read)), nil
			r.Header.Del("Content-Length") // the server writes its own
		}
		return nil, nil
	}
	body, length, err := p.Result.UpstreamBody(r.Header, r.Body)
	if err != nil {
		return nil, err
	}
	r.ContentLength = length
	if length == 0 {
		r.Body = http.NoBody
		return nil, nil
	}
	checked := &checkedBody{ReadCloser: body}
	r.Body = checked
	return checked, nil
}

// checkedBody keeps the error of a body that is not the signed one. The handler that forwards the body reads it in a goroutine of
// its own, and others may wrap it.
type checkedBody struct {
	io.ReadCloser
	problem atomic.Pointer[sigv4.Error]
}

func (b *checkedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	var refused *sigv4.Error
	if err != nil && errors.As(err, &refused) { // not if the client disconnected
		b.problem.CompareAndSwap(nil, refused)
	}
	return n, err
}

// stripTrailers removes identity headers and headers that decide something from the trailers, which some upstreams read as
// headers. Trailers are known only when the body has been read.
func (p *Passage) stripTrailers(r *http.Request) {
	p.Gate.TrailerHeaders().Strip(r.Trailer)
	if r.Body == nil || r.Body == http.NoBody || (r.ContentLength >= 0 && r.ProtoMajor == 1) {
		return
	}
	r.Body = &trailerBody{ReadCloser: r.Body, request: r, names: p.Gate.TrailerHeaders()}
}

type trailerBody struct {
	io.ReadCloser
	request *http.Request
	names   *headers.Set
}

func (b *trailerBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if err == io.EOF {
		b.names.Strip(b.request.Trailer)
	}
	return n, err
}

// debug puts the decision into a response header.
func debug(h http.Header, name string, result *authz.Result) {
	text := result.Outcome.String() + "; action=" + result.Action + "; resource=" + strconv.QuoteToASCII(result.Resource)
	if s := result.Decision.Statement; s != nil {
		text += "; statement=" + strconv.QuoteToASCII(s.Source)
	}
	if result.DecisionID != "" {
		text += "; id=" + result.DecisionID
	}
	h.Set(name, text)
}

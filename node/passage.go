package node

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/s3sum"
	"github.com/sluicegate/sluice/credentials"
	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/node/passing"
	"github.com/sluicegate/sluice/server/channel"
	"github.com/sluicegate/sluice/server/edgelogin"
	"github.com/sluicegate/sluice/spool"
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
	passing passing.Request
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
	request.TransferEncoding = r.TransferEncoding
	request.Timer, request.answer = request, w
	request.TooEarly = channel.TooEarly(r)
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		request.usual = server.ReadTimeout
	}
	if r.TLS != nil {
		request.TLSVersion = r.TLS.Version
	}
	g.node.forwarded(r).tell(&request.Request)
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
	p.passing.Begin(p.Gate.passing, p.Gate.Engine, &p.Result, p.Gate.log, r)
	defer p.passing.Done()
	checked, held, err := p.receive(w, r)
	if err != nil {
		return p.refuseBody(w, r, err)
	}
	defer func() { _ = held.Close() }() // the file is unlinked already
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
	forwarded, valid := p.passing.Forward(w, r, tunnel)
	if !valid {
		return p.refuseBody(w, r, passing.ErrEnded)
	}
	err = next.ServeHTTP(w, forwarded)
	switch problem := checked.Problem(); {
	case err == nil: // answered
		return nil
	case problem != nil:
		// The body did not match its signature. The upstream has not received the end of it.
		return p.refuseBody(w, r, problem)
	case p.passing.Late():
		return p.refuseBody(w, r, passing.ErrEnded) // the same
	}
	return err
}

// receive prepares the body for the upstream: it is checked while it is read. Before a store, it is read here.
func (p *Passage) receive(w http.ResponseWriter, r *http.Request) (checked *passing.Checked, held *spool.Body, err error) {
	passing.StripTrailers(r, p.Gate.TrailerHeaders())
	store, decidedOn := p.Gate.Store(), p.Result.Body != nil
	var sums *s3sum.Sums
	if store && !decidedOn { // the checksums of a body that was decided on were compared
		if sums, err = s3sum.OfRequest(r); err != nil {
			return nil, nil, err
		}
	}
	if store && r.Body != nil && r.Body != http.NoBody {
		p.passing.Hold(w)
	}
	if checked, err = passing.Check(r, &p.Result); err != nil {
		return nil, nil, err
	}
	if store {
		place := p.Gate.spool
		place.Holder = passing.Holder(p.Result.Principal, p.Gate.node.plan.o.ClientIP(r))
		if held, err = passing.Whole(r, &place, sums); err == nil {
			p.Result.Trailer = ""
			checked.TakeTrailer(r.Header)
		}
	}
	if err == nil && (held != nil || decidedOn) && p.passing.Ended() {
		err = errors.Join(passing.ErrEnded, held.Close())
	}
	return checked, held, err
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

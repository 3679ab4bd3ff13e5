package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/credentials"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// passage is a request that the engine let through, on its way to the next handler.
type passage struct {
	authorize *Authorize
	engine    *authz.Engine
	result    authz.Result
	vars      map[string]any // Caddy's variables of the request; nil outside of Caddy
	values    [2]string      // of the first identity headers, in one allocation with the passage
}

// Lookup returns {http.auth.user.*}. It is a caddy.ReplacerFunc.
func (p *passage) Lookup(key string) (any, bool) {
	const user = "http.auth.user."
	if len(key) <= len(user) || key[:len(user)] != user {
		return nil, false
	}
	if latest, ok := p.vars["sluice.outcome"].(outcomeVar); ok {
		p = latest.passage // a second sluice_authorize let the request through, but Caddy asks the first
	}
	value, ok := userValue(p.result.Principal, key[len(user):])
	return value, ok
}

// setVars sets {http.vars.sluice.*}. Caddy looks up this prefix itself, so the variables must be set in advance. Each is
// the passage under another type, which does not allocate. There are few: a ninth variable makes Caddy's map grow, and
// Caddy has two or three of its own.
func (p *passage) setVars() {
	vars := p.vars
	if vars == nil {
		return
	}
	vars["sluice.outcome"] = outcomeVar{p}
	vars["sluice.scheme"] = schemeVar{p}
	vars["sluice.action"] = actionVar{p}
	vars["sluice.resource"] = resourceVar{p}
	if p.result.DecisionID != "" {
		vars["sluice.decision_id"] = p.result.DecisionID
	} else {
		delete(vars, "sluice.decision_id") // of an earlier sluice_authorize
	}
}

type (
	outcomeVar  struct{ *passage }
	schemeVar   struct{ *passage }
	actionVar   struct{ *passage }
	resourceVar struct{ *passage }
)

// String implements fmt.Stringer.
func (v outcomeVar) String() string { return v.result.Outcome.String() }

// String implements fmt.Stringer.
func (v schemeVar) String() string { return v.result.Scheme }

// String implements fmt.Stringer.
func (v actionVar) String() string { return v.result.Action }

// String implements fmt.Stringer.
func (v resourceVar) String() string { return v.result.Resource }

// passageOf returns the passage of a request; false if no sluice_authorize let it through.
func passageOf(r *http.Request) (*passage, bool) {
	v, ok := caddyhttp.GetVar(r.Context(), "sluice.outcome").(outcomeVar)
	return v.passage, ok
}

func (p *passage) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	repl.Map(p.Lookup)
	p.setVars()

	// Forward exactly what was decided on.
	if p.result.Path != "" {
		setPath(r.URL, p.result.Path, p.result.RawPath)
	}
	p.stripTrailers(r)
	checked, err := p.body(r)
	if err != nil {
		return p.authorize.refuseBody(w, r, &p.result, err)
	}
	p.stripCredential(r)
	p.setHeaders(r.Header, repl)
	if upgrade(r) && !p.result.ExpiresAt.IsZero() {
		// A tunnel must not outlast the credential that opened it.
		ctx, cancel := context.WithDeadline(r.Context(), p.result.ExpiresAt)
		defer cancel()
		r = r.WithContext(ctx)
	}
	err = next.ServeHTTP(w, r)
	if err == nil || checked == nil {
		return err // answered, whether or not the body was right
	}
	if problem := checked.problem.Load(); problem != nil {
		// The body is not the signed one. The upstream did not get the end of it; the client gets the reason.
		return p.authorize.refuseBody(w, r, &p.result, problem)
	}
	return err
}

// setPath sets the path of u. As in net/url, RawPath is empty if it is the default encoding of Path; otherwise every
// handler that asks for the encoded path would check it again.
func setPath(u *url.URL, path, rawPath string) {
	u.Path, u.RawPath = path, ""
	if u.EscapedPath() != rawPath {
		u.RawPath = rawPath
	}
}

// setHeaders sets the identity headers. The values are in memory of this request alone, because later handlers may change
// them in place, as Caddy's request_header directive does.
func (p *passage) setHeaders(h http.Header, repl *caddy.Replacer) {
	for i := range p.authorize.headers {
		setter := &p.authorize.headers[i]
		value := setter.valueFor(&p.result, repl)
		switch {
		case value == "": // left away: an upstream can tell "no such claim" from ""
		case i < len(p.values):
			p.values[i] = value
			h[setter.name] = p.values[i : i+1 : i+1]
		default:
			h[setter.name] = []string{value}
		}
	}
}

// stripCredential removes the client's credential, which the upstream could use elsewhere.
func (p *passage) stripCredential(r *http.Request) {
	switch {
	case p.authorize.PassAuthorization:
	case p.result.Verified != nil:
		r.URL.RawQuery = credentials.StripSignature(r.Header, r.URL.RawQuery)
	default:
		delete(r.Header, "Authorization")
	}
}

// body replaces the body of a signed request by one that is verified while it is read. It returns nil if there is nothing
// to verify.
func (p *passage) body(r *http.Request) (*checkedBody, error) {
	if p.result.Verified == nil {
		return nil, nil
	}
	body, length, err := p.result.UpstreamBody(r.Header, r.Body)
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

// checkedBody records the error of a body that is not the signed one. The transport reads it in a goroutine of its own,
// and later handlers may wrap it.
type checkedBody struct {
	io.ReadCloser
	problem atomic.Pointer[sigv4.Error]
}

func (b *checkedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	var refused *sigv4.Error
	if err != nil && errors.As(err, &refused) { // and not a closed connection or body
		b.problem.CompareAndSwap(nil, refused)
	}
	return n, err
}

// stripTrailers removes identity headers from the trailers, which some upstreams treat as headers. Trailers are known
// only after the body has been read.
func (p *passage) stripTrailers(r *http.Request) {
	p.engine.IdentityHeaders().Strip(r.Trailer)
	if r.Body == nil || r.Body == http.NoBody || (r.ContentLength >= 0 && r.ProtoMajor == 1) || len(p.authorize.headers) == 0 {
		return
	}
	r.Body = &trailerBody{ReadCloser: r.Body, request: r, names: p.engine.IdentityHeaders()}
}

type trailerBody struct {
	io.ReadCloser
	request *http.Request
	names   *authz.IdentityHeaders
}

func (b *trailerBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if err == io.EOF {
		b.names.Strip(b.request.Trailer)
	}
	return n, err
}

func upgrade(r *http.Request) bool {
	return len(r.Header["Upgrade"]) > 0 || r.Method == http.MethodConnect
}

// debug describes the decision in a response header.
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

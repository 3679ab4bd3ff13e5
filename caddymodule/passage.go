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

// passage carries one request that may pass to the next handler.
type passage struct {
	authorize *Authorize
	gate      *authz.Engine
	result    authz.Result
	vars      map[string]any // Caddy's, of this request; nil outside of Caddy
	values    [2]string      // of the first identity headers: one allocation is less than three
}

// Lookup answers {http.auth.user.*}; it is a caddy.ReplacerFunc.
func (p *passage) Lookup(key string) (any, bool) {
	const user = "http.auth.user."
	if len(key) <= len(user) || key[:len(user)] != user {
		return nil, false
	}
	if latest, ok := p.vars["sluice.outcome"].(outcomeVar); ok {
		p = latest.passage // the request has passed another gate since, and Caddy asks the first
	}
	value, ok := userValue(p.result.Principal, key[len(user):])
	return value, ok
}

// setVars sets {http.vars.sluice.*}. Caddy answers for that prefix itself, so these cannot wait until somebody asks. Each
// is the passage under another type, which costs no allocation; there are few, since a ninth variable makes Caddy's map
// grow, and Caddy has two or three of its own.
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
		delete(vars, "sluice.decision_id") // of a gate before this one
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

// passageOf finds the passage that let the request through.
func passageOf(r *http.Request) (*passage, bool) {
	v, ok := caddyhttp.GetVar(r.Context(), "sluice.outcome").(outcomeVar)
	return v.passage, ok
}

func (p *passage) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	repl.Map(p.Lookup)
	p.setVars()

	// What was decided on is what goes upstream.
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
		// A tunnel must not outlive the credential that opened it.
		ctx, cancel := context.WithDeadline(r.Context(), p.result.ExpiresAt)
		defer cancel()
		r = r.WithContext(ctx)
	}
	err = next.ServeHTTP(w, r)
	if err == nil || checked == nil {
		return err // answered, whatever became of the body
	}
	if problem := checked.problem.Load(); problem != nil {
		// The body did not match its signature. The upstream never got the end of it, and the client learns why.
		return p.authorize.refuseBody(w, r, &p.result, problem)
	}
	return err
}

// setPath leaves RawPath empty where Path alone says the same, as net/url does: otherwise every handler that asks for the
// encoded path would check and decode it anew.
func setPath(u *url.URL, path, rawPath string) {
	u.Path, u.RawPath = path, ""
	if u.EscapedPath() != rawPath {
		u.RawPath = rawPath
	}
}

// setHeaders tells the upstream who asks. The values are in memory of this request alone: later handlers may change them in
// place, as Caddy's request_header directive does.
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

// stripCredential keeps the client's credential from the upstream, which could use it elsewhere.
func (p *passage) stripCredential(r *http.Request) {
	switch {
	case p.authorize.PassAuthorization:
	case p.result.Verified != nil:
		r.URL.RawQuery = credentials.StripSignature(r.Header, r.URL.RawQuery)
	default:
		delete(r.Header, "Authorization")
	}
}

// body puts the checked body of a signed request in place of the raw one; nil when there is none to check.
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

// checkedBody remembers that the body is not the signed one. Whoever forwards it reads it from a goroutine of its own, and later
// handlers may wrap it.
type checkedBody struct {
	io.ReadCloser
	problem atomic.Pointer[sigv4.Error]
}

func (b *checkedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	var refused *sigv4.Error
	if err != nil && errors.As(err, &refused) { // not: the client went away, the body was closed
		b.problem.CompareAndSwap(nil, refused)
	}
	return n, err
}

// stripTrailers keeps identity headers out of the trailers, where some upstreams would read them as headers. They are
// known only when the body has been read.
func (p *passage) stripTrailers(r *http.Request) {
	p.gate.IdentityHeaders().Strip(r.Trailer)
	if r.Body == nil || r.Body == http.NoBody || (r.ContentLength >= 0 && r.ProtoMajor == 1) || len(p.authorize.headers) == 0 {
		return
	}
	r.Body = &trailerBody{ReadCloser: r.Body, request: r, names: p.gate.IdentityHeaders()}
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

// debug tells the decision in a response header.
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

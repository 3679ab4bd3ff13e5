package authz

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/authz/urlpath"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// call is the state of one request. Calls are pooled; a Result never refers to one.
type call struct {
	e   *Engine
	ctx context.Context
	r   *Request
	now time.Time

	turn uint32 // how often this memory was used: of some turns, the time is taken, without a counter that cores share

	// The results of the steps, in their order.
	host       string   // lower case, without port
	path       string   // canonical and decoded; the value of http:path
	passed     string   // the path for the upstream, decoded
	rawPath    string   // the same, encoded
	endpoint   string   // the host without the bucket; "" if it had none
	query      string   // the query for the upstream
	readings   []string // the meanings of an ambiguous path; each must be allowed
	unclear    *Refusal // the refusal of an ambiguous path that is not signed
	credential credential
	cached     bool
	subject    *Subject
	principal  *principal.Principal // the subject's
	lapsed     *Refusal             // why the cookie is not that of a session
	verified   *sigv4.Verified
	chunked    bool // the body is in chunks, and there is no signature
	body       []byte
	free       func()      // ends the counting of body in the budget; nil if it was not read
	rewritten  bool        // body is not the client's
	spent      bool        // a part of the body was read and is lost
	asSent     http.Header // the headers before resolving, if that changed them
	s3         s3Request
	targets    []target
	decided    int // index of the target that Result reports
	decision   policy.Decision

	// Set while deciding.
	target    *target  // the target under decision; some condition keys depend on its action
	asRequest bool     // http:method and http:path are those of the request, also for a target elsewhere
	unsure    *Refusal // set by a condition key whose value is ambiguous or unknown
	few       [4]target
}

// Authorize decides whether the request may pass. It removes the identity headers from r.Header in any case. The steps
// follow in the order in which run calls them; the first refusal ends the run.
func (e *Engine) Authorize(ctx context.Context, r *Request) (result Result) {
	e.IdentityHeaders().Strip(r.Header)
	c := e.calls.Get().(*call)
	var began time.Time
	if c.turn++; e.timer != nil && c.turn%TimedOf == 0 {
		began = time.Now()
	}
	refusal := c.begin(ctx, r).run()
	if refusal != nil && e.o.Outdated != nil && c.body == nil && e.o.Outdated(ctx, refusal.Reason) {
		if c.asSent != nil { // resolving a presigned request of S3 changed them
			clear(r.Header)
			maps.Copy(r.Header, c.asSent)
		}
		c.forget()
		refusal = c.begin(ctx, r).run()
	}
	c.fill(&result, refusal)
	name := ""
	if refusal != nil {
		name = refusal.Name()
	}
	if e.o.Decisions != nil {
		c.recordDecision(&result)
	}
	e.observer.Authorized(result.Outcome, name, result.Scheme, c.cached)
	c.forget()
	e.calls.Put(c)
	if !began.IsZero() {
		e.timer.Took(result.Outcome, time.Since(began))
	}
	return result
}

// begin prepares the call for a request.
func (c *call) begin(ctx context.Context, r *Request) *call {
	c.ctx, c.r, c.now, c.query = ctx, r, c.e.now(), r.RawQuery
	c.take(c.e.anonymous)
	return c
}

// forget resets the call for its next use. It keeps the memory of its slices.
func (c *call) forget() {
	c.freeBody()
	e, targets, params, turn := c.e, c.targets[:0], c.s3.params[:0], c.turn
	*c = call{}
	c.e, c.targets, c.s3.params, c.turn = e, targets, params, turn
}

// freeBody gives the bytes of the body back to the budget.
func (c *call) freeBody() {
	if c.free != nil {
		c.free()
	}
}

// take sets the subject and its principal.
func (c *call) take(s *Subject) { c.subject, c.principal = s, c.e.principalOf(s) }

func (c *call) run() *Refusal {
	if refusal := c.read(); refusal != nil {
		return refusal
	}
	if refusal := c.e.o.Mapping.locate(c); refusal != nil {
		return c.signedFirst(refusal)
	}
	found, refusal := findCredential(c.r, c.cookieName())
	if refusal != nil {
		return refusal
	}
	c.credential = found
	if refusal := c.authenticate(); refusal != nil {
		return refusal
	}
	if refusal := c.checkRevoked(); refusal != nil {
		return refusal
	}
	if refusal := c.e.o.Mapping.resolve(c); refusal != nil {
		return refusal
	}
	return c.decide()
}

// signedFirst returns the refusal of a path, or that of the signature if it is wrong: S3 verifies a signature before it looks at
// bucket and key. A wrong signature is reported first, whatever else is wrong.
func (c *call) signedFirst(located *Refusal) *Refusal {
	if _, s3 := c.e.o.Mapping.(*S3Mapping); !s3 || c.e.o.SigV4 == nil || located.Reason == MalformedHost {
		return located
	}
	found, refusal := findCredential(c.r, c.cookieName())
	if refusal != nil || found.scheme != schemeSigV4 && found.scheme != schemePresigned {
		return located
	}
	c.credential = found
	if refusal := c.signature(); refusal != nil {
		return refusal
	}
	c.take(c.e.anonymous)
	c.verified = nil
	return located
}

// read checks the method, target and host.
func (c *call) read() *Refusal {
	r := c.r
	if len(r.Header) > c.e.o.MaxHeaders {
		return refuse(TooManyHeaders)
	}
	if len(r.Method) > 32 || !headers.IsToken(r.Method) {
		return malformed(MalformedMethod, errors.New("the method is malformed"))
	}
	if r.TooEarly {
		return refuse(TooEarly)
	}
	if r.Method == "CONNECT" {
		return malformed(MalformedMethod, errTunnel)
	}
	if err := urlpath.CheckTarget(r.Target); err != nil {
		return malformed(MalformedPath, err)
	}
	host, err := urlpath.CanonicalHost(r.Host)
	if err != nil {
		return malformed(MalformedHost, err)
	}
	c.host = host
	return nil
}

// errTunnel is the error for CONNECT, which opens a tunnel for requests that the engine would not see.
var errTunnel = errors.New("CONNECT would open a tunnel, which only WebSocket may do")

// authenticate turns the credential into a subject.
func (c *call) authenticate() *Refusal {
	o := &c.e.o
	switch c.credential.scheme {
	case schemeNone:
		return nil
	case schemeBearer:
		if o.Verifier != nil {
			return c.bearer(c.credential.value)
		}
	case schemeSigV4, schemePresigned:
		if o.SigV4 != nil {
			return c.signature()
		}
	case schemeCookie:
		return c.cookie()
	case schemeOther:
	}
	return refuse(UnsupportedCredential)
}

// bearer takes the subject of a token from the cache, or verifies the token.
func (c *call) bearer(raw string) *Refusal {
	o := &c.e.o
	if len(raw) > o.MaxTokenBytes {
		return refuse(TokenTooLarge)
	}
	// The generation is read before verifying, because the token's key may be removed while it is verified.
	generation := uint32(o.Verifier.Generation())
	if o.Verifier.Seen(raw) { // the cache rarely holds a token that the verifier has not seen
		subject, outcome, err := o.Tokens.Get(o.Tokens.Key(raw), c.now)
		switch outcome {
		case token.Hit:
			if subject.generation == generation {
				c.cached = true
				c.take(subject)
				return nil
			}
			o.Tokens.Remove(o.Tokens.Key(raw)) // a key was removed since, possibly the token's
		case token.Refused:
			if token.Holds(err, generation) {
				c.cached = true
				return refuseToken(err)
			}
		case token.Miss:
		}
	}
	verified, err := o.Verifier.Verify(c.ctx, raw)
	if err != nil {
		if costly(err) {
			o.Tokens.PutNegative(o.Tokens.Key(raw), &token.Dated{Err: err, Generation: generation}, c.now.Add(negativeTime))
		}
		return refuseToken(err)
	}
	var subject *Subject
	subject, c.principal = subjectOfToken(verified)
	subject.serial, subject.generation = c.e.serial.Add(1), generation
	until := c.principal.ExpiresAt
	if most := c.now.Add(maxCachedTime); until.After(most) {
		until = most
	}
	o.Tokens.Put(o.Tokens.Key(raw), subject, subject.sizeOfToken(verified), until)
	c.subject = subject
	return nil
}

// maxCachedTime is how long an accepted token stays in the cache. It limits the use of keys that can no longer be
// fetched; RemoteOptions.MaxStale limits it for new tokens.
const maxCachedTime = time.Hour

// negativeTime is how long a token with a bad signature is refused without verifying it again.
const negativeTime = time.Minute

// costly reports whether a refusal is worth caching, which is so if it took a signature check. Other refusals are as
// cheap to compute as to cache, and some are temporary: a token becomes valid, a key becomes known.
func costly(err error) bool {
	refused, ok := errors.AsType[*token.Error](err)
	return ok && refused.Reason == token.BadSignature
}

// checkRevoked checks that the credential has not expired or been revoked. It skips the lookup if there was no revocation
// since the last one.
func (c *call) checkRevoked() *Refusal {
	p := c.principal
	if p.Kind == principal.Anonymous {
		return nil
	}
	if !p.ExpiresAt.IsZero() && !c.now.Before(p.ExpiresAt) {
		return refuse(TokenExpired)
	}
	revocations := c.e.o.Revocations
	if revocations == nil {
		return nil
	}
	if !revocations.Fresh() {
		return refuse(Unavailable)
	}
	epoch := revocations.Epoch() + 1 // read before the lookup, so that a revocation during it is seen next time
	if c.subject.epoch.Load() == epoch {
		return nil
	}
	if revocations.Revoked(p) {
		if c.credential.scheme == schemeCookie {
			return c.renew()
		}
		return refuse(Revoked)
	}
	c.subject.epoch.Store(epoch)
	return nil
}

// decide evaluates the policies for every target. All must be allowed; decided is the first that is not.
func (c *call) decide() *Refusal {
	perms := c.e.permissionsFor(c.subject)
	for i := range c.targets {
		c.target = &c.targets[i]
		decision := c.judge(perms)
		if i == 0 {
			c.decision = decision
		}
		if c.target.optional && (c.unsure != nil || decision.Effect != policy.Allow) {
			c.s3.withoutTags, c.unsure = true, nil
			continue
		}
		if c.unsure != nil {
			c.decided, c.decision = i, policy.Decision{}
			return c.unsure
		}
		if decision.Effect != policy.Allow {
			c.decided, c.decision = i, decision
			if c.principal.Kind == principal.Anonymous && c.lapsed != nil {
				return c.lapsed
			}
			if c.principal.Kind == principal.Anonymous {
				return refuse(NoCredential)
			}
			return refuse(NotAllowed)
		}
	}
	if len(c.targets) == 0 { // a mapping without targets must not allow anything
		return refuse(NotAllowed)
	}
	return nil
}

func (c *call) addTarget(t target) {
	if c.targets == nil {
		c.targets = c.few[:0]
	}
	c.targets = append(c.targets, t)
}

// fill fills in the result, which is zero, and records a denial.
func (c *call) fill(r *Result, refusal *Refusal) {
	p := c.principal
	r.Session = c.subject.session
	r.Outcome, r.Refusal, r.Principal, r.Scheme = outcomeOf(refusal), refusal, p, c.credential.scheme.String()
	r.Decision, r.Path, r.RawPath, r.ExpiresAt = c.decision, c.passed, c.rawPath, p.ExpiresAt
	r.Pass = r.Outcome == Allowed || c.e.o.Mode == ModeShadow && !c.spent
	if len(c.targets) > 0 {
		r.Action, r.Resource = c.targets[c.decided].action, c.targets[c.decided].resource
	}
	r.Verified, r.Chunked = c.verified, c.chunked
	r.PayloadHash, r.Trailer = payloadOf(c)
	if refusal == nil {
		c.e.o.Mapping.forward(c)
	}
	r.RawQuery, r.Host, r.Body = c.query, c.endpoint, c.body
	if c.rewritten {
		r.PayloadHash, r.Trailer = sigv4.HashPayload(c.body), ""
	}
	if refusal == nil {
		return
	}
	// Requests without a credential are not recorded: a flood of them would push out the denials of principals.
	if p.Kind != principal.Anonymous && (refusal.Reason == NotAllowed || refusal == c.unsure) {
		r.DecisionID = c.e.decisionID()
		c.keep(r)
	}
}

func outcomeOf(refusal *Refusal) Outcome {
	if refusal == nil {
		return Allowed
	}
	return refusal.Outcome()
}

// decisionID returns 16 random hexadecimal digits, "" if the random source fails.
func (e *Engine) decisionID() string {
	var b [8]byte
	if _, err := io.ReadFull(e.rand, b[:]); err != nil {
		return "" // the request is still refused; only the lookup is lost
	}
	return hex.EncodeToString(b[:])
}

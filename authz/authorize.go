package authz

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// call is one request on its way through the engine. Calls are used again; nothing of one outlives Authorize.
type call struct {
	e   *Engine
	ctx context.Context
	r   *Request
	now time.Time

	// What the steps find, in their order.
	host       string // lower case, without port
	path       string // canonical and decoded: what conditions on http:path see
	passed     string // what goes upstream of it, decoded
	rawPath    string // the same, encoded
	credential credential
	cached     bool
	subject    *Subject
	principal  *principal.Principal // the subject's
	verified   *sigv4.Verified
	body       []byte
	s3         s3Request
	targets    []target
	decided    int // index of the target that Result tells of
	decision   policy.Decision

	// While deciding.
	target *target  // which is being decided on: some context keys belong to one action only
	unsure *Problem // a key that has more than one value, or none that can be known
	few    [4]target
}

// Authorize says whether the request may pass. It removes the identity headers from r.Header, whatever comes of it. The
// steps stand here in the order in which a request takes them; the first that finds a problem ends the way.
func (e *Engine) Authorize(ctx context.Context, r *Request) (result Result) {
	e.identity.Strip(r.Header)
	c := e.calls.Get().(*call)
	c.ctx, c.r, c.now = ctx, r, e.now()
	c.take(e.anonymous)
	problem := c.run()
	c.tell(&result, problem)
	e.observer.Authorized(result.Outcome, reasonOf(problem), result.Scheme, c.cached)
	c.forget()
	e.calls.Put(c)
	return result
}

// forget makes the call ready for the next request; it keeps the memory of its lists.
func (c *call) forget() {
	e, targets, params := c.e, c.targets[:0], c.s3.params[:0]
	*c = call{}
	c.e, c.targets, c.s3.params = e, targets, params
}

// take makes the subject the one who asks.
func (c *call) take(s *Subject) { c.subject, c.principal = s, c.e.principalOf(s) }

func (c *call) run() *Problem {
	if problem := c.read(); problem != nil {
		return problem
	}
	found, problem := findCredential(c.r, c.e.o.SessionCookie)
	if problem != nil {
		return problem
	}
	c.credential = found
	if problem := c.authenticate(); problem != nil {
		return problem
	}
	if problem := c.checkRevoked(); problem != nil {
		return problem
	}
	if problem := c.e.o.Mapping.resolve(c); problem != nil {
		return problem
	}
	return c.decide()
}

// read finds the one meaning of host, path and method.
func (c *call) read() *Problem {
	r := c.r
	if len(r.Header) > c.e.o.MaxHeaders {
		return problemHeaders
	}
	if len(r.Method) > 32 || !isToken(r.Method) {
		return badRequest(reasonMethod, "the method is malformed")
	}
	if err := checkTarget(r.Target); err != nil {
		return badRequest(reasonPath, err.Error())
	}
	host, err := CanonicalHost(r.Host)
	if err != nil {
		return badRequest(reasonHost, err.Error())
	}
	c.host = host
	return c.e.o.Mapping.locate(c)
}

// authenticate turns the credential into a subject.
func (c *call) authenticate() *Problem {
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
	return problemScheme
}

// bearer takes a token from the cache, or verifies it.
func (c *call) bearer(raw string) *Problem {
	o := &c.e.o
	if len(raw) > o.MaxTokenBytes {
		return problemTooLarge
	}
	if o.Verifier.Seen(raw) { // others are in no cache
		subject, outcome, err := o.Tokens.Get(o.Tokens.Key(raw), c.now)
		switch outcome {
		case token.Hit:
			c.cached = true
			c.take(subject)
			return nil
		case token.Refused:
			c.cached = true
			return tokenProblem(err)
		case token.Miss:
		}
	}
	verified, err := o.Verifier.Verify(c.ctx, raw)
	if err != nil {
		if costly(err) {
			o.Tokens.PutNegative(o.Tokens.Key(raw), err, c.now.Add(negativeTime))
		}
		return tokenProblem(err)
	}
	var subject *Subject
	subject, c.principal = subjectOfToken(verified)
	subject.serial = c.e.serial.Add(1)
	o.Tokens.Put(o.Tokens.Key(raw), subject, subject.sizeOfToken(verified), c.principal.ExpiresAt)
	c.subject = subject
	return nil
}

// negativeTime is how long a token with a bad signature is refused unseen.
const negativeTime = time.Minute

// costly says whether a refusal is worth remembering: it took a signature check. All others are found out again in the
// time that remembering them takes, and some are not for good: a token becomes valid, a key becomes known.
func costly(err error) bool {
	refused, ok := errors.AsType[*token.Error](err)
	return ok && refused.Reason == token.BadSignature
}

// cookie asks the login pages whose session it is.
func (c *call) cookie() *Problem {
	p, err := c.e.o.Sessions.Resolve(c.ctx, c.credential.value)
	if err != nil {
		return sessionProblem(err)
	}
	c.take(&Subject{Principal: p})
	return nil
}

// checkRevoked looks the principal up among what was ended, unless nothing was since the last time.
func (c *call) checkRevoked() *Problem {
	p := c.principal
	if p.Kind == principal.Anonymous {
		return nil
	}
	if !p.ExpiresAt.IsZero() && !c.now.Before(p.ExpiresAt) {
		return problemTokenExpired
	}
	revocations := c.e.o.Revocations
	if revocations == nil {
		return nil
	}
	if !revocations.Fresh() {
		return problemUnavailable
	}
	epoch := revocations.Epoch() + 1 // read first: what comes in while looking is looked at next time
	if c.subject.epoch.Load() == epoch {
		return nil
	}
	if revocations.Revoked(p) {
		return problemRevoked
	}
	c.subject.epoch.Store(epoch)
	return nil
}

// decide asks the policies about every target. All must be allowed; the first that is not is the one to tell of.
func (c *call) decide() *Problem {
	grants := c.e.grantsFor(c.subject)
	for i := range c.targets {
		c.target = &c.targets[i]
		decision := c.judge(grants)
		if i == 0 {
			c.decision = decision
		}
		if c.unsure != nil {
			c.decided, c.decision = i, policy.Decision{}
			return c.unsure
		}
		if decision.Effect != policy.Allow {
			c.decided, c.decision = i, decision
			if c.principal.Kind == principal.Anonymous {
				return problemMissing
			}
			return problemDenied
		}
	}
	if len(c.targets) == 0 { // a mapping that finds nothing to decide on must not let pass
		return problemDenied
	}
	return nil
}

func (c *call) judge(g *grants) policy.Decision {
	request := policy.Request{Action: c.target.action, Resource: c.target.resource, Context: c}
	verdict := g.layers[0].Decide(&request)
	for i := 1; i < len(g.layers) && verdict.Effect != policy.ExplicitDeny; i++ {
		if d := g.layers[i].Decide(&request); d.Effect != policy.ImplicitDeny {
			verdict = d
		}
	}
	return verdict
}

func (c *call) addTarget(t target) {
	if c.targets == nil {
		c.targets = c.few[:0]
	}
	c.targets = append(c.targets, t)
}

// tell gathers what the host needs, and keeps an account of a refusal. r is empty.
func (c *call) tell(r *Result, problem *Problem) {
	p := c.principal
	r.Outcome, r.Problem, r.Principal, r.Scheme = outcomeOf(problem), problem, p, c.credential.scheme.String()
	r.Decision, r.Path, r.RawPath, r.Body, r.ExpiresAt = c.decision, c.passed, c.rawPath, c.body, p.ExpiresAt
	r.Pass = r.Outcome == Allowed || c.e.o.Mode == ModeShadow
	if len(c.targets) > 0 {
		r.Action, r.Resource = c.targets[c.decided].action, c.targets[c.decided].resource
	}
	if c.verified != nil {
		r.Verified = c.verified
		r.PayloadHash, r.Trailer = payloadOf(c)
	}
	if problem == nil {
		return
	}
	r.Challenges = c.e.challenges(problem)
	// Who shows no credential gets no account: a flood of them would push out those of principals.
	if problem == problemDenied || problem == c.unsure {
		r.DecisionID = c.e.decisionID()
		c.keep(r)
	}
}

func outcomeOf(problem *Problem) Outcome {
	switch {
	case problem == nil:
		return Allowed
	case problem.Status == 401:
		return Unauthenticated
	case problem.Status == 403:
		return Denied
	case problem.Status >= 500 && problem.Status != 501:
		return Undecidable
	default:
		return Malformed
	}
}

func reasonOf(problem *Problem) string {
	if problem == nil {
		return ""
	}
	return problem.Reason
}

// decisionID is 16 random hexadecimal digits.
func (e *Engine) decisionID() string {
	var b [8]byte
	if _, err := io.ReadFull(e.rand, b[:]); err != nil {
		return "" // the refusal stands, it only cannot be looked up
	}
	return hex.EncodeToString(b[:])
}

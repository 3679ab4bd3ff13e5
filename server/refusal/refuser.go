package refusal

import (
	"net/http"
	"slices"

	"github.com/sluicegate/sluice/authz"
)

// Options say which credentials a route takes and what it tells about itself.
type Options struct {
	// Tokens reports whether the route takes bearer tokens.
	Tokens bool
	// Service is the service that the route takes AWS signatures for, "s3" or "execute-api"; "" if it takes none.
	Service string
	// Realm and ResourceMetadata (an absolute URL, RFC 9728) go into WWW-Authenticate; "" leaves them out.
	Realm, ResourceMetadata string
	// Login is the path at which a browser signs in; "" if it cannot. It tells scripts what to open.
	Login string
}

// Refuser writes the refusals of one route. It is safe for concurrent use.
type Refuser struct {
	o          Options
	challenges [][]string // by authz.Reason
	bodies     [][]byte   // of refusals without details, by authz.Reason
}

// New returns a Refuser.
func New(o Options) *Refuser {
	f := &Refuser{o: o, challenges: make([][]string, len(problems)), bodies: problemBodies}
	if o.Login != "" {
		f.bodies = problemBodiesOf(o.Login)
	}
	for _, reason := range authz.Reasons() {
		f.challenges[reason] = o.challenge(problems[reason], reason.Sentence())
	}
	return f
}

// Refuse answers a request whose result has a Refusal. On a route for S3 the answer is S3's. On other routes a caller that
// signs gets API Gateway's answer, and every other caller problem+json.
func (f *Refuser) Refuse(w http.ResponseWriter, r *http.Request, result *authz.Result) error {
	switch {
	case f.o.Service == "s3":
		return writeS3(w, r, s3Of(result.Refusal), result.DecisionID)
	case f.signs(result):
		return writeAPIGateway(w, apiGatewayOf(result, f.o.Service), result.DecisionID)
	}
	return f.writeRefusal(w, result.Refusal, result.DecisionID)
}

// Problem returns the status of a refusal that Refuse would answer with problem+json; false if the client reads another
// form, of S3 or API Gateway.
func (f *Refuser) Problem(result *authz.Result) (status int, ok bool) {
	if f.o.Service == "s3" || f.signs(result) {
		return 0, false
	}
	return Status(result.Refusal), true
}

// Challenge adds the WWW-Authenticate headers that Refuse adds with problem+json.
func (f *Refuser) Challenge(h http.Header, refusal *authz.Refusal) {
	if !problemOf(refusal).challenged() {
		return
	}
	challenge := f.challenges[refusal.Reason]
	if sentence := refusal.Reason.Sentence(); sentence != "" && refusal.Detail != "" && refusal.Detail != sentence {
		challenge = f.o.challenge(problemOf(refusal), refusal.Detail)
	}
	if len(challenge) > 0 {
		h["Www-Authenticate"] = append(slices.Clip(h["Www-Authenticate"]), challenge...) // a copy, see Write
	}
}

// signs reports whether the caller expects the answers of API Gateway: it signed the request, or it showed no credential
// on a route where there is nothing to do but sign.
func (f *Refuser) signs(result *authz.Result) bool {
	switch {
	case f.o.Service == "":
		return false
	case result.Scheme == "sigv4", result.Scheme == "presigned":
		return true
	}
	return result.Scheme == "none" && !f.o.Tokens
}

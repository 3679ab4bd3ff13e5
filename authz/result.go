package authz

import (
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// Outcome is what became of a request.
type Outcome uint8

// The outcomes. The zero value is none of them, so that a forgotten result never passes.
const (
	_               Outcome = iota
	Allowed                 // may pass
	Denied                  // 403: decided, no
	Unauthenticated         // 401: no credential where one is needed, or a bad one
	Malformed               // 400 and its kin: the request has no single meaning, or one that is not served
	Undecidable             // 503: something that the decision needs is not there
)

var outcomeNames = [...]string{"none", "allowed", "denied", "unauthenticated", "malformed", "undecidable"}

// String names the outcome as metrics do.
func (o Outcome) String() string { return outcomeNames[o] }

// Result is what the host acts on. It is a value; what it points to is shared and must not be changed.
type Result struct {
	Outcome Outcome
	// Pass says whether the request goes upstream: it was allowed, or the engine only watches (ModeShadow).
	Pass bool
	// Refusal says why the outcome is not Allowed; nil when it is.
	Refusal *Refusal

	// Principal is who asks: never nil, of kind Anonymous when no credential was shown or none was good.
	Principal *principal.Principal
	// Scheme is how the credential was shown: "none", "bearer", "sigv4", "presigned", "cookie", "other".
	Scheme string

	// Action and Resource are what the decision was about: of several, the one that was refused, or else the first.
	Action, Resource string
	Decision         policy.Decision
	// DecisionID stands for the refusal in logs, in the answer and at Denials.Get; "" unless something was decided
	// against the request.
	DecisionID string

	// Path and RawPath are what goes upstream in place of what the client sent, decoded and in its one encoding: the
	// canonical path that the decision was about, without an S3Mapping's prefix. Both are "" when there is none. Whoever
	// forwards must use both, or RawPath alone.
	Path, RawPath string

	// Verified is the good signature of a signed request, nil for others. When Body is nil the host must send
	// Verified.Body(request body) upstream in place of the body, unless it is empty.
	Verified *sigv4.Verified
	// Body, when it is not nil, is the whole body, which the decision needed: checked and decoded.
	Body []byte

	// PayloadHash is the hash that a verified signature covers the body with, in hexadecimal, and Trailer the checksum that
	// comes behind a body in chunks ("x-amz-checksum-crc32"); "" for none. Whoever signs anew needs them.
	PayloadHash, Trailer string

	// ExpiresAt is when the credential ends; connections that live longer must be closed then. Zero means never.
	ExpiresAt time.Time
}

package authz

import (
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// Outcome is the result of a request.
type Outcome uint8

// The outcomes. The zero value is none of them, so that an unset Result does not pass.
const (
	_               Outcome = iota
	Allowed                 // the request may pass
	Denied                  // policies do not allow it
	Unauthenticated         // it has no credential where one is needed, or a bad one
	Malformed               // it has no single meaning, or one that is not served
	Undecidable             // something that the decision needs is unavailable
)

// Outcomes is the number of values of Outcome.
const Outcomes = int(Undecidable) + 1

var outcomeNames = [...]string{"none", "allowed", "denied", "unauthenticated", "malformed", "undecidable"}

// String returns the name that metrics use.
func (o Outcome) String() string { return outcomeNames[o] }

// Result tells the host what to do with a request. The values it points to are shared and must not be changed.
type Result struct {
	Outcome Outcome // what was decided
	// Pass reports whether the request may be forwarded: the outcome is Allowed, or the mode is ModeShadow.
	Pass bool
	// Refusal is the reason why the outcome is not Allowed, or nil if it is.
	Refusal *Refusal

	// Principal is the sender. It is never nil; its kind is Anonymous if there is no credential, or a bad one.
	Principal *principal.Principal
	// Session is the session of a browser that signed in; nil for other credentials.
	Session *Session
	// Scheme is how the credential was presented: "none", "bearer", "sigv4", "presigned", "cookie" or "other".
	Scheme string

	// Action and Resource are the target of the decision. If there are several, they are the one that was denied, or
	// else the first.
	Action, Resource string
	Decision         policy.Decision
	// DecisionID identifies a denial in logs, in the answer and for Denials.Get. It is "" for other results.
	DecisionID string

	// Path and RawPath are the path to forward, decoded and in its canonical encoding: the path that was decided on,
	// without the prefix of an S3Mapping. The host must use both, or RawPath alone. Both are "" if the path has no
	// canonical form.
	Path, RawPath string
	// RawQuery is the query to forward.
	RawQuery string
	// Host is the host to forward if the client's named a bucket, which is in the path now; "" for the client's own.
	Host string

	// Verified is the signature of a signed request; nil for others. Chunked reports that a request without one has a body in chunks.
	// For both, if Body is nil and the request has a body, the host must forward the reader that UpstreamBody returns.
	Verified *sigv4.Verified
	Chunked  bool
	// Body is the whole body, verified and decoded, if the decision depended on it; nil otherwise.
	Body []byte

	// PayloadHash is the hash of the body that a signature covers, in hexadecimal. Trailer is the checksum that follows a
	// body in chunks, such as "x-amz-checksum-crc32". Signing the request again needs them. "" means none.
	PayloadHash, Trailer string

	// ExpiresAt is when the credential expires. The host must close connections that last longer. Zero means never.
	ExpiresAt time.Time
}

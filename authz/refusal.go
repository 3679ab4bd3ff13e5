package authz

import (
	"errors"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
)

// Refusal is the reason why a request does not pass. It is independent of protocols, which map it to a status, a code
// and a text. Everything in it may be shown to the client, but for Token.
type Refusal struct {
	Reason Reason // why, from a fixed list
	// Detail is a sentence about this request: Reason.Sentence, or a specific one if the reason has none.
	Detail string
	// Subject is what the refusal is about: the access key of UnknownAccessKey, the header of InvalidHeader, the header or
	// parameter of InvalidValue, the key of InvalidTags, the parameters of RepeatedParameter and ConflictingParameters, the condition key of
	// AmbiguousValue and UnknownValue, the header, or the parameter after "?", of UnknownRequest. MethodNotServed and UploadTooLarge say theirs.
	// It is "" for other reasons.
	Subject string
	Value   string // of the subject of an InvalidValue or InvalidCopySource, the length of a KeyTooLong; "" if it is not known
	// Token says in fixed words which check of a token failed, for the operator: clients are not told. "" = the reason says it.
	Token string
	// Signature is the error of a SignatureRefused; nil for other reasons.
	Signature *sigv4.Error
}

// Name returns a short, stable name of the condition for metrics and logs, such as "expired" or "denied".
func (r *Refusal) Name() string {
	if r.Signature != nil {
		return r.Signature.Reason.Name()
	}
	return r.Reason.String()
}

// Outcome returns the outcome of a request that is refused in this way.
func (r *Refusal) Outcome() Outcome {
	if r.Signature != nil && !badSignature(r.Signature.Reason) {
		return Malformed
	}
	return r.Reason.Outcome()
}

// fixed holds one Refusal for each reason with a sentence, so that refusing does not allocate.
var fixed = func() (list [reasonCount]Refusal) {
	for reason := range list {
		list[reason] = Refusal{Reason: Reason(reason), Detail: Reason(reason).Sentence()}
	}
	return list
}()

// refuse returns the refusal for a reason with a sentence. The result is shared and must not be changed.
func refuse(reason Reason) *Refusal { return &fixed[reason] }

// refuseAbout returns a refusal with a subject and a sentence about it.
func refuseAbout(reason Reason, subject, detail string) *Refusal {
	return &Refusal{Reason: reason, Detail: detail, Subject: subject}
}

// malformed refuses an ambiguous or invalid request. The text of err is shown to the client.
func malformed(reason Reason, err error) *Refusal {
	return &Refusal{Reason: reason, Detail: sentence(err.Error())}
}

// refuseToken translates an error of the token verifier.
func refuseToken(err error) *Refusal {
	if refused, ok := errors.AsType[*token.Error](err); ok {
		switch reason := reasonOfToken(refused.Reason); {
		case reason == TokenWrongUse && refused.Detail != "":
			return &Refusal{Reason: reason, Detail: "The token is " + refused.Detail + ".", Token: refused.Detail}
		case reason != 0 && refused.Detail != "":
			return &Refusal{Reason: reason, Detail: reason.Sentence(), Token: refused.Detail}
		case reason != 0:
			return refuse(reason)
		}
	}
	return refuse(Unavailable) // the token itself was not judged
}

// reasonOfToken returns the Reason for a reason of the token verifier, or 0 for an unknown one. It is a switch because a
// map would cost a cache miss for each bad token of a flood.
func reasonOfToken(reason token.Reason) Reason {
	switch reason {
	case token.Malformed:
		return TokenMalformed
	case token.UnknownIssuer:
		return TokenUnknownIssuer
	case token.Algorithm:
		return TokenAlgorithm
	case token.UnknownKey:
		return TokenUnknownKey
	case token.BadSignature:
		return TokenSignature
	case token.Expired:
		return TokenExpired
	case token.NotYetValid:
		return TokenNotYetValid
	case token.WrongAudience:
		return TokenWrongAudience
	case token.WrongTokenUse:
		return TokenWrongUse
	case token.TooLarge:
		return TokenTooLarge
	case token.KeysUnavailable:
		return KeysUnavailable
	case token.Encrypted:
		return TokenEncrypted
	case token.CriticalHeader:
		return TokenCriticalHeader
	case token.WrongType:
		return TokenWrongType
	}
	return 0
}

// refuseSession translates an error from opening a session token or resolving a login cookie.
func refuseSession(err error) *Refusal {
	switch {
	case errors.Is(err, session.ErrExpired), fault.Is(err, fault.ExpiredToken):
		return refuse(SessionExpired)
	case errors.Is(err, session.ErrInvalid), fault.Is(err, fault.NotAuthorized):
		return refuse(InvalidSessionToken)
	}
	return refuse(Unavailable)
}

// refuseSignature translates an error of package sigv4.
func refuseSignature(err error) *Refusal {
	refused, ok := errors.AsType[*sigv4.Error](err)
	if !ok {
		return refuse(Unavailable)
	}
	return &Refusal{Reason: SignatureRefused, Detail: sentence(strings.TrimPrefix(refused.Error(), "sigv4: ")), Signature: refused}
}

// RefusalOf translates an error of the reader that UpstreamBody returns.
func RefusalOf(err error) *Refusal {
	if refused, ok := errors.AsType[*sigv4.Error](err); ok {
		return refuseSignature(refused)
	}
	return refuse(BodyUnreadable)
}

// badSignature reports whether a signature refused for the reason is a bad credential. The other reasons are a
// request, or a body, that is malformed.
func badSignature(reason sigv4.Reason) bool {
	switch reason {
	case sigv4.Missing, sigv4.WrongScope, sigv4.Skewed, sigv4.NotYetValid, sigv4.Expired, sigv4.UnsignedHeader, sigv4.Mismatch:
		return true
	default:
		return false
	}
}

// sentence returns the text of an error as a sentence, with a capital letter and a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.TrimSuffix(s, ".")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

package token

import "github.com/sluicegate/sluice/fault"

// Reason is the reason for which a token was refused. Metrics and logs use its text, which does not change between
// versions.
type Reason string

// The reasons, in the order of the checks.
const (
	TooLarge        Reason = "too_large"        // longer than MaxTokenBytes; nothing was decoded
	Malformed       Reason = "malformed"        // not a JWS in compact form with header and claims in strict JSON
	Encrypted       Reason = "encrypted"        // five parts: a JWE, which this package does not decrypt
	UnknownIssuer   Reason = "unknown_issuer"   // iss is not configured
	Algorithm       Reason = "algorithm"        // alg is not in the issuer's list or does not fit the key
	CriticalHeader  Reason = "critical_header"  // crit or b64 in the header (RFC 7515 section 4.1.11, RFC 7797)
	WrongType       Reason = "wrong_type"       // typ is not in Issuer.Types
	Expired         Reason = "expired"          // exp has passed
	NotYetValid     Reason = "not_yet_valid"    // nbf or iat is in the future
	UnknownKey      Reason = "unknown_key"      // the issuer has no key with this kid
	KeysUnavailable Reason = "keys_unavailable" // the issuer's keys are not available; try again
	BadSignature    Reason = "signature"        // the key did not make the signature
	WrongTokenUse   Reason = "wrong_token_use"  // token_use is missing or not accepted
	WrongAudience   Reason = "wrong_audience"   // the client or audience is not accepted
)

// Error is a refusal. It has no text from the token, so it can be logged. Errors are shared and must not be changed.
type Error struct {
	Reason Reason // what is wrong with the token
	Detail string // the failed check in fixed words, for the operator
	cause  error
}

// Error returns the reason and the detail.
func (e *Error) Error() string {
	if e.Detail == "" {
		return "token: " + string(e.Reason)
	}
	return "token: " + string(e.Reason) + ": " + e.Detail
}

// Unwrap returns a fault of kind Unavailable for KeysUnavailable, ExpiredToken for Expired, and NotAuthorized otherwise.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an *Error with the same Reason, and with the same Detail unless target has none.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason && (t.Detail == "" || t.Detail == e.Detail)
}

// Lasting reports whether the same token will be refused again with the same configuration, so that the refusal may be
// cached. A refusal that depends on the issuer's keys or on a future time is not lasting.
func (e *Error) Lasting() bool {
	return e.Reason != NotYetValid && e.Reason != UnknownKey && e.Reason != KeysUnavailable && e.Reason != BadSignature
}

// refuse makes an Error. Errors are made once, so that refusing a token does not allocate.
func refuse(reason Reason, detail string) *Error {
	kind, message := fault.NotAuthorized, "The token is not valid."
	switch reason {
	case KeysUnavailable:
		kind, message = fault.Unavailable, "The issuer's keys are not available."
	case Expired:
		kind, message = fault.ExpiredToken, "The token has expired."
	default:
	}
	return &Error{Reason: reason, Detail: detail, cause: fault.New(kind, message)}
}

// The refusals.
var (
	errTooLarge      = refuse(TooLarge, "longer than the limit")
	errParts         = refuse(Malformed, "does not have three parts")
	errEmptyPart     = refuse(Malformed, "a part is empty")
	errEncrypted     = refuse(Encrypted, "has five parts")
	errBase64        = refuse(Malformed, "not strict base64url")
	errHeaderSize    = refuse(TooLarge, "header longer than the limit")
	errHeaderJSON    = refuse(Malformed, "header is not strict JSON")
	errHeaderType    = refuse(Malformed, "a header field has the wrong type")
	errKeyIDSize     = refuse(Malformed, "kid is too long")
	errCritical      = refuse(CriticalHeader, "header has crit or b64")
	errClaimsJSON    = refuse(Malformed, "claims are not strict JSON")
	errClaimType     = refuse(Malformed, "a registered claim has the wrong type")
	errNoExpiry      = refuse(Malformed, "exp is missing")
	errUnknownIssuer = refuse(UnknownIssuer, "")
	errAlgorithm     = refuse(Algorithm, "not in the issuer's list")
	errKeyAlgorithm  = refuse(Algorithm, "does not fit the key")
	errWrongType     = refuse(WrongType, "")
	errExpired       = refuse(Expired, "")
	errNotYet        = refuse(NotYetValid, "nbf is in the future")
	errIssuedLater   = refuse(NotYetValid, "iat is in the future")
	errUnknownKey    = refuse(UnknownKey, "")
	errKeysAway      = refuse(KeysUnavailable, "")
	errSignature     = refuse(BadSignature, "")
	errTokenUse      = refuse(WrongTokenUse, "")
	errIDToken       = refuse(WrongTokenUse, "an ID token where an access token is required")
	errAccessToken   = refuse(WrongTokenUse, "an access token where an ID token is required")
	errAudience      = refuse(WrongAudience, "aud is not accepted")
	errClient        = refuse(WrongAudience, "the client is not accepted")
)

package token

import "github.com/sluicegate/sluice/fault"

// Reason says why a token was refused. Its text is stable: metrics and logs carry it.
type Reason string

// The reasons, in the order in which the checks are made.
const (
	TooLarge        Reason = "too_large"        // longer than MaxTokenBytes; nothing was decoded
	Malformed       Reason = "malformed"        // not a JWS in compact form with a strict JSON header and claims
	Encrypted       Reason = "encrypted"        // five parts: a JWE, which is never decrypted
	UnknownIssuer   Reason = "unknown_issuer"   // iss is none of the configured ones
	Algorithm       Reason = "algorithm"        // alg is not in the issuer's list, or not one of the key
	CriticalHeader  Reason = "critical_header"  // crit or b64 in the header (RFC 7515 4.1.11, RFC 7797)
	WrongType       Reason = "wrong_type"       // typ is not one that the issuer's tokens carry
	Expired         Reason = "expired"          // exp has passed
	NotYetValid     Reason = "not_yet_valid"    // nbf or iat lies in the future
	UnknownKey      Reason = "unknown_key"      // kid is none of the issuer's keys
	KeysUnavailable Reason = "keys_unavailable" // the issuer's keys could not be had; try again
	BadSignature    Reason = "signature"        // the signature is not the key's
	WrongTokenUse   Reason = "wrong_token_use"  // token_use is missing or not one that is accepted
	WrongAudience   Reason = "wrong_audience"   // neither aud nor client_id is one that is accepted
)

// Error is a refusal. It never holds the token nor any text from it, so it may be logged as it is. Errors are shared
// values: do not change one.
type Error struct {
	Reason Reason
	Detail string // which check, in fixed words; for the operator
	cause  error
}

// Error gives reason and detail.
func (e *Error) Error() string {
	if e.Detail == "" {
		return "token: " + string(e.Reason)
	}
	return "token: " + string(e.Reason) + ": " + e.Detail
}

// Unwrap returns the neutral kind: fault.Unavailable for KeysUnavailable, fault.ExpiredToken for Expired, and
// fault.NotAuthorized for the rest.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, &Error{Reason: r}) ask for the reason alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason && (t.Detail == "" || t.Detail == e.Detail)
}

// Lasting reports whether the same token would be refused again with the same configuration, so that the refusal may be
// cached: not when only the time or the issuer's keys stand against it.
func (e *Error) Lasting() bool {
	return e.Reason != NotYetValid && e.Reason != UnknownKey && e.Reason != KeysUnavailable
}

// refuse makes an Error; every one is made once, at package level or for a cold path, so that refusing costs nothing.
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
	errParts         = refuse(Malformed, "not three parts")
	errEmptyPart     = refuse(Malformed, "an empty part")
	errEncrypted     = refuse(Encrypted, "five parts")
	errBase64        = refuse(Malformed, "not strict base64url")
	errHeaderSize    = refuse(TooLarge, "header longer than the limit")
	errHeaderJSON    = refuse(Malformed, "header is not strict JSON")
	errHeaderType    = refuse(Malformed, "a header field has the wrong type")
	errKeyIDSize     = refuse(Malformed, "kid is missing or too long")
	errCritical      = refuse(CriticalHeader, "crit or b64")
	errClaimsJSON    = refuse(Malformed, "claims are not strict JSON")
	errClaimType     = refuse(Malformed, "a registered claim has the wrong type")
	errNoExpiry      = refuse(Malformed, "exp is missing")
	errUnknownIssuer = refuse(UnknownIssuer, "")
	errAlgorithm     = refuse(Algorithm, "not in the issuer's list")
	errKeyAlgorithm  = refuse(Algorithm, "not one of the key")
	errWrongType     = refuse(WrongType, "")
	errExpired       = refuse(Expired, "")
	errNotYet        = refuse(NotYetValid, "nbf")
	errIssuedLater   = refuse(NotYetValid, "iat")
	errUnknownKey    = refuse(UnknownKey, "")
	errKeysAway      = refuse(KeysUnavailable, "")
	errSignature     = refuse(BadSignature, "")
	errTokenUse      = refuse(WrongTokenUse, "")
	errAudience      = refuse(WrongAudience, "aud")
	errClient        = refuse(WrongAudience, "client")
)

package grants

import (
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/oauth"
)

// Error is a refusal by its name in OAuth 2.0. An error of another type is internal, or a fault of kind Unavailable.
type Error struct {
	Code        string // "invalid_grant"
	Description string // for the developer of the client; "" for none
	cause       error
}

// Error returns code, description and cause, for the log and not for clients.
func (e *Error) Error() string {
	text := e.Code
	if e.Description != "" {
		text += ": " + e.Description
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// The codes of errors.
//
// Source: RFC 6749 section 5.2; RFC 7009 section 2.2.1 for UnsupportedTokenType; RFC 8707 section 2 for InvalidTarget; RFC 8628 section 3.5; RFC 6750 section 3.1 for InvalidToken.
const (
	AccessDenied         = "access_denied"
	AuthorizationPending = "authorization_pending"
	ExpiredToken         = "expired_token"
	InvalidRequest       = "invalid_request"
	InvalidClient        = "invalid_client"
	InvalidGrant         = "invalid_grant"
	InvalidScope         = "invalid_scope"
	InvalidTarget        = "invalid_target"
	InvalidToken         = "invalid_token"
	SlowDown             = "slow_down"
	UnauthorizedClient   = "unauthorized_client"
	UnsupportedGrantType = "unsupported_grant_type"
	UnsupportedTokenType = "unsupported_token_type"
)

func refuse(code, description string) *Error { return &Error{Code: code, Description: description} }

// refusal converts the error of a service below to an Error. Internal errors and outages stay as they are.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if named, ok := errors.AsType[*oauth.Error](err); ok {
		return &Error{Code: named.Code, Description: named.Description, cause: err}
	}
	text, _ := fault.Message(err)
	switch fault.KindOf(err) {
	case fault.NotAuthorized, fault.ExpiredToken, fault.ExpiredCode, fault.CodeMismatch, fault.RefreshTokenReuse, fault.PasswordResetRequired,
		fault.UserNotFound, fault.UserNotConfirmed, fault.ResourceNotFound:
		return &Error{Code: InvalidGrant, cause: err}
	case fault.InvalidParameter, fault.UserLambdaValidation, fault.UnexpectedLambda, fault.InvalidLambdaResponse:
		return &Error{Code: InvalidRequest, Description: text, cause: err}
	default:
		return err
	}
}

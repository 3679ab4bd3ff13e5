package userpool

import (
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// The states of a user, in the spelling of UserStatus.
const (
	StatusUnconfirmed   = "UNCONFIRMED"
	StatusConfirmed     = "CONFIRMED"
	StatusForceChange   = "FORCE_CHANGE_PASSWORD"
	StatusResetRequired = "RESET_REQUIRED"
	StatusExternal      = "EXTERNAL_PROVIDER" // signs in with an identity provider only
)

// Errors about users, in AWS's words.
var (
	ErrNoUser        = fault.New(fault.UserNotFound, "User does not exist.")
	ErrWrongPassword = fault.New(fault.NotAuthorized, "Incorrect username or password.")
	ErrDisabled      = fault.New(fault.NotAuthorized, "User is disabled.")
	ErrNotConfirmed  = fault.New(fault.UserNotConfirmed, "User is not confirmed.")
	ErrNoCustomAuth  = fault.New(fault.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
	ErrResetRequired = fault.New(fault.PasswordResetRequired, "Password reset required for the user")
)

// The errors of a Session that a client sends back.
var (
	ErrSession        = fault.New(fault.NotAuthorized, "Invalid session for the user.")
	ErrSessionUsed    = fault.New(fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	ErrSessionExpired = fault.New(fault.NotAuthorized, "Invalid session for the user, session is expired.")
)

// MaxSession limits a Session, in characters. It is the API's own limit.
const MaxSession = 2048

// CodeConfirmed is the purpose of the record of a confirmed sign-up that has not signed in yet. It makes the Session of
// ConfirmSignUp valid once, on every server of the store.
const CodeConfirmed = "confirmed"

// EndSignUp makes the Session that ConfirmSignUp returned to a user invalid. Every sign-in, sign-out of the user, new password and
// change of the second factors does this. AWS: the Session is "only valid for users who have confirmed their sign-up and are
// signing in for the first time" (InitiateAuth, Session).
func EndSignUp(tx store.Tx, u *store.User) error {
	return tx.Codes.Delete(u.PoolID, u.Sub, CodeConfirmed)
}

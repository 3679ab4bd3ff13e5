package userpool

import "github.com/sluicegate/sluice/fault"

// The errors of a Session that a client sends back.
var (
	ErrSession        = fault.New(fault.NotAuthorized, "Invalid session for the user.")
	ErrSessionUsed    = fault.New(fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	ErrSessionExpired = fault.New(fault.NotAuthorized, "Invalid session for the user, session is expired.")
)

// MaxSession limits a Session, in characters. It is the API's own limit.
const MaxSession = 2048

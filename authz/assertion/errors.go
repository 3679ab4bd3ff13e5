package assertion

import "fmt"

// Reason says why something is refused.
type Reason string

// The reasons.
const (
	Malformed    Reason = "malformed"      // it is not what the profile describes
	Signature    Reason = "signature"      // no signature of the provider covers it, or what is encrypted does not open
	Algorithm    Reason = "algorithm"      // it uses an algorithm that is not accepted
	Status       Reason = "status"         // the provider refused
	Issuer       Reason = "issuer"         // it is from another provider
	Audience     Reason = "audience"       // it is for another service
	Recipient    Reason = "recipient"      // it was sent to another service
	InResponseTo Reason = "in response to" // it answers another request
	Expired      Reason = "expired"
	NotYet       Reason = "not yet valid"
	Plain        Reason = "not encrypted"
)

// Error is a refusal. Its text is for the log: it may contain text from an untrusted sender.
type Error struct {
	Reason Reason // for programs; errors.Is compares it
	Detail string // for people: what differs from what was expected
}

// Error returns the reason and the detail.
func (e *Error) Error() string { return fmt.Sprintf("saml: %s: %s", e.Reason, e.Detail) }

// Is reports whether target is an *Error of the same reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason
}

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

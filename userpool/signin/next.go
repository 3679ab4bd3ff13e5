package signin

import (
	"errors"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// situation holds everything that determines the next challenge of a sign-in.
type situation struct {
	now            time.Time
	enabled        bool
	status         string
	temporaryUntil time.Time // when the user's temporary password expires; zero for never
	proved         []Factor
}

// next returns the next challenge of the sign-in, "" if the sign-in is complete, or the error with which it fails. It is a
// pure function.
func next(s situation) (string, error) {
	switch {
	case !slices.Contains(s.proved, Password):
		return "", errors.New("signin: no first factor was proved")
	case !s.enabled:
		return "", userpool.ErrDisabled
	case s.status == userpool.StatusResetRequired:
		return "", userpool.ErrResetRequired
	case s.status == userpool.StatusForceChange && !s.temporaryUntil.IsZero() && !s.now.Before(s.temporaryUntil):
		return "", fault.New(fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	case s.status == userpool.StatusForceChange:
		return newPasswordRequired, nil
	case s.status != userpool.StatusConfirmed:
		return "", fault.New(fault.NotAuthorized, "User cannot sign in. Current status is %s", s.status)
	}
	return "", nil
}

func (a *attempt) situation(now time.Time) situation {
	u := &a.subject.User
	return situation{now: now, enabled: u.Enabled, status: u.Status, temporaryUntil: u.Password.ExpiresAt, proved: a.state.Proved}
}

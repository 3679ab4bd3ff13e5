package observe

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/store"
)

// Sessions are the numbers of sessions that are live in the store, which processes may share.
type Sessions struct {
	Tokens     int // sign-ins to user pools whose refresh token is neither expired nor revoked
	LoginPages int // browsers' sessions at the login pages
	Edge       int // browsers' sessions at routes with a login
}

// Counter counts sessions for an Observer.
type Counter struct {
	Store    store.Store      // has the sessions of all processes
	Now      func() time.Time // sessions that have expired by then are not live
	Observer Observer         // gets the numbers; never nil
}

// Count reports the numbers of live sessions to the Observer.
func (c *Counter) Count(ctx context.Context) error {
	var n Sessions
	err := c.Store.View(ctx, func(tx store.Tx) (err error) {
		now := c.Now()
		if n.Tokens, err = tx.RefreshTokens.Count(now); err != nil {
			return err
		}
		if n.LoginPages, err = tx.Sessions.CountSSO(now); err != nil {
			return err
		}
		n.Edge, err = tx.EdgeSessions.Count(now)
		return err
	})
	if err == nil {
		c.Observer.Sessions(n)
	}
	return err
}

package tokens

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Session is a session of a user as the API shows it.
type Session struct {
	store.Session
	Current bool // the session of the access token with which it was listed
}

// sessionPage is how many sessions a page has.
const sessionPage = 125

var (
	errNoSession  = fault.New(fault.ResourceNotFound, "Session does not exist.")
	errOwnSession = fault.New(fault.InvalidParameter, "The session of the access token cannot be revoked.")
)

// ListUserSessions returns the live sessions of the token's user after the key, and the key to continue after, "" if there
// are no more. The newest comes first. A pool that does not track sessions has none.
func (s *Service) ListUserSessions(ctx context.Context, accessToken, after string) ([]Session, string, error) {
	h, err := s.Authenticate(ctx, accessToken)
	if err != nil {
		return nil, "", err
	}
	var live []store.Session
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		live, err = s.tracked(tx, h.Pool, h.User.Sub)
		return err
	}); err != nil {
		return nil, "", err
	}
	list, next := pageOfSessions(live, after)
	for i := range list {
		list[i].Current = list[i].Family == h.Family.ID
	}
	return list, next, nil
}

// AdminListUserSessions is ListUserSessions for an administrator. No session is marked as the current one.
func (s *Service) AdminListUserSessions(ctx context.Context, poolID, name, after string) ([]Session, string, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, "", err
	}
	var live []store.Session
	err = s.base.View(ctx, func(tx store.Tx) error {
		u, err := p.FindUser(tx, name)
		if err != nil {
			return err
		}
		live, err = s.tracked(tx, p, u.Sub)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = userpool.ErrNoUser
	}
	if err != nil {
		return nil, "", err
	}
	list, next := pageOfSessions(live, after)
	return list, next, nil
}

// tracked returns the live sessions of a user, none if the pool does not track them.
func (s *Service) tracked(tx store.Tx, p *userpool.Pool, sub string) ([]store.Session, error) {
	if !p.Settings.SessionConfiguration.Tracks() {
		return nil, nil
	}
	return tx.Sessions.Live(p.ID, sub, s.base.Now())
}

// sessionKey orders sessions, and does not change while a session lives.
func sessionKey(x *store.Session) string {
	return fmt.Sprintf("%015d %s", x.CreatedAt.UnixMilli(), x.ID)
}

// pageOfSessions returns the sessions after the key, the newest first, and the key to continue after.
func pageOfSessions(live []store.Session, after string) ([]Session, string) {
	slices.SortFunc(live, func(a, b store.Session) int { return cmp.Compare(sessionKey(&b), sessionKey(&a)) })
	list := make([]Session, 0, len(live))
	for _, x := range live {
		if after == "" || sessionKey(&x) < after {
			list = append(list, Session{Session: x})
		}
	}
	return userpool.CutPage(list, sessionPage, func(x Session) string { return sessionKey(&x.Session) })
}

// RevokeUserSession ends another session of the token's user. With linked, it also ends the sessions linked to it. It runs
// to its end even if ctx is canceled.
func (s *Service) RevokeUserSession(ctx context.Context, accessToken, id string, linked bool) error {
	ctx = context.WithoutCancel(ctx)
	h, err := s.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.revokeSession(ctx, h.Pool, id, linked, func(_ store.Tx, x *store.Session) error {
		switch {
		case x.Sub != h.User.Sub:
			return errNoSession
		case x.Family == h.Family.ID:
			return errOwnSession
		}
		return nil
	})
}

// AdminRevokeUserSession is RevokeUserSession for an administrator.
func (s *Service) AdminRevokeUserSession(ctx context.Context, poolID, name, id string, linked bool) error {
	ctx = context.WithoutCancel(ctx)
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	var u store.User
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		u, err = p.FindUser(tx, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return userpool.ErrNoUser
	}
	if err != nil {
		return err
	}
	return s.revokeSession(ctx, p, id, linked, func(_ store.Tx, x *store.Session) error {
		if x.Sub != u.Sub {
			return errNoSession
		}
		return nil
	})
}

// revokeSession ends a session of the pool that admit does not refuse.
func (s *Service) revokeSession(ctx context.Context, p *userpool.Pool, id string, linked bool, admit func(store.Tx, *store.Session) error) error {
	if !p.Settings.SessionConfiguration.Tracks() {
		return errNoSession
	}
	var records []revoke.Record
	err := s.base.Update(ctx, func(tx store.Tx) error {
		records = nil
		x, err := tx.Sessions.Get(id)
		if errors.Is(err, store.ErrNotFound) || (err == nil && x.PoolID != p.ID) {
			return errNoSession
		}
		if err != nil {
			return err
		}
		if err := admit(tx, &x); err != nil {
			return err
		}
		ending := []store.Session{x}
		if linked {
			more, err := linkedTo(tx, &x)
			if err != nil {
				return err
			}
			ending = append(ending, more...)
		}
		records, err = s.endAll(tx, p, ending)
		return err
	})
	if err != nil {
		return err
	}
	return s.announce(ctx, records)
}

func (s *Service) endAll(tx store.Tx, p *userpool.Pool, list []store.Session) (records []revoke.Record, err error) {
	for _, x := range list {
		ended, err := s.endSession(tx, p, x)
		if err != nil {
			return nil, err
		}
		records = append(records, ended...)
	}
	return records, nil
}

// linkedTo returns the sessions that LINKED adds: of a token session the SSO session that it came through, of an SSO session
// the token sessions that came through it.
func linkedTo(tx store.Tx, x *store.Session) ([]store.Session, error) {
	if x.Family == "" {
		return tx.Sessions.OfOrigin(x.PoolID, x.Sub, x.ID)
	}
	if x.Origin == "" {
		return nil, nil
	}
	parent, err := tx.Sessions.Get(x.Origin)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (parent.PoolID != x.PoolID || parent.Sub != x.Sub)) {
		return nil, nil
	}
	return []store.Session{parent}, err
}

package directory

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
)

// PasswordIs reports whether the subject's password is the given one. It takes as long for a user without a password, and for a
// stand-in. Imported hashes take as long as their functions do; a share of the names without a password takes as long, see
// hashLike. A password that only the user's old pool knows is asked for there; if it is right, it is kept from then on. The old pool
// is asked for a share of the stand-ins, too.
func (s *Service) PasswordIs(ctx context.Context, p *userpool.Pool, subject *Subject, password string) (bool, error) {
	u := &subject.User
	elsewhere := u.Password.Hash == store.PasswordElsewhere
	local := *u
	if elsewhere {
		local.Password.Hash = ""
	}
	ok, err := s.localPasswordIs(ctx, &local, password)
	if err != nil || ok || !elsewhere && subject.Exists {
		return ok, err
	}
	if asks, err := s.asks(ctx, p, subject); err != nil || !asks {
		return false, err
	}
	name := subject.Name
	if elsewhere {
		name = u.Username
	}
	verdict, err := s.o.Relay.Ask(ctx, p, elsewhere, name, password)
	switch {
	case err != nil:
		return false, err
	case verdict == relay.Locked:
		return false, ErrLocked
	case verdict == relay.ResetRequired:
		return false, userpool.ErrResetRequired
	case !elsewhere || !verdict.IsRight():
		return false, nil
	}
	return s.keepRelayed(ctx, p, u, password, verdict == relay.Temporary)
}

// asks reports whether the old pool is asked for a subject whose password is not here. Of the stand-ins it is asked for as large a
// share as of the users.
func (s *Service) asks(ctx context.Context, p *userpool.Pool, subject *Subject) (bool, error) {
	active, err := s.o.Relay.Active(p)
	if err != nil || !active || subject.Exists {
		return active, err
	}
	hash, err := s.hashOfNeighbour(ctx, &subject.User)
	return hash == store.PasswordElsewhere, err
}

// errRelayed says that the user's password changed while the old pool was asked.
var errRelayed = errors.New("directory: the password has changed")

// keepRelayed keeps a password that the old pool accepted, unless the user has changed since. It changes u to the user as
// written. If another call has kept a password meanwhile, that one counts.
func (s *Service) keepRelayed(ctx context.Context, p *userpool.Pool, u *store.User, password string, temporary bool) (bool, error) {
	hash, err := s.o.Hasher.Hash(ctx, s.base.Rand, password)
	if err != nil {
		return false, err
	}
	pw := u.Password
	pw.Hash, pw.Temporary = hash, temporary
	if !temporary {
		pw.ExpiresAt = time.Time{}
	}
	if p.WantsSRP {
		if pw, err = s.withVerifier(p, u, password, pw); err != nil {
			return false, err
		}
	}
	var now store.User
	err = s.base.Update(ctx, func(tx store.Tx) (err error) {
		if now, err = tx.Users.Get(u.PoolID, u.Sub); err != nil {
			return err
		}
		if !SamePassword(&now, u) {
			return errRelayed
		}
		now.Password = pw
		switch {
		case temporary:
			now.Status = userpool.StatusForceChange
		case now.Status == userpool.StatusForceChange:
			now.Status = userpool.StatusConfirmed // the user replaced the temporary password at the old pool
		}
		return tx.Users.Update(now)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil // deleted meanwhile
	case errors.Is(err, errRelayed):
		*u = now
		if now.Password.Hash == store.PasswordElsewhere {
			return false, nil
		}
		return s.localPasswordIs(ctx, u, password)
	case err != nil:
		return false, err
	}
	*u = now
	return true, nil
}

// MissedPassword counts a sign-in that did not show its password, if that password is elsewhere.
func (s *Service) MissedPassword(u *store.User) {
	if u.Password.Hash == store.PasswordElsewhere {
		s.o.Relay.Missed()
	}
}

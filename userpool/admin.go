package userpool

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// AdminCreateInput is a user whom an administrator makes.
type AdminCreateInput struct {
	PoolID            string
	Username          string
	Attributes        []Attribute
	TemporaryPassword string   // "" = one is made
	Action            string   // "", RESEND or SUPPRESS
	Mediums           []string // DesiredDeliveryMediums; nil = the phone if there is one, else e-mail
	ForceAlias        bool
}

// AdminCreateUser makes a user with a temporary password and invites them, or invites a waiting user again.
func (s *Service) AdminCreateUser(ctx context.Context, in AdminCreateInput) (*User, error) {
	p, err := s.pool(ctx, in.PoolID)
	if err != nil {
		return nil, err
	}
	password := in.TemporaryPassword
	if password == "" {
		if password, err = s.temporaryPassword(p); err != nil {
			return nil, err
		}
	} else if err := p.checkPassword(password); err != nil {
		return nil, err
	}
	var u store.User
	if in.Action == "RESEND" {
		u, err = s.reinvite(ctx, p, in.Username, password)
	} else {
		u, err = s.insertInvited(ctx, p, in, password)
	}
	if err != nil {
		return nil, err
	}
	if attribute := inviteMedium(&u, in.Mediums); attribute != "" && in.Action != "SUPPRESS" {
		if _, err := s.send(ctx, p, p.inviteLetter(&u, attribute, password)); err != nil {
			return nil, err
		}
	}
	return shownUser(u), nil
}

func (s *Service) insertInvited(ctx context.Context, p *pool, in AdminCreateInput, password string) (store.User, error) {
	u, err := s.newUser(p, nil, admin, in.Username, in.Attributes)
	if err != nil {
		return u, err
	}
	u.Status = StatusForceChange
	p.setNames(&u)
	if !in.ForceAlias {
		if err := s.nameFree(ctx, p, &u, "User account already exists"); err != nil {
			return u, err
		}
	}
	if u.Password, err = s.makePassword(ctx, p, &u, password, true); err != nil {
		return u, err
	}
	err = s.update(ctx, func(tx store.Tx) error {
		for _, a := range u.Aliases {
			if in.ForceAlias && slices.Contains(p.Settings.AliasAttributes, a.Kind) {
				if err := p.takeAlias(tx, &u, a.Kind, true); err != nil {
					return err
				}
			}
		}
		return tx.Users.Insert(u)
	})
	return u, conflict(err, fault.UsernameExists)
}

// reinvite gives a user who has not yet come a new temporary password.
func (s *Service) reinvite(ctx context.Context, p *pool, name, password string) (store.User, error) {
	_, u, err := s.adminUser(ctx, p.ID, name)
	if err != nil {
		return u, err
	}
	if u.Status != StatusForceChange {
		return u, fault.New(fault.UnsupportedUserState, "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD", u.Username)
	}
	pw, err := s.makePassword(ctx, p, &u, password, true)
	if err != nil {
		return u, err
	}
	return s.changeSub(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		u.Password, u.Failures = pw, store.Failures{}
		return nil
	})
}

// inviteMedium says which address an invitation goes to; "" for none.
func inviteMedium(u *store.User, mediums []string) string {
	for _, m := range []struct{ medium, attribute string }{{"SMS", "phone_number"}, {"EMAIL", "email"}} {
		if u.Attributes[m.attribute] != "" && (len(mediums) == 0 || slices.Contains(mediums, m.medium)) {
			return m.attribute
		}
	}
	return ""
}

// AdminSetUserPassword sets a password by the pool's policy: for good, or until the next sign-in.
func (s *Service) AdminSetUserPassword(ctx context.Context, poolID, name, password string, permanent bool) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	if err := p.checkPassword(password); err != nil {
		return err
	}
	pw, err := s.makePassword(ctx, p, &u, password, !permanent)
	if err != nil {
		return err
	}
	_, err = s.changeSub(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		u.Password, u.Failures, u.Status = pw, store.Failures{}, StatusConfirmed
		if !permanent {
			u.Status = StatusForceChange
		}
		return nil
	})
	return err
}

// AdminConfirmSignUp confirms a user who signed up, without a code.
func (s *Service) AdminConfirmSignUp(ctx context.Context, poolID, name string) error {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return err
	}
	_, err = s.changeUser(ctx, p, name, func(_ store.Tx, u *store.User) error {
		if u.Status != StatusUnconfirmed {
			return cannotConfirm(u.Status)
		}
		u.Status = StatusConfirmed
		return nil
	})
	return err
}

// AdminResetUserPassword makes a user choose a new password by code before the next sign-in.
func (s *Service) AdminResetUserPassword(ctx context.Context, poolID, name string) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	attribute, err := p.resettable(&u)
	if err != nil {
		return err
	}
	u, err = s.changeSub(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		u.Status = StatusResetRequired
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.sendCode(ctx, p, &u, codeForgot, attribute)
	if fault.Is(err, fault.CodeDeliveryFailure) {
		// The operation has no exception for it; the state is set, and a repetition sends another code.
		return fault.Wrap(fault.Unavailable, err, "The message could not be delivered. Try again.")
	}
	return err
}

// AdminEnableUser lets a user sign in again.
func (s *Service) AdminEnableUser(ctx context.Context, poolID, name string) error {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return err
	}
	_, err = s.changeUser(ctx, p, name, func(_ store.Tx, u *store.User) error {
		u.Enabled = true
		return nil
	})
	return err
}

// AdminDisableUser stops sign-ins and kills the user's tokens.
func (s *Service) AdminDisableUser(ctx context.Context, poolID, name string) error {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return err
	}
	defer s.cutoffs.begin()()
	var revoked []revoke.Record
	_, err = s.changeUser(ctx, p, name, func(tx store.Tx, u *store.User) error {
		u.Enabled = false
		revoked, err = s.revokeUser(tx, u)
		return err
	})
	return s.announce(ctx, revoked, err)
}

// AdminDeleteUser removes a user and kills the user's tokens.
func (s *Service) AdminDeleteUser(ctx context.Context, poolID, name string) error {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.deleteUser(ctx, p, func(tx store.Tx) (store.User, error) { return p.findUser(tx, name) })
}

// DeleteUser removes the token's user.
func (s *Service) DeleteUser(ctx context.Context, accessToken string) error {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.deleteUser(ctx, who.pool, func(tx store.Tx) (store.User, error) { return tx.Users.Get(who.pool.ID, who.user.Sub) })
}

func (s *Service) deleteUser(ctx context.Context, p *pool, find func(store.Tx) (store.User, error)) error {
	defer s.cutoffs.begin()()
	var revoked []revoke.Record
	err := s.update(ctx, func(tx store.Tx) error {
		u, err := find(tx)
		if err != nil {
			return err
		}
		if revoked, err = s.revokeUser(tx, &u); err != nil {
			return err
		}
		return tx.Users.Delete(p.ID, u.Sub)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoUser
	}
	return s.announce(ctx, revoked, err)
}

package directory

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/addresses"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// AdminCreateInput is the input of AdminCreateUser.
type AdminCreateInput struct {
	PoolID            string                 // "<region>_<9 alphanumerics>"
	Username          string                 // or the address, in a pool whose users sign in by one
	Attributes        []userpool.Attribute   // without sub
	Validation        []userpool.Attribute   // ValidationData, for PreSignUp
	TemporaryPassword string                 // "" generates one, or makes a user who signs in by codes
	Action            string                 // "", RESEND or SUPPRESS
	Mediums           []string               // DesiredDeliveryMediums: see addresses.InviteTo
	ForceAlias        bool                   // take the alias from the user who has it
	Context           userpool.ClientContext // what the call says about its client
}

// AdminCreateUser creates a user with a temporary password and sends an invitation, or, with RESEND, sends a new one to a
// user who has not signed in yet. A user without a password, who signs in by codes, is confirmed at once.
func (s *Service) AdminCreateUser(ctx context.Context, in AdminCreateInput) (*User, error) {
	p, err := s.o.Pools.Pool(ctx, in.PoolID)
	if err != nil {
		return nil, err
	}
	password := in.TemporaryPassword
	if password == "" {
		if password, err = s.temporaryPassword(p); err != nil {
			return nil, err
		}
	} else if err := p.CheckPassword(userpool.InvitedPassword, password); err != nil {
		return nil, err
	}
	var u store.User
	if in.Action == "RESEND" {
		u, err = s.reinvite(ctx, p, in, password)
	} else {
		u, err = s.insertInvited(ctx, p, in, password)
	}
	if err != nil {
		return nil, err
	}
	if err := s.invite(ctx, p, in, &u, password); err != nil {
		return nil, err
	}
	return shownUser(u), nil
}

// invite sends an invitation to each address that gets one. A custom sender gets none without a password.
func (s *Service) invite(ctx context.Context, p *userpool.Pool, in AdminCreateInput, u *store.User, password string) error {
	to, failure := addresses.InviteTo(u.Attributes, in.Action, in.Mediums)
	if u.Password.Hash == "" {
		password = ""
	}
	for _, attribute := range to {
		l := inviteLetter(p, u, attribute, password)
		l.context = in.Context
		if password == "" && hasSender(p, &l) {
			continue
		}
		if _, err := s.send(ctx, p, l); failure == nil {
			failure = err
		}
	}
	return failure
}

func (s *Service) insertInvited(ctx context.Context, p *userpool.Pool, in AdminCreateInput, password string) (store.User, error) {
	u, err := s.newUser(ctx, p, nil, userpool.Admin, in.Username, in.Attributes)
	if err != nil {
		return u, err
	}
	if err := addresses.CheckMarks(u.Attributes); err != nil {
		return u, err
	}
	if _, err := addresses.InviteTo(u.Attributes, in.Action, in.Mediums); err != nil {
		return u, err
	}
	passwordless := in.TemporaryPassword == "" && p.OTPAttribute(u.Attributes) != ""
	u.Status = userpool.StatusForceChange
	if passwordless {
		u.Status = userpool.StatusConfirmed
	}
	p.SetNames(&u)
	fixed := u
	if in.ForceAlias {
		fixed.Aliases = slices.DeleteFunc(slices.Clone(u.Aliases), func(a store.Alias) bool { return movable(p, a.Kind) })
	}
	if err := s.nameFree(ctx, p, &fixed, "User account already exists"); err != nil {
		return u, err
	}
	// As in AWS, the answer of the function has no effect on a user whom an administrator creates.
	if _, err := s.o.Triggers.PreSignUp(ctx, lambdaCall(p, nil, &u, in.Context), triggers.AdminCreateUser, attributeMap(in.Validation)); err != nil {
		return u, err
	}
	if !passwordless {
		if u.Password, err = s.MakePassword(ctx, p, &u, password, true); err != nil {
			return u, err
		}
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		for _, a := range u.Aliases {
			if err := s.takeAlias(tx, p, &u, a.Kind, in.ForceAlias); err != nil {
				return err
			}
		}
		return Insert(tx, p, &u)
	})
	return u, conflict(err, fault.UsernameExists)
}

// reinvite gives a user who has not signed in yet a new temporary password.
func (s *Service) reinvite(ctx context.Context, p *userpool.Pool, in AdminCreateInput, password string) (store.User, error) {
	_, u, err := s.adminUser(ctx, p.ID, in.Username)
	if err != nil {
		return u, err
	}
	if _, err := addresses.InviteTo(u.Attributes, in.Action, in.Mediums); err != nil {
		return u, err
	}
	if u.Status != userpool.StatusForceChange {
		return u, errResend(&u)
	}
	pw, err := s.MakePassword(ctx, p, &u, password, true)
	if err != nil {
		return u, err
	}
	seen := u
	return s.Change(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		if u.Status != seen.Status || u.Password.Hash != seen.Password.Hash {
			return errResend(u) // signed in meanwhile, or got another password
		}
		u.Password, u.Failures = pw, store.Failures{}
		return nil
	})
}

func errResend(u *store.User) error {
	return fault.New(fault.UnsupportedUserState, "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD", u.Username)
}

// AdminSetUserPassword sets a password that the pool's policy accepts. One that is not permanent must be replaced at the
// next sign-in.
func (s *Service) AdminSetUserPassword(ctx context.Context, poolID, name, password string, permanent bool) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	if err := p.CheckPassword(userpool.NextPassword, password); err != nil {
		return err
	}
	if !permanent { // MakePassword checks the others
		if err := s.CheckHistory(ctx, p, &u, password); err != nil {
			return err
		}
	}
	pw, err := s.MakePassword(ctx, p, &u, password, !permanent)
	if err != nil {
		return err
	}
	_, err = s.Change(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		u.Password, u.Failures, u.Status = pw, store.Failures{}, userpool.StatusConfirmed
		if !permanent {
			u.Status = userpool.StatusForceChange
		}
		return nil
	})
	return undeclared(err)
}

// undeclared returns an error of an operation that has no AliasExistsException.
func undeclared(err error) error {
	if !fault.Is(err, fault.AliasExists) {
		return err
	}
	text, _ := fault.Message(err)
	return fault.Wrap(fault.InvalidParameter, err, "%s", text)
}

// AdminConfirm is the input of AdminConfirmSignUp.
type AdminConfirm struct {
	PoolID   string                 // "<region>_<9 alphanumerics>"
	Username string                 // name, sub or alias
	Context  userpool.ClientContext // what the call says about its client
}

// AdminConfirmSignUp confirms a user who signed up, without a code.
func (s *Service) AdminConfirmSignUp(ctx context.Context, in AdminConfirm) error {
	p, err := s.o.Pools.Pool(ctx, in.PoolID)
	if err != nil {
		return err
	}
	u, err := s.changeUser(ctx, p, in.Username, func(_ store.Tx, u *store.User) error {
		if u.Status != userpool.StatusUnconfirmed {
			return cannotConfirm(u.Status)
		}
		u.Status = userpool.StatusConfirmed
		return nil
	})
	if err != nil {
		return undeclared(err)
	}
	return s.postConfirmation(ctx, p, nil, &u, triggers.ConfirmSignUp, in.Context)
}

// AdminReset is the input of AdminResetUserPassword.
type AdminReset struct {
	PoolID   string                 // "<region>_<9 alphanumerics>"
	Username string                 // name, sub or alias
	Context  userpool.ClientContext // what the call says about its client
}

// AdminResetUserPassword sends a reset code. The user must choose a new password before signing in again.
func (s *Service) AdminResetUserPassword(ctx context.Context, in AdminReset) error {
	ctx = context.WithoutCancel(ctx)
	p, err := s.o.Pools.Pool(ctx, in.PoolID)
	if err != nil {
		return err
	}
	var l letter
	_, err = s.changeUser(ctx, p, in.Username, func(tx store.Tx, u *store.User) error {
		if len(p.Recovery) == 0 {
			return errNoRecovery
		}
		attribute, err := resettable(p, u)
		if err != nil {
			return err
		}
		u.Status = userpool.StatusResetRequired
		l, err = s.putCode(tx, p, u, codeForgot, attribute, u.Attributes[attribute])
		return err
	})
	if err != nil {
		return err
	}
	l.context = in.Context
	_, err = s.send(ctx, p, l)
	if fault.Is(err, fault.CodeDeliveryFailure) {
		// The operation has no exception for this. The state is set, and repeating the call sends another code.
		return fault.Wrap(fault.Unavailable, err, "The message could not be delivered. Try again.")
	}
	return err
}

// AdminEnableUser lets a disabled user sign in again.
func (s *Service) AdminEnableUser(ctx context.Context, poolID, name string) error {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	_, err = s.changeUser(ctx, p, name, func(_ store.Tx, u *store.User) error {
		u.Enabled = true
		return nil
	})
	return err
}

// AdminDisableUser stops a user from signing in and revokes the user's tokens.
func (s *Service) AdminDisableUser(ctx context.Context, poolID, name string) error {
	ctx = context.WithoutCancel(ctx) // see tokens.Service.Revoking
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.revokingAs(ctx, p, name, userpool.UserDisabled, func(tx store.Tx, r *tokens.Revocation, u *store.User) error {
		return s.write(tx, p, u, func(_ store.Tx, u *store.User) error {
			u.Enabled = false
			return r.SignOut(u)
		})
	})
}

// AdminUserGlobalSignOut ends all sign-ins of a user.
func (s *Service) AdminUserGlobalSignOut(ctx context.Context, poolID, name string) error {
	ctx = context.WithoutCancel(ctx)
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.revokingAs(ctx, p, name, userpool.UserSignedOut, func(_ store.Tx, r *tokens.Revocation, u *store.User) error { return r.SignOut(u) })
}

// AdminDeleteUser deletes a user and revokes the user's tokens.
func (s *Service) AdminDeleteUser(ctx context.Context, poolID, name string) error {
	ctx = context.WithoutCancel(ctx)
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.deleteUser(ctx, p, func(tx store.Tx) (store.User, error) { return p.FindUser(tx, name) })
}

// DeleteUser deletes the token's user and revokes the user's tokens.
func (s *Service) DeleteUser(ctx context.Context, accessToken string) error {
	ctx = context.WithoutCancel(ctx)
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.deleteUser(ctx, holder.Pool, func(tx store.Tx) (store.User, error) {
		return tx.Users.Get(holder.Pool.ID, holder.User.Sub)
	})
}

func (s *Service) deleteUser(ctx context.Context, p *userpool.Pool, find func(store.Tx) (store.User, error)) error {
	return changeError(s.o.Tokens.Revoking(ctx, func(tx store.Tx, r *tokens.Revocation) error {
		u, err := find(tx)
		if err != nil {
			return err
		}
		if err := r.Issued(u); err != nil {
			return err
		}
		if err := relay.RemoveUser(tx, s.base, p, &u); err != nil {
			return err
		}
		return tx.Users.Delete(p.ID, u.Sub) // with the refresh families
	}))
}

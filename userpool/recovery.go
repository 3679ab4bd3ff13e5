package userpool

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

var (
	errNoAddress  = fault.New(fault.InvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
	errResetState = fault.New(fault.NotAuthorized, "User password cannot be reset in the current state.")
	errAdminOnly  = fault.New(fault.NotAuthorized, "Contact administrator to reset password.")
)

// ForgotPassword sends a code to the best verified address.
func (s *Service) ForgotPassword(ctx context.Context, clientID, secretHash, name string) (*Delivery, error) {
	p, c, u, err := s.publicUser(ctx, clientID, secretHash, name)
	if err != nil {
		return nil, err
	}
	if u == nil && !c.hidden {
		return nil, errNoCombination
	}
	order := p.recoveryOrder()
	if len(order) == 0 {
		return nil, errAdminOnly
	}
	if err := s.limits.takeFor(u, "forgot", p.ID, p.key(name), limitForgot); err != nil {
		return nil, err
	}
	at, err := s.courier.reserve()
	if err != nil {
		return nil, err
	}
	defer at.free()
	if u == nil || (c.hidden && p.unreachable(u)) {
		return s.ghostDelivery(ctx, p, name, codeForgot, p.ghostAttribute(order))
	}
	attribute, err := p.resettable(u)
	if err != nil {
		return nil, err
	}
	return s.sendCodeTo(ctx, c, at, p, u, codeForgot, attribute)
}

// resettable says where a reset code goes, or why none may.
func (p *pool) resettable(u *store.User) (string, error) {
	switch {
	case !u.Enabled:
		return "", fault.New(fault.NotAuthorized, "User is disabled")
	case u.Status == StatusForceChange:
		return "", errResetState
	}
	for _, a := range p.recoveryOrder() {
		if verified(u.Attributes, a) {
			return a, nil
		}
	}
	return "", errNoAddress
}

// unreachable reports whether no code may go to the user. AWS, "Managing user existence error responses": to a client that
// hides who exists, such a user looks as one who does not.
func (p *pool) unreachable(u *store.User) bool {
	return !u.Enabled || !slices.ContainsFunc(p.recoveryOrder(), func(a string) bool { return verified(u.Attributes, a) })
}

// ForgotInput answers a reset code with a new password.
type ForgotInput struct {
	ClientID   string
	SecretHash string
	Username   string
	Code       string
	Password   string
}

// ConfirmForgotPassword sets a new password by code. The user is CONFIRMED then and the lockout is over.
func (s *Service) ConfirmForgotPassword(ctx context.Context, in ForgotInput) error {
	p, c, u, err := s.publicUser(ctx, in.ClientID, in.SecretHash, in.Username)
	if err != nil {
		return err
	}
	if u == nil && !c.hidden {
		return errNoCombination
	}
	if err := p.checkPassword(in.Password); err != nil {
		return err
	}
	if u == nil || (c.hidden && p.unreachable(u)) {
		return s.ghostCode(ctx, p, in.Username, codeForgot, limitConfirmForgot)
	}
	if err := s.limits.take("confirm "+codeForgot, p.ID, p.key(in.Username), limitConfirmForgot); err != nil {
		return err
	}
	if !u.Enabled {
		return fault.New(fault.NotAuthorized, "User is disabled")
	}
	// The code is tried first, in a transaction of its own, so that guesses cost no hash; it is spent by that.
	if err := s.spendCode(ctx, p, u.Sub, codeForgot, in.Code); err != nil {
		return err
	}
	pw, err := s.makePassword(ctx, p, u, in.Password, false)
	if err != nil {
		return err
	}
	_, err = s.changeSub(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		u.Password, u.Failures, u.Status = pw, store.Failures{}, StatusConfirmed
		return nil
	})
	return err
}

// spendCode tries a code and marks the address that it proved.
func (s *Service) spendCode(ctx context.Context, p *pool, sub, purpose, digits string) error {
	var outcome error
	_, err := s.changeSub(ctx, p, sub, func(tx store.Tx, u *store.User) error {
		var code store.Code
		var err error
		code, outcome, err = s.tryCode(tx, p.ID, sub, purpose, digits)
		if err != nil {
			return err
		}
		return p.proveAddress(tx, u, code, false)
	})
	return firstError(outcome, err)
}

// ChangePassword replaces the password of the token's user, who must know the old one.
func (s *Service) ChangePassword(ctx context.Context, accessToken, previous, proposed string) error {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	if err := s.limits.take("change", who.pool.ID, who.user.Sub, limitChangePassword); err != nil {
		return err
	}
	if err := who.pool.checkPassword(proposed); err != nil {
		return err
	}
	if _, err := s.provePassword(ctx, who.pool, &who.user, previous); err != nil {
		return err
	}
	pw, err := s.makePassword(ctx, who.pool, &who.user, proposed, false)
	if err != nil {
		return err
	}
	_, err = s.changeSub(ctx, who.pool, who.user.Sub, func(_ store.Tx, u *store.User) error {
		u.Password, u.Failures = pw, store.Failures{}
		return nil
	})
	return err
}

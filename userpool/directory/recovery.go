package directory

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/triggers"
)

var (
	errNoAddress   = fault.New(fault.InvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
	errResetState  = fault.New(fault.NotAuthorized, "User password cannot be reset in the current state.")
	errChangeState = fault.New(fault.NotAuthorized, "User password cannot be changed in the current state.")
	errNoRecovery  = fault.New(fault.NotAuthorized, "This userpool does not have password recovery mechanism, the administrator must set a new password.")
	errAdminOnly   = fault.New(fault.NotAuthorized, "Contact administrator to reset password.")
)

// ForgotPassword sends a reset code to the best verified address that does not get the user's MFA codes. To a client that hides
// who exists, a user whom no code can reach looks like one who does not exist (AWS, "Managing user existence error responses").
func (s *Service) ForgotPassword(ctx context.Context, in CodeRequest) (d *Delivery, err error) {
	p, c, subject, err := s.unsignedSubject(ctx, in.ClientID, in.SecretHash, in.Username, in.Context)
	if err != nil {
		return nil, err
	}
	if err := s.checkAddress(p, c, in.Context); err != nil {
		return nil, err
	}
	counted := false
	if !subject.Exists && migrates(p) {
		if err := s.limits.takeOf(p, subject, "forgot", limitForgot); err != nil { // the function may send something, or ask elsewhere
			return nil, err
		}
		if subject, err = s.Migrate(ctx, p, c, subject, Migration{Source: triggers.ForgotPassword, Metadata: in.Context.Metadata}); err != nil {
			return nil, err
		}
		counted = !subject.Exists
	}
	if !subject.Exists && !c.HidesExistence {
		return nil, errNoCombination
	}
	if len(p.Recovery) == 0 {
		return nil, errAdminOnly
	}
	if !counted {
		if err := s.limits.takeOf(p, subject, "forgot", limitForgot); err != nil {
			return nil, err
		}
	}
	at, err := s.courier.Reserve(p.ID)
	if err != nil {
		return nil, err
	}
	defer at.Free()
	if subject, err = s.hideUnreachable(p, c, subject, in.Username); err != nil {
		return nil, err
	}
	defer func() {
		s.report(ctx, p, c, subject, threat.Event{Type: threat.ForgotPassword, Response: threat.InProgress}, in.Context, err)
	}()
	if !subject.Exists {
		return s.pretendCode(ctx, p, c, subject, codeForgot, standInAttribute(p, p.Recovery))
	}
	return s.sendCodeUnsigned(ctx, p, origin{sourceForgot, c, in.Context}, at, subject, codeForgot, func(u *store.User) (string, error) { return resettable(p, u) })
}

// resettable returns the attribute that a reset code goes to, or why none may be sent.
func resettable(p *userpool.Pool, u *store.User) (string, error) {
	switch {
	case !u.Enabled:
		return "", errUserDisabled
	case u.Status == userpool.StatusForceChange, u.Status == userpool.StatusExternal:
		return "", errResetState
	}
	to, err := p.RecoveryOf(u)
	if err != nil {
		return "", err
	}
	if len(to) == 0 {
		return "", errNoAddress
	}
	return to[0], nil
}

// hideUnreachable returns the stand-in for the name instead of a user whom no reset code can reach, if the client hides who
// exists.
func (s *Service) hideUnreachable(p *userpool.Pool, c *userpool.Client, subject *Subject, name string) (*Subject, error) {
	if !subject.Exists || !c.HidesExistence {
		return subject, nil
	}
	to, err := p.RecoveryOf(&subject.User)
	if err != nil {
		return nil, err
	}
	if !subject.User.Enabled || subject.User.Status == userpool.StatusExternal || len(to) == 0 {
		return s.standIn(p, name), nil
	}
	return subject, nil
}

// ForgotInput is the input of ConfirmForgotPassword.
type ForgotInput struct {
	ClientID   string                 // names the app client, and so the pool
	SecretHash string                 // "" for a client without secret
	Username   string                 // name, sub or alias
	Code       string                 // as the user typed it
	Password   string                 // the new one; the pool's policy applies
	Context    userpool.ClientContext // what the call says about its client
}

var errUserDisabled = fault.New(fault.NotAuthorized, "User is disabled")

// ConfirmForgotPassword sets a new password by code. The user is CONFIRMED then, and the lockout ends. The code is checked
// before the password is hashed, so that guesses cost no hash, and again in the transaction that sets the password, which
// spends it.
func (s *Service) ConfirmForgotPassword(ctx context.Context, in ForgotInput) (err error) {
	p, c, subject, err := s.unsignedSubject(ctx, in.ClientID, in.SecretHash, in.Username, in.Context)
	if err != nil {
		return err
	}
	if !subject.Exists && !c.HidesExistence {
		return errNoCombination
	}
	if err := p.CheckPassword(userpool.NextPassword, in.Password); err != nil {
		return err
	}
	if err := s.checkAddress(p, c, in.Context); err != nil {
		return err
	}
	if err := s.CheckNewPassword(ctx, p, c, threat.ChangedPassword, in.Password); err != nil {
		return err
	}
	if subject, err = s.hideUnreachable(p, c, subject, in.Username); err != nil {
		return err
	}
	defer func() {
		s.report(ctx, p, c, subject, threat.Event{Type: threat.ForgotPassword, Response: threat.Pass}, in.Context, err)
	}()
	if err := s.limits.takeOf(p, subject, "confirm "+codeForgot, limitConfirmForgot); err != nil {
		return err
	}
	u := &subject.User
	if !u.Enabled {
		return errUserDisabled
	}
	code, err := s.checkCode(ctx, p, subject, codeForgot, in.Code)
	if err != nil {
		return err
	}
	pw, err := s.MakePassword(ctx, p, u, in.Password, false)
	if err != nil {
		return err
	}
	changed, err := s.Change(ctx, p, u.Sub, func(tx store.Tx, u *store.User) error {
		if !u.Enabled {
			return errUserDisabled
		}
		if u.Status == userpool.StatusExternal {
			return errResetState
		}
		if err := s.spendCode(tx, p, u, code); err != nil {
			return err
		}
		u.Password, u.Failures, u.Status = pw, store.Failures{}, userpool.StatusConfirmed
		return nil
	})
	if err != nil {
		return err
	}
	return s.postConfirmation(ctx, p, c, &changed, triggers.ConfirmForgotPassword, in.Context)
}

// ChangePassword replaces the password of the token's user, who must give the previous one. A user without a password sets
// the first one and gives "".
//
// Source: AWS, ChangePassword, PreviousPassword.
func (s *Service) ChangePassword(ctx context.Context, accessToken, previous, proposed string, from userpool.ClientContext) (err error) {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	p := holder.Pool
	if holder.User.Status == userpool.StatusExternal {
		return errChangeState
	}
	if err := s.limits.take("change", p.ID, holder.User.Sub, limitChangePassword); err != nil {
		return err
	}
	if err := p.CheckPassword(userpool.NextPassword, proposed); err != nil {
		return err
	}
	if err := s.CheckNewPassword(ctx, p, holder.Client, threat.ChangedPassword, proposed); err != nil {
		return err
	}
	subject := &Subject{Exists: true, Name: holder.User.Username, User: holder.User}
	defer func() {
		s.report(ctx, p, holder.Client, subject, threat.Event{Type: threat.PasswordChange, Response: threat.Pass}, from, err)
	}()
	guessed := previous != "" || s.HasPassword(p, subject)
	if guessed {
		if err := s.Guard(ctx, p, subject, func(*store.User) (bool, error) { return s.PasswordIs(ctx, p, subject, previous) }); err != nil {
			return err
		}
	}
	pw, err := s.MakePassword(ctx, p, &subject.User, proposed, false)
	if err != nil {
		return err
	}
	_, err = s.Change(ctx, p, subject.User.Sub, func(_ store.Tx, u *store.User) error {
		if !SamePassword(u, &subject.User) || guessed && Outrun(u, &subject.User) {
			return userpool.ErrWrongPassword
		}
		u.Password, u.Failures = pw, store.Failures{}
		if u.Status == userpool.StatusForceChange { // the password is the user's own now
			u.Status = userpool.StatusConfirmed
		}
		return nil
	})
	return err
}

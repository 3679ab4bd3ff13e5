package directory

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// ConfirmInput is the input of ConfirmSignUp.
type ConfirmInput struct {
	ClientID   string                 // names the app client, and so the pool
	SecretHash string                 // "" for a client without secret
	Username   string                 // name, sub or alias
	Code       string                 // as the user typed it
	ForceAlias bool                   // take the alias from the user who has it
	Session    string                 // of SignUp; may be ""
	Context    userpool.ClientContext // what the call says about its client

	link bool // the code comes from a link in a mail
}

// ConfirmSignUp confirms a user by code and marks the address that the code went to as verified. The session signs the user
// in by USER_AUTH; it is "" if the code cannot sign the user in. As in AWS, Amplify gets one without sending a Session.
func (s *Service) ConfirmSignUp(ctx context.Context, in ConfirmInput) (session string, err error) {
	p, c, subject, err := s.unsignedSubject(ctx, in.ClientID, in.SecretHash, in.Username, in.Context)
	if err != nil {
		return "", err
	}
	if err := s.checkAddress(p, c, in.Context); err != nil {
		return "", err
	}
	return s.confirmSubject(ctx, p, c, subject, in)
}

// confirmSubject is ConfirmSignUp for a subject whose client has been authenticated.
func (s *Service) confirmSubject(ctx context.Context, p *userpool.Pool, c *userpool.Client, subject *Subject, in ConfirmInput) (session string, err error) {
	if !subject.Exists && !c.HidesExistence {
		return "", errNoCombination
	}
	if err := s.limits.takeOf(p, subject, "confirm "+codeSignUp, limitConfirmSignUp); err != nil {
		return "", err
	}
	if err := s.checkSignUpSession(p, c, subject, in.Session); err != nil {
		return "", err
	}
	if c.HidesExistence && subject.Exists && unconfirmable(p, &subject.User) {
		subject = s.standIn(p, in.Username)
	}
	var confirmed *store.User // as it is written
	err = s.redeem(ctx, p, subject, codeSignUp, in.Code, func(u *store.User) error {
		if u.Status != userpool.StatusUnconfirmed {
			return cannotConfirm(u.Status)
		}
		return nil
	}, func(tx store.Tx, u *store.User, code store.Code) (err error) {
		u.Status, confirmed = userpool.StatusConfirmed, u
		if in.link {
			err = s.keepUsedLink(tx, code, in.Code)
		} else {
			session, err = s.confirmedSession(tx, p, c, u, code)
		}
		if err != nil {
			return err
		}
		return s.proveAddress(tx, p, u, code, in.ForceAlias)
	})
	if err != nil {
		return "", err
	}
	return session, s.postConfirmation(ctx, p, c, confirmed, triggers.ConfirmSignUp, in.Context)
}

func cannotConfirm(status string) error {
	return fault.New(fault.NotAuthorized, "User cannot be confirmed. Current status is %s", status)
}

// proveAddress marks the address that a code was sent to as verified, if it is still the user's. If the address is another
// user's alias, force moves it, and the other user's address becomes unverified.
func (s *Service) proveAddress(tx store.Tx, p *userpool.Pool, u *store.User, code store.Code, force bool) error {
	if code.Attribute == "" || u.Attributes[code.Attribute] != code.Value {
		return nil
	}
	u.Attributes[code.Attribute+"_verified"] = "true"
	return s.takeAlias(tx, p, u, code.Attribute, force)
}

// movable reports whether ForceAliasCreation moves aliases of the kind. As in AWS, it moves addresses only.
func movable(p *userpool.Pool, kind string) bool {
	return kind != "preferred_username" && slices.Contains(p.Settings.AliasAttributes, kind)
}

// takeAlias takes an address from the user whose alias it is, if force is set. Without force, and for a name of another
// kind, the write that follows reports the conflict.
func (s *Service) takeAlias(tx store.Tx, p *userpool.Pool, u *store.User, kind string, force bool) error {
	if !force || !movable(p, kind) {
		return nil
	}
	owner, err := tx.Users.ByAlias(p.ID, store.Alias{Kind: kind, Value: p.Key(u.Attributes[kind])})
	if errors.Is(err, store.ErrNotFound) || (err == nil && owner.Sub == u.Sub) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.write(tx, p, &owner, func(_ store.Tx, owner *store.User) error {
		owner.Attributes[kind+"_verified"] = "false"
		return nil
	})
}

// unsignedSubject returns pool, client and subject of an unsigned operation, after it has checked the client's secret
// hash.
func (s *Service) unsignedSubject(ctx context.Context, clientID, secretHash, name string, x userpool.ClientContext) (*userpool.Pool, *userpool.Client, *Subject, error) {
	p, c, err := s.o.Pools.PoolAndClient(ctx, clientID)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := c.CheckCall(x, name, secretHash); err != nil {
		return nil, nil, nil, err
	}
	subject, err := s.Find(ctx, p, name)
	return p, c, subject, err
}

// CodeRequest is the input of the unsigned operations that send a code.
type CodeRequest struct {
	ClientID   string                 // names the app client, and so the pool
	SecretHash string                 // "" for a client without secret
	Username   string                 // name, sub or alias
	Context    userpool.ClientContext // what the call says about its client
}

// ResendConfirmationCode sends a new sign-up code. The old one becomes invalid.
func (s *Service) ResendConfirmationCode(ctx context.Context, in CodeRequest) (d *Delivery, err error) {
	p, c, subject, err := s.unsignedSubject(ctx, in.ClientID, in.SecretHash, in.Username, in.Context)
	if err != nil {
		return nil, err
	}
	if err := s.checkAddress(p, c, in.Context); err != nil {
		return nil, err
	}
	if !subject.Exists && !c.HidesExistence {
		return nil, errNoCombination
	}
	if err := s.limits.takeOf(p, subject, "resend", limitResend); err != nil {
		return nil, err
	}
	at, err := s.courier.Reserve(p.ID)
	if err != nil {
		return nil, err
	}
	defer at.Free()
	defer func() {
		s.report(ctx, p, c, subject, threat.Event{Type: threat.ResendCode, Response: threat.Pass}, in.Context, err)
	}()
	if c.HidesExistence && subject.Exists && unconfirmable(p, &subject.User) {
		subject = s.standIn(p, in.Username)
	}
	if !subject.Exists {
		return s.pretendCode(ctx, p, c, subject, codeSignUp, standInAttribute(p, p.Settings.AutoVerifiedAttributes))
	}
	return s.sendCodeUnsigned(ctx, p, origin{sourceResend, c, in.Context}, at, subject, codeSignUp, func(u *store.User) (string, error) { return resendable(p, u) })
}

// unconfirmable reports whether no sign-up code can go to the user. AWS: to a client that hides who exists, such a user
// looks like one who does not exist.
func unconfirmable(p *userpool.Pool, u *store.User) bool {
	return !u.Enabled || (u.Status == userpool.StatusUnconfirmed && toVerify(p, u.Attributes) == "")
}

// resendable returns the attribute that a new sign-up code goes to, or why none may be sent.
func resendable(p *userpool.Pool, u *store.User) (string, error) {
	if u.Status != userpool.StatusUnconfirmed {
		return "", fault.New(fault.InvalidParameter, "User is already confirmed.")
	}
	attribute := toVerify(p, u.Attributes)
	if attribute == "" {
		return "", fault.New(fault.InvalidParameter, "Cannot resend codes. Auto verification not turned on.")
	}
	return attribute, nil
}

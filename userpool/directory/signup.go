package directory

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// SignUpInput is the input of SignUp.
type SignUpInput struct {
	ClientID   string                 // names the app client, and so the pool
	SecretHash string                 // "" for a client without secret
	Username   string                 // or the address, in a pool whose users sign in by one
	Password   string                 // "" for a user who signs in by codes
	Attributes []userpool.Attribute   // without sub
	Validation []userpool.Attribute   // ValidationData, for PreSignUp
	Context    userpool.ClientContext // what the call says about its client
}

// SignUpResult is the new user's sub and where the code was sent.
type SignUpResult struct {
	Sub       string    // a new UUID
	Confirmed bool      // PreSignUp did so; no code is needed
	Delivery  *Delivery // nil if no code was sent
	Session   string    // for ConfirmSignUp; "" if the code cannot sign the user in
}

// SignUp creates an unconfirmed user and sends a code if the pool verifies one of the given addresses. If delivery fails,
// the user is created nevertheless, and ResendConfirmationCode sends another code.
func (s *Service) SignUp(ctx context.Context, in SignUpInput) (*SignUpResult, error) {
	p, c, err := s.o.Pools.PoolAndClient(ctx, in.ClientID)
	if err != nil {
		return nil, err
	}
	if err := c.CheckCall(in.Context, in.Username, in.SecretHash); err != nil {
		return nil, err
	}
	if err := s.checkAddress(p, c, in.Context); err != nil {
		return nil, err
	}
	if p.Settings.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return nil, fault.New(fault.NotAuthorized, "SignUp is not permitted for this user pool")
	}
	u, err := s.newUser(ctx, p, c, userpool.SignUp, in.Username, in.Attributes)
	if err != nil {
		return nil, err
	}
	passwordless := in.Password == "" && mayLackPassword(p, c, u.Attributes)
	if !passwordless {
		if err := p.CheckPassword(userpool.SignUpPassword, in.Password); err != nil {
			return nil, err
		}
		if err := s.CheckNewPassword(ctx, p, c, threat.SignUpPassword, in.Password); err != nil {
			return nil, err
		}
	}
	u.Status = userpool.StatusUnconfirmed
	p.SetNames(&u)
	if err := s.nameFree(ctx, p, &u, "User already exists"); err != nil {
		return nil, err
	}
	verified, err := s.preSignUp(ctx, p, c, &u, &in)
	if err != nil {
		return nil, err
	}
	if !passwordless {
		if u.Password, err = s.MakePassword(ctx, p, &u, in.Password, false); err != nil {
			return nil, err
		}
	}
	out, err := s.insertSignUp(ctx, p, origin{sourceSignUp, c, in.Context}, u, verified)
	s.report(ctx, p, c, &Subject{Exists: true, User: u}, threat.Event{Type: threat.SignUp, Response: threat.Pass}, in.Context, err)
	return out, err
}

// mayLackPassword reports whether a user with the attributes can sign up with the client without a password.
//
// Source: Developer guide, "Signing up and confirming user accounts", "Passwords at sign-up".
func mayLackPassword(p *userpool.Pool, c *userpool.Client, attrs map[string]string) bool {
	return signsIn(p, c, toVerify(p, attrs))
}

// insertSignUp writes a new user, who takes the aliases among the verified addresses, and sends the code. A user whom PreSignUp
// confirmed gets no code; PostConfirmation runs instead.
func (s *Service) insertSignUp(ctx context.Context, p *userpool.Pool, from origin, u store.User, verified []string) (*SignUpResult, error) {
	confirmed := u.Status == userpool.StatusConfirmed
	attribute := toVerify(p, u.Attributes)
	if confirmed {
		attribute = ""
	}
	var code store.Code
	var digits string
	var err error
	if attribute != "" {
		if digits, code, err = s.newCode(p.ID, u.Sub, codeSignUp, attribute, u.Attributes[attribute]); err != nil {
			return nil, err
		}
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		for _, kind := range verified {
			if err := s.takeAlias(tx, p, &u, kind, true); err != nil {
				return err
			}
		}
		if err := Insert(tx, p, &u); err != nil {
			return err
		}
		if attribute == "" {
			return nil
		}
		return tx.Codes.Put(code)
	})
	if err != nil {
		return nil, conflict(err, fault.UsernameExists)
	}
	s.base.Told(userpool.Event{Kind: userpool.UserSignedUp, PoolID: p.ID, Sub: u.Sub})
	out := &SignUpResult{Sub: u.Sub, Confirmed: confirmed}
	if out.Session, err = s.signUpSession(p, from.client, u.Sub, attribute); err != nil {
		return nil, err
	}
	if confirmed {
		if err := s.postConfirmation(ctx, p, from.client, &u, triggers.ConfirmSignUp, from.context); err != nil {
			return nil, err
		}
	}
	if attribute != "" {
		l := codeLetter(p, &u, codeSignUp, attribute, u.Attributes[attribute], digits)
		l.origin, l.expires = from, code.ExpiresAt
		out.Delivery, err = s.send(ctx, p, l)
	}
	return out, err
}

// Insert writes a new user, with the names that SetNames computes, if these are free. A name that means another user is a
// *store.Conflict.
func Insert(tx store.Tx, p *userpool.Pool, u *store.User) error {
	if err := CheckNew(tx, p, u); err != nil {
		return err
	}
	return tx.Users.Insert(*u)
}

// CheckNew returns a *store.Conflict if a name of a new user means another user, and a fault if no user of the pool may have it.
func CheckNew(tx store.Tx, p *userpool.Pool, u *store.User) error { return checkNames(tx, p, nil, u) }

// nameFree refuses a name or alias that is taken, before the expensive hash is computed. The insert decides. taken is the
// operation's text.
func (s *Service) nameFree(ctx context.Context, p *userpool.Pool, u *store.User, taken string) error {
	err := s.base.View(ctx, func(tx store.Tx) error { return checkNames(tx, p, nil, u) })
	if c, ok := errors.AsType[*store.Conflict](err); ok && c.Key == "username" {
		return fault.Wrap(fault.UsernameExists, err, "%s", taken)
	}
	return conflict(err, fault.UsernameExists)
}

// newSub returns a random UUID that means no user of the pool.
func (s *Service) newSub(ctx context.Context, p *userpool.Pool) (string, error) {
	for {
		sub, err := s.base.UUID()
		if err != nil {
			return "", err
		}
		err = s.base.View(ctx, func(tx store.Tx) error {
			_, err := p.FindUser(tx, sub)
			return err
		})
		switch {
		case errors.Is(err, store.ErrNotFound):
			return sub, nil
		case err != nil:
			return "", err
		}
	}
}

// newUser validates name and attributes and returns the record, without password and status. A pool that ignores case stores the name in lower
// case, as AWS does.
func (s *Service) newUser(ctx context.Context, p *userpool.Pool, c *userpool.Client, w userpool.Writer, name string, attrs []userpool.Attribute) (store.User, error) {
	sub, err := s.newSub(ctx, p)
	if err != nil {
		return store.User{}, err
	}
	u := store.User{PoolID: p.ID, Sub: sub, Username: p.Key(name), Enabled: true, Attributes: map[string]string{}, CreatedAt: s.now()}
	u.ModifiedAt = u.CreatedAt
	attribute, err := p.UsernameAttribute(name)
	if err != nil {
		return u, err
	}
	if attribute != "" {
		for _, a := range attrs {
			if a.Name == attribute && p.Key(a.Value) != p.Key(name) {
				return u, fault.New(fault.InvalidParameter, "The %s attribute must be the username.", attribute)
			}
		}
		u.Username = sub
		u.Attributes[attribute] = name
	}
	if err := p.CheckWrite(c, w, nil, attrs); err != nil {
		return u, err
	}
	p.Apply(u.Attributes, attrs)
	if w == userpool.Admin {
		return u, nil // AWS: the user gives the missing required attributes at the first sign-in
	}
	return u, p.CheckRequired(u.Attributes)
}

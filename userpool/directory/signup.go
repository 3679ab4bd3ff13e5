package directory

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// SignUpInput is the input of SignUp.
type SignUpInput struct {
	ClientID   string
	SecretHash string
	Username   string
	Password   string
	Attributes []userpool.Attribute
	Context    userpool.ClientContext
}

// SignUpResult is the new user's sub and where the code was sent.
type SignUpResult struct {
	Sub       string
	Confirmed bool
	Delivery  *Delivery // nil if no code was sent
}

// SignUp creates an unconfirmed user and sends a code if the pool verifies one of the given addresses. If delivery fails,
// the user is created nevertheless, and ResendConfirmationCode sends another code.
func (s *Service) SignUp(ctx context.Context, in SignUpInput) (*SignUpResult, error) {
	p, c, err := s.o.Pools.PoolAndClient(ctx, in.ClientID)
	if err != nil {
		return nil, err
	}
	if err := c.CheckSecretHash(in.Username, in.SecretHash); err != nil {
		return nil, err
	}
	if p.Settings.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return nil, fault.New(fault.NotAuthorized, "SignUp is not permitted for this user pool")
	}
	u, err := s.newUser(p, c, userpool.SignUp, in.Username, in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := p.CheckPassword(in.Password); err != nil {
		return nil, err
	}
	u.Status = userpool.StatusUnconfirmed
	p.SetNames(&u)
	if err := s.nameFree(ctx, p, &u, "User already exists"); err != nil {
		return nil, err
	}
	if u.Password, err = s.MakePassword(ctx, p, &u, in.Password, false); err != nil {
		return nil, err
	}
	return s.insertSignUp(ctx, p, u)
}

func (s *Service) insertSignUp(ctx context.Context, p *userpool.Pool, u store.User) (*SignUpResult, error) {
	attribute := toVerify(p, u.Attributes)
	var code store.Code
	var digits string
	var err error
	if attribute != "" {
		if digits, code, err = s.newCode(p.ID, u.Sub, codeSignUp, attribute, u.Attributes[attribute]); err != nil {
			return nil, err
		}
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if err := tx.Users.Insert(u); err != nil {
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
	out := &SignUpResult{Sub: u.Sub}
	if attribute != "" {
		out.Delivery, err = s.send(ctx, p, codeLetter(p, &u, codeSignUp, attribute, u.Attributes[attribute], digits))
	}
	return out, err
}

// nameFree refuses a name or alias that is taken before the expensive hash is computed. The insert decides. taken is the
// operation's text.
func (s *Service) nameFree(ctx context.Context, p *userpool.Pool, u *store.User, taken string) error {
	return s.base.View(ctx, func(tx store.Tx) error {
		_, err := tx.Users.ByKey(p.ID, u.Key)
		if err == nil {
			return fault.New(fault.UsernameExists, "%s", taken)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for _, a := range u.Aliases {
			if _, err := tx.Users.ByAlias(p.ID, a); err == nil {
				return conflict(&store.Conflict{Record: "user", Key: a.Kind}, fault.UsernameExists)
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

// newUser validates name and attributes and returns the record, without password and status.
func (s *Service) newUser(p *userpool.Pool, c *userpool.Client, w userpool.Writer, name string, attrs []userpool.Attribute) (store.User, error) {
	sub, err := s.base.UUID()
	if err != nil {
		return store.User{}, err
	}
	u := store.User{PoolID: p.ID, Sub: sub, Username: name, Enabled: true, Attributes: map[string]string{}, CreatedAt: s.now()}
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
	return u, p.CheckRequired(u.Attributes)
}

// ConfirmInput is the input of ConfirmSignUp.
type ConfirmInput struct {
	ClientID   string
	SecretHash string
	Username   string
	Code       string
	ForceAlias bool // take the alias from the user who has it
	Context    userpool.ClientContext
}

// ConfirmSignUp confirms a user by code and marks the address that the code went to as verified.
func (s *Service) ConfirmSignUp(ctx context.Context, in ConfirmInput) error {
	p, c, subject, err := s.unsignedSubject(ctx, in.ClientID, in.SecretHash, in.Username)
	if err != nil {
		return err
	}
	if !subject.Exists && !c.HidesExistence {
		return errNoCombination
	}
	if err := s.limits.take("confirm "+codeSignUp, p.ID, p.Key(in.Username), limitConfirmSignUp); err != nil {
		return err
	}
	return s.redeem(ctx, p, subject, codeSignUp, in.Code, func(u *store.User) error {
		if u.Status != userpool.StatusUnconfirmed {
			return cannotConfirm(u.Status)
		}
		return nil
	}, func(tx store.Tx, u *store.User, code store.Code) error {
		u.Status = userpool.StatusConfirmed
		return proveAddress(tx, p, u, code, in.ForceAlias)
	})
}

func cannotConfirm(status string) error {
	return fault.New(fault.NotAuthorized, "User cannot be confirmed. Current status is %s", status)
}

// proveAddress marks the address that a code was sent to as verified, if it is still the user's. If the address is another
// user's alias, force moves it, and the other user's address becomes unverified.
func proveAddress(tx store.Tx, p *userpool.Pool, u *store.User, code store.Code, force bool) error {
	if code.Attribute == "" || u.Attributes[code.Attribute] != code.Value {
		return nil
	}
	u.Attributes[code.Attribute+"_verified"] = "true"
	return takeAlias(tx, p, u, code.Attribute, force)
}

// takeAlias takes an alias from another user if force is set. Without force the write that follows reports the conflict.
func takeAlias(tx store.Tx, p *userpool.Pool, u *store.User, attribute string, force bool) error {
	alias := store.Alias{Kind: attribute, Value: p.Key(u.Attributes[attribute])}
	owner, err := tx.Users.ByAlias(p.ID, alias)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (owner.Sub == u.Sub || !force)) {
		return nil
	}
	if err != nil {
		return err
	}
	owner.Attributes[attribute+"_verified"] = "false"
	p.SetNames(&owner)
	return tx.Users.Update(owner)
}

// unsignedSubject returns pool, client and subject of an unsigned operation, after it has checked the client's secret
// hash.
func (s *Service) unsignedSubject(ctx context.Context, clientID, secretHash, name string) (*userpool.Pool, *userpool.Client, *Subject, error) {
	p, c, err := s.o.Pools.PoolAndClient(ctx, clientID)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := c.CheckSecretHash(name, secretHash); err != nil {
		return nil, nil, nil, err
	}
	subject, err := s.Find(ctx, p, name)
	return p, c, subject, err
}

// CodeRequest is the input of the unsigned operations that send a code.
type CodeRequest struct {
	ClientID   string
	SecretHash string
	Username   string
	Context    userpool.ClientContext
}

// ResendConfirmationCode sends a new sign-up code. The old one is void.
func (s *Service) ResendConfirmationCode(ctx context.Context, in CodeRequest) (*Delivery, error) {
	p, c, subject, err := s.unsignedSubject(ctx, in.ClientID, in.SecretHash, in.Username)
	if err != nil {
		return nil, err
	}
	if !subject.Exists && !c.HidesExistence {
		return nil, errNoCombination
	}
	if err := s.limits.take("resend", p.ID, p.Key(in.Username), limitResend); err != nil {
		return nil, err
	}
	at, err := s.courier.reserve()
	if err != nil {
		return nil, err
	}
	defer at.free()
	attribute, err := resendable(p, subject)
	if err != nil {
		return nil, err
	}
	return s.sendCodeUnsigned(ctx, p, c, at, subject, codeSignUp, attribute)
}

// resendable returns the attribute that a new sign-up code goes to, or why none may be sent.
func resendable(p *userpool.Pool, subject *Subject) (string, error) {
	if !subject.Exists {
		return standInAttribute(p, p.Settings.AutoVerifiedAttributes), nil
	}
	if subject.User.Status != userpool.StatusUnconfirmed {
		return "", fault.New(fault.InvalidParameter, "User is already confirmed.")
	}
	attribute := toVerify(p, subject.User.Attributes)
	if attribute == "" {
		return "", fault.New(fault.InvalidParameter, "Cannot resend codes. Auto verification not turned on.")
	}
	return attribute, nil
}

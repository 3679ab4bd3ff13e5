package userpool

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// SignUpInput is what a person gives to become a user.
type SignUpInput struct {
	ClientID   string
	SecretHash string
	Username   string
	Password   string
	Attributes []Attribute
}

// SignUpResult tells the new user's sub and where the code went.
type SignUpResult struct {
	Sub       string
	Confirmed bool
	Delivery  *Delivery // nil when no code was sent
}

// SignUp makes an unconfirmed user and sends a code if the pool verifies one of the given addresses. When delivery fails
// the user is there all the same, and ResendConfirmationCode sends another code.
func (s *Service) SignUp(ctx context.Context, in SignUpInput) (*SignUpResult, error) {
	p, c, err := s.poolAndClient(ctx, in.ClientID)
	if err != nil {
		return nil, err
	}
	if err := c.checkSecretHash(in.Username, in.SecretHash); err != nil {
		return nil, err
	}
	if p.Settings.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return nil, fault.New(fault.NotAuthorized, "SignUp is not permitted for this user pool")
	}
	u, err := s.newUser(p, c, signUp, in.Username, in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := p.checkPassword(in.Password); err != nil {
		return nil, err
	}
	u.Status = StatusUnconfirmed
	p.setNames(&u)
	if err := s.nameFree(ctx, p, &u, "User already exists"); err != nil {
		return nil, err
	}
	if u.Password, err = s.makePassword(ctx, p, &u, in.Password, false); err != nil {
		return nil, err
	}
	return s.insertSignUp(ctx, p, u)
}

func (s *Service) insertSignUp(ctx context.Context, p *pool, u store.User) (*SignUpResult, error) {
	attribute := p.toVerify(u.Attributes)
	var code store.Code
	var digits string
	var err error
	if attribute != "" {
		if digits, code, err = s.newCode(p.ID, u.Sub, codeSignUp, attribute, u.Attributes[attribute]); err != nil {
			return nil, err
		}
	}
	err = s.update(ctx, func(tx store.Tx) error {
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
		out.Delivery, err = s.send(ctx, p, p.codeLetter(&u, codeSignUp, attribute, u.Attributes[attribute], digits))
	}
	return out, err
}

// nameFree answers early, before the dear hash is computed. The insert decides. taken is the operation's text.
func (s *Service) nameFree(ctx context.Context, p *pool, u *store.User, taken string) error {
	return s.view(ctx, func(tx store.Tx) error {
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

// newUser judges name and attributes and makes the record, without password and status.
func (s *Service) newUser(p *pool, c *client, who writer, name string, attrs []Attribute) (store.User, error) {
	sub, err := s.newUUID()
	if err != nil {
		return store.User{}, err
	}
	u := store.User{PoolID: p.ID, Sub: sub, Username: name, Enabled: true, Attributes: map[string]string{}, CreatedAt: s.o.Now()}
	u.ModifiedAt = u.CreatedAt
	if len(p.Settings.UsernameAttributes) > 0 {
		attribute, err := p.usernameAttribute(name)
		if err != nil {
			return u, err
		}
		for _, a := range attrs {
			if a.Name == attribute && p.key(a.Value) != p.key(name) {
				return u, fault.New(fault.InvalidParameter, "The %s attribute must be the username.", attribute)
			}
		}
		u.Username = sub
		u.Attributes[attribute] = name
	} else if err := p.checkUsername(name); err != nil {
		return u, err
	}
	if err := p.checkWrite(c, who, nil, attrs); err != nil {
		return u, err
	}
	p.apply(u.Attributes, attrs)
	return u, p.checkRequired(u.Attributes)
}

// usernameAttribute says which attribute a user name is, in a pool whose users sign in by address.
func (p *pool) usernameAttribute(name string) (string, error) {
	names := map[string]string{"email": "an email", "phone_number": "a phone number"}
	var wanted []string
	for _, a := range []string{"email", "phone_number"} {
		for _, allowed := range p.Settings.UsernameAttributes {
			if allowed != a {
				continue
			}
			if (a == "email" && emailForm.MatchString(name)) || (a == "phone_number" && phoneForm.MatchString(name)) {
				return a, nil
			}
			wanted = append(wanted, names[a])
		}
	}
	if len(wanted) == 2 {
		return "", fault.New(fault.InvalidParameter, "Username should be either an email or a phone number.")
	}
	return "", fault.New(fault.InvalidParameter, "Username should be %s.", wanted[0])
}

// checkUsername refuses a name that could be mistaken for somebody's alias.
func (p *pool) checkUsername(name string) error {
	for _, alias := range p.Settings.AliasAttributes {
		switch {
		case alias == "email" && emailForm.MatchString(name):
			return fault.New(fault.InvalidParameter, "Username cannot be of email format, since user pool is configured for email alias.")
		case alias == "phone_number" && phoneForm.MatchString(name):
			return fault.New(fault.InvalidParameter, "Username cannot be of phone number format, since user pool is configured for phone number alias.")
		}
	}
	// A name that is a sub would shadow the user whose sub it is.
	if _, err := uuid.Parse(name); err == nil && len(name) == 36 {
		return fault.New(fault.InvalidParameter, "Username cannot be of UUID format.")
	}
	return nil
}

// ConfirmInput answers a sign-up's code.
type ConfirmInput struct {
	ClientID   string
	SecretHash string
	Username   string
	Code       string
	ForceAlias bool // take the address over from a user who has it as an alias
}

// ConfirmSignUp confirms a user by code and verifies the address that the code went to.
func (s *Service) ConfirmSignUp(ctx context.Context, in ConfirmInput) error {
	p, c, u, err := s.publicUser(ctx, in.ClientID, in.SecretHash, in.Username)
	if err != nil {
		return err
	}
	if u == nil {
		if !c.hidden {
			return errNoCombination
		}
		return s.ghostCode(ctx, p, in.Username, codeSignUp, limitConfirmSignUp)
	}
	if err := s.limits.take("confirm "+codeSignUp, p.ID, p.key(in.Username), limitConfirmSignUp); err != nil {
		return err
	}
	var outcome error
	_, err = s.changeSub(ctx, p, u.Sub, func(tx store.Tx, u *store.User) error {
		if u.Status != StatusUnconfirmed {
			return cannotConfirm(u.Status)
		}
		var code store.Code
		var err error
		code, outcome, err = s.tryCode(tx, p.ID, u.Sub, codeSignUp, in.Code)
		if err != nil {
			return err
		}
		u.Status = StatusConfirmed
		return p.proveAddress(tx, u, code, in.ForceAlias)
	})
	return firstError(outcome, err)
}

func cannotConfirm(status string) error {
	return fault.New(fault.NotAuthorized, "User cannot be confirmed. Current status is %s", status)
}

// proveAddress marks the address that a code proved, if it is still the user's. Where it is an alias of another user,
// force moves it: the old owner's becomes unverified and finds nobody any more.
func (p *pool) proveAddress(tx store.Tx, u *store.User, code store.Code, force bool) error {
	if code.Attribute == "" || u.Attributes[code.Attribute] != code.Value {
		return nil
	}
	u.Attributes[code.Attribute+"_verified"] = "true"
	return p.takeAlias(tx, u, code.Attribute, force)
}

// takeAlias takes an alias away from another user when force says so; else the write that follows reports the conflict.
func (p *pool) takeAlias(tx store.Tx, u *store.User, attribute string, force bool) error {
	alias := store.Alias{Kind: attribute, Value: p.key(u.Attributes[attribute])}
	owner, err := tx.Users.ByAlias(p.ID, alias)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (owner.Sub == u.Sub || !force)) {
		return nil
	}
	if err != nil {
		return err
	}
	owner.Attributes[attribute+"_verified"] = "false"
	p.setNames(&owner)
	return tx.Users.Update(owner)
}

// publicUser is how the unsigned operations find pool, client and user: the client first, its secret, then the name. The
// user is nil when nobody has the name.
func (s *Service) publicUser(ctx context.Context, clientID, secretHash, name string) (*pool, *client, *store.User, error) {
	p, c, err := s.poolAndClient(ctx, clientID)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := c.checkSecretHash(name, secretHash); err != nil {
		return nil, nil, nil, err
	}
	var u store.User
	err = s.view(ctx, func(tx store.Tx) (err error) {
		u, err = p.findUser(tx, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return p, c, nil, nil
	}
	return p, c, &u, err
}

// ResendConfirmationCode sends a new sign-up code; the old one is void.
func (s *Service) ResendConfirmationCode(ctx context.Context, clientID, secretHash, name string) (*Delivery, error) {
	p, c, u, err := s.publicUser(ctx, clientID, secretHash, name)
	if err != nil {
		return nil, err
	}
	if u == nil && !c.hidden {
		return nil, errNoCombination
	}
	if err := s.limits.takeFor(u, "resend", p.ID, p.key(name), limitResend); err != nil {
		return nil, err
	}
	at, err := s.courier.reserve()
	if err != nil {
		return nil, err
	}
	defer at.free()
	if u == nil {
		return s.ghostDelivery(ctx, p, name, codeSignUp, p.ghostAttribute(p.Settings.AutoVerifiedAttributes))
	}
	if u.Status != StatusUnconfirmed {
		return nil, fault.New(fault.InvalidParameter, "User is already confirmed.")
	}
	attribute := p.toVerify(u.Attributes)
	if attribute == "" {
		return nil, fault.New(fault.InvalidParameter, "Cannot resend codes. Auto verification not turned on.")
	}
	return s.sendCodeTo(ctx, c, at, p, u, codeSignUp, attribute)
}

// sendCode makes a code, keeps it and sends it.
func (s *Service) sendCode(ctx context.Context, p *pool, u *store.User, purpose, attribute string) (*Delivery, error) {
	l, err := s.keepCode(ctx, p, u, purpose, attribute)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, p, l)
}

// keepCode makes a code and keeps it; the letter is still to be sent.
func (s *Service) keepCode(ctx context.Context, p *pool, u *store.User, purpose, attribute string) (letter, error) {
	to := u.Attributes[attribute]
	digits, code, err := s.newCode(p.ID, u.Sub, purpose, attribute, to)
	if err != nil {
		return letter{}, err
	}
	if err := s.update(ctx, func(tx store.Tx) error { return tx.Codes.Put(code) }); err != nil {
		return letter{}, err
	}
	return p.codeLetter(u, purpose, attribute, to, digits), nil
}

// looksLikeAddress reports whether a name has the form of an address that could be an alias or user name of the pool.
func (p *pool) looksLikeAddress(name string) string {
	for _, kind := range p.aliasKinds(name) {
		if kind != "preferred_username" {
			return kind
		}
	}
	return ""
}

// ghostAttribute picks the attribute that a simulated delivery names: one that the pool verifies, as its users have that.
func (p *pool) ghostAttribute(candidates []string) string {
	for _, a := range candidates {
		if slices.Contains(p.Settings.AutoVerifiedAttributes, a) {
			return a
		}
	}
	for _, a := range candidates {
		if a == "phone_number" || a == "email" {
			return a
		}
	}
	return "email"
}

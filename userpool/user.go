package userpool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// The states of a user.
const (
	StatusUnconfirmed   = "UNCONFIRMED"
	StatusConfirmed     = "CONFIRMED"
	StatusForceChange   = "FORCE_CHANGE_PASSWORD"
	StatusResetRequired = "RESET_REQUIRED"
)

// User is a user as it is shown: nothing of a password in it.
type User struct {
	Username   string
	Sub        string
	Status     string
	Enabled    bool
	Attributes []Attribute // sub first, then by name
	CreatedAt  time.Time
	ModifiedAt time.Time
}

func shownUser(u store.User) *User {
	return &User{Username: u.Username, Sub: u.Sub, Status: u.Status, Enabled: u.Enabled,
		Attributes: attributeList(u.Sub, u.Attributes), CreatedAt: u.CreatedAt, ModifiedAt: u.ModifiedAt}
}

// Answers about users, in AWS's words.
var (
	errNoUser        = fault.New(fault.UserNotFound, "User does not exist.")
	errNoCombination = fault.New(fault.UserNotFound, "Username/client id combination not found.")
	errWrongPassword = fault.New(fault.NotAuthorized, "Incorrect username or password.")
	errDisabled      = fault.New(fault.NotAuthorized, "User is disabled.")
	errNotConfirmed  = fault.New(fault.UserNotConfirmed, "User is not confirmed.")
	errResetRequired = fault.New(fault.PasswordResetRequired, "Password reset required for the user")
)

// findUser returns the user whom a name means: a user name, a sub, or an alias that is in force. ErrNotFound of the
// store when there is none.
func (p *pool) findUser(tx store.Tx, name string) (store.User, error) {
	u, err := tx.Users.ByKey(p.ID, p.key(name))
	if !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	for _, kind := range p.aliasKinds(name) {
		u, err = tx.Users.ByAlias(p.ID, store.Alias{Kind: kind, Value: p.key(name)})
		if !errors.Is(err, store.ErrNotFound) {
			return u, err
		}
	}
	if _, bad := uuid.Parse(name); bad == nil && len(name) == 36 {
		return tx.Users.Get(p.ID, name)
	}
	return u, err
}

// aliasKinds are the kinds of alias that a name can be, by its form.
func (p *pool) aliasKinds(name string) []string {
	var kinds []string
	for _, kind := range slices.Concat(p.Settings.UsernameAttributes, p.Settings.AliasAttributes) {
		switch {
		case kind == "email" && !emailForm.MatchString(name), kind == "phone_number" && !phoneForm.MatchString(name):
		default:
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// setNames computes what finds the user: key and aliases. An address is an alias of an alias pool only when verified;
// preferred_username only after confirmation.
func (p *pool) setNames(u *store.User) {
	u.Key, u.Aliases = p.key(u.Username), nil
	add := func(kind string) {
		if v := u.Attributes[kind]; v != "" {
			u.Aliases = append(u.Aliases, store.Alias{Kind: kind, Value: p.key(v)})
		}
	}
	for _, kind := range p.Settings.UsernameAttributes {
		add(kind)
	}
	for _, kind := range p.Settings.AliasAttributes {
		switch {
		case kind == "preferred_username" && u.Status != StatusUnconfirmed, kind != "preferred_username" && verified(u.Attributes, kind):
			add(kind)
		}
	}
}

// named reports whether a name means the user; it says the same as findUser.
func (p *pool) named(u *store.User, name string) bool {
	return name == u.Sub || p.key(name) == u.Key ||
		slices.ContainsFunc(u.Aliases, func(a store.Alias) bool { return a.Value == p.key(name) })
}

// conflict translates a unique key that was hit. Creating and changing differ in the exception's name.
func conflict(err error, kind fault.Kind) error {
	c, ok := errors.AsType[*store.Conflict](err)
	if !ok {
		return err
	}
	switch c.Key {
	case "email", "phone_number", "preferred_username":
		return fault.Wrap(kind, err, "An account with the given %s already exists.", c.Key)
	}
	return fault.Wrap(fault.UsernameExists, err, "User account already exists")
}

// errKeep, returned by a change, commits what else the transaction wrote and leaves the user as it was.
var errKeep = errors.New("userpool: the user stays as it was")

// changeUser reads a user by name, lets change edit the record and writes it, in one transaction. Names are computed
// anew and ModifiedAt moves. The record as written is returned.
func (s *Service) changeUser(ctx context.Context, p *pool, name string, change func(store.Tx, *store.User) error) (store.User, error) {
	return s.changeFound(ctx, p, func(tx store.Tx) (store.User, error) { return p.findUser(tx, name) }, change)
}

// changeSub is changeUser for a user who is known by sub.
func (s *Service) changeSub(ctx context.Context, p *pool, sub string, change func(store.Tx, *store.User) error) (store.User, error) {
	return s.changeFound(ctx, p, func(tx store.Tx) (store.User, error) { return tx.Users.Get(p.ID, sub) }, change)
}

func (s *Service) changeFound(ctx context.Context, p *pool, find func(store.Tx) (store.User, error), change func(store.Tx, *store.User) error) (store.User, error) {
	var u store.User
	err := s.update(ctx, func(tx store.Tx) (err error) {
		if u, err = find(tx); err != nil {
			return err
		}
		switch err := change(tx, &u); {
		case errors.Is(err, errKeep):
			return nil
		case err != nil:
			return err
		}
		u.ModifiedAt = s.o.Now()
		p.setNames(&u)
		return tx.Users.Update(u)
	})
	if errors.Is(err, store.ErrNotFound) && fault.KindOf(err) == fault.Internal {
		return u, errNoUser
	}
	return u, conflict(err, fault.AliasExists)
}

// AdminGetUser returns a user with all attributes.
func (s *Service) AdminGetUser(ctx context.Context, poolID, name string) (*User, error) {
	_, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return nil, err
	}
	return shownUser(u), nil
}

// adminUser reads pool and user for an administrator's operation.
func (s *Service) adminUser(ctx context.Context, poolID, name string) (*pool, store.User, error) {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return nil, store.User{}, err
	}
	var u store.User
	err = s.view(ctx, func(tx store.Tx) (err error) {
		u, err = p.findUser(tx, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return p, u, errNoUser
	}
	return p, u, err
}

// GetUser returns the token's user with the attributes that the client may read.
func (s *Service) GetUser(ctx context.Context, accessToken string) (*User, error) {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	u := shownUser(who.user)
	u.Attributes = slices.DeleteFunc(u.Attributes, func(a Attribute) bool { return !who.client.mayRead(a.Name) })
	return u, nil
}

package directory

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// User is a user as the API shows it.
type User struct {
	Username   string               // as the pool has it
	Sub        string               // UUID
	Status     string               // UserStatus: CONFIRMED, FORCE_CHANGE_PASSWORD …
	Enabled    bool                 // may sign in
	Attributes []userpool.Attribute // sub first, then by name
	MFA        json.RawMessage      // see userpool.ParseMFA
	CreatedAt  time.Time            // UserCreateDate
	ModifiedAt time.Time            // UserLastModifiedDate
}

func shownUser(u store.User) *User {
	return &User{Username: u.Username, Sub: u.Sub, Status: u.Status, Enabled: u.Enabled,
		Attributes: userpool.AttributeList(u.Sub, u.Attributes), MFA: u.MFA, CreatedAt: u.CreatedAt, ModifiedAt: u.ModifiedAt}
}

// errNoCombination is the unsigned operations' answer for a user who does not exist.
var errNoCombination = fault.New(fault.UserNotFound, "Username/client id combination not found.")

// conflict translates a conflict of unique keys. The kind is fault.UsernameExists for a new user and fault.AliasExists for
// a change.
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

// errKeep is returned by a change that leaves the user unchanged. The transaction's other writes are committed.
var errKeep = errors.New("directory: the user stays as it was")

// changeUser reads the user whom name means, lets change edit the record and writes it, in one transaction. It computes
// names and sets ModifiedAt. It returns the record as written.
func (s *Service) changeUser(ctx context.Context, p *userpool.Pool, name string, change func(store.Tx, *store.User) error) (store.User, error) {
	return s.changeFound(ctx, p, func(tx store.Tx) (store.User, error) { return p.FindUser(tx, name) }, change)
}

// Change is changeUser for the user with the sub. A user who does not exist is userpool.ErrNoUser, an address that is
// another user's alias fault.AliasExists.
func (s *Service) Change(ctx context.Context, p *userpool.Pool, sub string, change func(store.Tx, *store.User) error) (store.User, error) {
	return s.changeFound(ctx, p, func(tx store.Tx) (store.User, error) { return tx.Users.Get(p.ID, sub) }, change)
}

func (s *Service) changeFound(ctx context.Context, p *userpool.Pool, find func(store.Tx) (store.User, error), change func(store.Tx, *store.User) error) (store.User, error) {
	var u store.User
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		if u, err = find(tx); err != nil {
			return err
		}
		return s.write(tx, p, &u, change)
	})
	return u, changeError(err)
}

// write applies a change to a user who was read in the same transaction, and sets ModifiedAt unless the change does. It deletes the
// codes that the change voids. A changed name that means another user is a *store.Conflict.
func (s *Service) write(tx store.Tx, p *userpool.Pool, u *store.User, change func(store.Tx, *store.User) error) error {
	before := *u
	before.Attributes = maps.Clone(u.Attributes)
	switch err := change(tx, u); {
	case errors.Is(err, errKeep):
		return nil
	case err != nil:
		return err
	}
	if u.ModifiedAt.Equal(before.ModifiedAt) {
		u.ModifiedAt = s.now()
	}
	p.SetNames(u)
	if err := checkNames(tx, p, &before, u); err != nil {
		return err
	}
	if err := voidCodes(tx, &before, u); err != nil {
		return err
	}
	if err := keepHistory(tx, p, &before, u); err != nil {
		return err
	}
	return tx.Users.Update(*u)
}

// checkNames is like CheckNames of the pool, and refuses new names that users of its identity providers can have: someone who had such
// a name would lock out the user to whom it belongs. As in AWS, addresses may begin as they like, but only who has verified one: anyone
// can enter one that nobody has.
func checkNames(tx store.Tx, p *userpool.Pool, before, u *store.User) error {
	names := []string{u.Key}
	for _, a := range u.Aliases {
		if !userpool.Verified(u.Attributes, a.Kind) { // preferred_username never is
			names = append(names, a.Value)
		}
	}
	for _, name := range names {
		had := before != nil && (name == before.Key || slices.ContainsFunc(before.Aliases, func(a store.Alias) bool { return a.Value == name }))
		if had || u.Status == userpool.StatusExternal {
			continue
		}
		if err := checkReserved(tx, p, name); err != nil {
			return err
		}
	}
	return p.CheckNames(tx, before, u)
}

// checkReserved refuses a name in the form of the user names of an identity provider of the pool.
func checkReserved(tx store.Tx, p *userpool.Pool, name string) error {
	if !strings.Contains(name, "_") {
		return nil
	}
	list, err := tx.IdentityProviders.List(p.ID)
	if slices.ContainsFunc(list, func(i store.IdentityProvider) bool { return strings.HasPrefix(name, p.Key(i.Name)+"_") }) {
		return errReserved
	}
	if err != nil {
		return err
	}
	return checkGroups(tx, p, name)
}

var errReserved = fault.New(fault.InvalidParameter, "A user name cannot begin with the name of an identity provider and an underscore.")

// checkGroups is checkReserved for providers that were deleted and may come back: their groups stay.
func checkGroups(tx store.Tx, p *userpool.Pool, name string) error {
	const batch = 100
	for after := p.ID + "_"; ; {
		list, err := tx.Groups.List(p.ID, store.Page{After: after, Limit: batch})
		if err != nil {
			return err
		}
		for _, g := range list {
			provider, of := strings.CutPrefix(g.Name, p.ID+"_")
			if !of {
				return nil
			}
			if strings.HasPrefix(name, p.Key(provider)+"_") {
				return errReserved
			}
		}
		if len(list) < batch {
			return nil
		}
		after = list[batch-1].Name
	}
}

func changeError(err error) error {
	if errors.Is(err, store.ErrNotFound) && fault.KindOf(err) == fault.Internal {
		return userpool.ErrNoUser
	}
	return conflict(err, fault.AliasExists)
}

// AdminGetUser returns a user with all attributes.
func (s *Service) AdminGetUser(ctx context.Context, poolID, name string) (*User, error) {
	_, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return nil, err
	}
	return shownUser(u), nil
}

// adminUser returns pool and user of an administrator's operation.
func (s *Service) adminUser(ctx context.Context, poolID, name string) (*userpool.Pool, store.User, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, store.User{}, err
	}
	var u store.User
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		u, err = p.FindUser(tx, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return p, u, userpool.ErrNoUser
	}
	return p, u, err
}

// GetUser returns the token's user with the attributes that the client may read.
func (s *Service) GetUser(ctx context.Context, accessToken string) (*User, error) {
	who, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	u := shownUser(who.User)
	u.Attributes = slices.DeleteFunc(u.Attributes, func(a userpool.Attribute) bool { return !who.Client.MayRead(a.Name) })
	return u, nil
}

// AdminChange is Change for the user whom a name means in the pool, for operations of administrators.
func (s *Service) AdminChange(ctx context.Context, poolID, name string, change func(*userpool.Pool, *store.User) error) error {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	_, err = s.changeUser(ctx, p, name, func(_ store.Tx, u *store.User) error { return change(p, u) })
	return err
}

// revokingAs changes a user in a transaction that can revoke tokens, and tells what that is.
func (s *Service) revokingAs(ctx context.Context, p *userpool.Pool, name string, kind userpool.EventKind, change func(store.Tx, *tokens.Revocation, *store.User) error) error {
	var u store.User
	err := s.o.Tokens.Revoking(ctx, func(tx store.Tx, r *tokens.Revocation) (err error) {
		if u, err = p.FindUser(tx, name); err != nil {
			return err
		}
		return change(tx, r, &u)
	})
	if err == nil {
		s.base.Told(userpool.Event{Kind: kind, PoolID: p.ID, Sub: u.Sub})
	}
	return changeError(err)
}

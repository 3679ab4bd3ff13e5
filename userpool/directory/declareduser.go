package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// DeclaredUser is a user of the configuration.
type DeclaredUser struct {
	PoolID     string               // of a declared pool
	Username   string               // or the address, in a pool whose users sign in by one
	Password   string               // permanent; the pool's policy applies, but line ends inside are allowed
	Attributes []userpool.Attribute // without sub
	Groups     []string             // they must exist
}

// EnsureUser creates a confirmed user with a permanent password, unless it has created the user before: then it only adds the user to
// the groups. A user who has the name, or whom it means as an alias, and came in another way is left alone, and is an error: someone
// may have signed up with the name to get the groups. It runs no triggers and sends no message. joined are the groups in which the user
// was not before.
func (s *Service) EnsureUser(ctx context.Context, d DeclaredUser) (joined []string, err error) {
	_, u, err := s.adminUser(ctx, d.PoolID, d.Username)
	if fault.Is(err, fault.UserNotFound) {
		if err = s.insertDeclared(ctx, d); !fault.Is(err, fault.UsernameExists) {
			return d.Groups, err
		}
		taken := err
		_, u, err = s.adminUser(ctx, d.PoolID, d.Username) // another process has created the user meanwhile
		if fault.Is(err, fault.UserNotFound) {
			return nil, s.aliasTaken(ctx, d, taken)
		}
	}
	if err != nil {
		return nil, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if err := wasDeclared(tx, &u); err != nil {
			return err
		}
		of, err := tx.Groups.Of(u.PoolID, u.Sub, store.Page{})
		if err != nil {
			return err
		}
		joined = slices.DeleteFunc(slices.Clone(d.Groups), func(group string) bool {
			return slices.ContainsFunc(of, func(g store.Group) bool { return g.Name == group })
		})
		return addToGroups(tx, &u, joined)
	})
	return joined, err
}

// AgreeUser returns the error that EnsureUser would return because someone else has the name. It changes nothing.
func (s *Service) AgreeUser(ctx context.Context, d DeclaredUser) error {
	_, u, err := s.adminUser(ctx, d.PoolID, d.Username)
	if fault.Is(err, fault.UserNotFound) || fault.Is(err, fault.ResourceNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.base.View(ctx, func(tx store.Tx) error { return wasDeclared(tx, &u) })
}

// wasDeclared returns an error unless EnsureUser made the user.
func wasDeclared(tx store.Tx, u *store.User) error {
	_, err := tx.Settings.Get(declaredMark(u))
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("the pool has a user with this name that no configuration created; delete that user, or declare another name")
	}
	return err
}

// aliasTaken says which attribute of a declared user is another user's. It returns err if none is.
func (s *Service) aliasTaken(ctx context.Context, d DeclaredUser, err error) error {
	for _, a := range d.Attributes {
		switch a.Name {
		case "email", "phone_number", "preferred_username":
		default:
			continue
		}
		if _, other, found := s.adminUser(ctx, d.PoolID, a.Value); found == nil {
			return fmt.Errorf("the %s %s belongs to the user %s already, and users of this pool sign in with it; declare another one", a.Name, a.Value, other.Username)
		}
	}
	return err
}

// declaredMark is the name of the setting that says that EnsureUser made the user.
func declaredMark(u *store.User) string { return "userpool/declared user/" + u.PoolID + "/" + u.Sub }

func (s *Service) insertDeclared(ctx context.Context, d DeclaredUser) error {
	p, err := s.o.Pools.Pool(ctx, d.PoolID)
	if err != nil {
		return err
	}
	u, err := s.newUser(ctx, p, nil, userpool.Admin, d.Username, d.Attributes)
	if err != nil {
		return err
	}
	if err := p.CheckPassword(userpool.SignUpPassword, strings.NewReplacer("\n", "\t", "\r", "\t", "\u0085", "\t", "\u2028", "\t", "\u2029", "\t").Replace(d.Password)); err != nil {
		return err
	}
	u.Status = userpool.StatusConfirmed
	p.SetNames(&u)
	if u.Password, err = s.MakePassword(ctx, p, &u, d.Password, false); err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if err := Insert(tx, p, &u); err != nil {
			return err
		}
		if err := tx.Settings.Put(declaredMark(&u), []byte("made")); err != nil {
			return err
		}
		return addToGroups(tx, &u, d.Groups)
	})
	return conflict(err, fault.UsernameExists)
}

func addToGroups(tx store.Tx, u *store.User, groups []string) error {
	for _, g := range groups {
		if err := tx.Groups.Add(u.PoolID, g, u.Sub); errors.Is(err, store.ErrNotFound) {
			return errNoGroup
		} else if err != nil {
			return err
		}
	}
	return nil
}

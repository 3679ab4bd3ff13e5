package profiles

import (
	"context"
	"errors"
	"strings"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// signUp creates the user for an account without one. PreSignUp may link the account to a user; then the sign-in continues as that one.
func (x *visit) signUp(ctx context.Context) (*store.User, error) {
	u, err := x.newUser()
	if err != nil {
		return nil, err
	}
	if _, err := x.o.Triggers.PreSignUp(ctx, x.call(u), triggers.ExternalProvider, map[string]string{}); err != nil {
		return nil, err
	}
	known, err := x.insert(ctx, u)
	if err != nil {
		return nil, err
	}
	if known != nil {
		return x.comeBack(ctx, known)
	}
	x.base.Told(userpool.Event{Kind: userpool.UserSignedUp, PoolID: x.pool.ID, Sub: u.Sub})
	return u, x.o.Triggers.PostConfirmation(ctx, x.call(u), triggers.ConfirmSignUp)
}

// newUser returns the record of a new user.
func (x *visit) newUser() (*store.User, error) {
	u := &store.User{PoolID: x.pool.ID, Username: x.name, Status: userpool.StatusExternal, Enabled: true, Attributes: map[string]string{},
		CreatedAt: x.base.Now()}
	u.ModifiedAt = u.CreatedAt
	if err := x.apply(u.Attributes, x.writes); err != nil {
		return nil, err
	}
	if names := x.missing(u.Attributes, func(string) bool { return true }); len(names) > 0 {
		return nil, x.errMissing(names)
	}
	x.pool.SetNames(u)
	return u, nil
}

// insert writes a new user with the account and the provider's group. If someone has the account by now, as after a link or a sign-in at
// the same time, it returns that user and writes nothing.
func (x *visit) insert(ctx context.Context, u *store.User) (known *found, err error) {
	fresh := *u
	for {
		if u.Sub, err = x.base.UUID(); err != nil {
			return nil, err
		}
		err = x.base.Update(ctx, func(tx store.Tx) error {
			if known, err = x.lookUp(tx); known != nil || err != nil {
				return err
			}
			if err := x.still(tx); err != nil {
				return err
			}
			return x.write(tx, u)
		})
		conflict, ok := errors.AsType[*store.Conflict](err)
		switch {
		case !ok:
			return known, err
		case conflict.Key != "sub":
			return nil, x.explain(ctx)
		}
		*u = fresh
	}
}

func (x *visit) write(tx store.Tx, u *store.User) error {
	if err := x.pool.CheckNames(tx, nil, u); err != nil {
		return err
	}
	delete(u.Attributes, userpool.Identities) // of an earlier try of the transaction
	if err := tx.Users.Insert(*u); err != nil {
		return err
	}
	if err := tx.UserIdentities.Insert(x.identity(u.Sub, true)); err != nil {
		return err
	}
	if err := providers.ShowIdentities(tx, u); err != nil {
		return err
	}
	if err := tx.Users.Update(*u); err != nil {
		return err
	}
	if err := tx.Groups.Add(x.pool.ID, x.provider.Group(), u.Sub); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil // without the group, an administrator has deleted it
}

// explain says why the name of a new user is taken.
func (x *visit) explain(ctx context.Context) error {
	same := false
	err := x.base.View(ctx, func(tx store.Tx) error {
		u, err := x.pool.FindUser(tx, x.name)
		if err != nil {
			return err
		}
		list, err := providers.ReadIdentities(&u)
		for _, i := range list {
			same = same || i.ProviderName == x.provider.Name && strings.EqualFold(i.UserID, x.proof.Subject)
		}
		return err
	})
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case same:
		return x.errSubject()
	}
	return x.errNames()
}

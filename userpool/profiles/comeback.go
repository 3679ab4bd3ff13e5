package profiles

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
)

// comeBack signs a user in who has the account, and writes what the provider says now.
func (x *visit) comeBack(ctx context.Context, known *found) (*store.User, error) {
	x.sub = known.user.Sub
	if err := x.admit(&known.user); err != nil {
		return nil, err
	}
	if err := x.o.Triggers.PreAuthentication(ctx, x.call(&known.user), nil); err != nil {
		return nil, err
	}
	u := &known.user
	if len(x.changes(u.Attributes)) > 0 || x.outdated(&known.identity) {
		changed, err := x.update(ctx, known)
		if err != nil {
			return nil, err
		}
		u = changed
	}
	return u, x.o.Triggers.PostAuthentication(ctx, x.call(u), false)
}

// admit refuses users who may not sign in.
func (x *visit) admit(u *store.User) error {
	switch {
	case !u.Enabled:
		return x.bad(received, "User is disabled.")
	case !signin.MayBeForeign(u):
		return x.bad(received, "User is not confirmed.")
	}
	return nil
}

// outdated reports whether the record of the account changes: it was linked by an attribute, or before the issuer was known.
func (x *visit) outdated(i *store.UserIdentity) bool {
	return i.Attribute != providers.Subject || i.Issuer != x.issuer() || i.Type != string(x.provider.Type)
}

func (x *visit) update(ctx context.Context, known *found) (*store.User, error) {
	u, err := x.o.Users.Change(ctx, x.pool, known.user.Sub, func(tx store.Tx, u *store.User) error {
		if err := x.still(tx); err != nil {
			return err
		}
		now, err := x.lookUp(tx)
		if err != nil {
			return err
		}
		if now == nil || now.user.Sub != u.Sub {
			return x.errSubject() // the account was unlinked meanwhile
		}
		if err := x.admit(u); err != nil {
			return err
		}
		if err := x.refresh(u); err != nil {
			return err
		}
		if !x.outdated(&now.identity) {
			return nil
		}
		next := x.identity(u.Sub, now.identity.Primary)
		next.CreatedAt = now.identity.CreatedAt
		return errors.Join(
			tx.UserIdentities.Delete(x.pool.ID, x.provider.Name, now.identity.Attribute, now.identity.Value),
			tx.UserIdentities.Insert(next), providers.ShowIdentities(tx, u))
	})
	if errors.Is(err, userpool.ErrNoUser) {
		err = x.errSubject()
	}
	return &u, err
}

// refresh writes what changed into a user.
func (x *visit) refresh(u *store.User) error {
	had := map[string]bool{}
	for name, value := range u.Attributes {
		had[name] = value != ""
	}
	if err := x.apply(u.Attributes, x.changes(u.Attributes)); err != nil {
		return err
	}
	if names := x.missing(u.Attributes, func(name string) bool { return had[name] }); len(names) > 0 {
		return x.errMissing(names)
	}
	return nil
}

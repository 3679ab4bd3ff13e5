package profiles

import (
	"context"
	"errors"
	"strings"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
)

// maxSameEmail is how many users with an address are examined. An address of more users links no account.
const maxSameEmail = 10

// linkByEmail links an account without a user to the one user of the pool with the address, if the provider is declared so. Both the
// provider and the pool must have verified the address. It returns nil if it links none.
func (x *visit) linkByEmail(ctx context.Context) (*found, error) {
	address := x.mapped["email"]
	if !x.provider.LinkByEmail || address == "" || !x.verified("email") {
		return nil, nil
	}
	var f *found
	err := x.base.Update(ctx, func(tx store.Tx) error {
		var err error
		if f, err = x.lookUp(tx); f != nil || err != nil {
			return err
		}
		if err := x.still(tx); err != nil {
			return err
		}
		_, err = tx.UserIdentities.Get(x.pool.ID, x.provider.Name, providers.Unlinked, x.proof.Subject)
		if !errors.Is(err, store.ErrNotFound) {
			return err // an administrator took the account off, which its owner cannot undo
		}
		u, err := x.ofEmail(tx, address)
		if u == nil || err != nil {
			return err
		}
		f = &found{identity: x.identity(u.Sub, false)}
		if err := x.attach(tx, x.pool, u, f.identity); err != nil {
			return err
		}
		f.user = *u
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ofEmail returns the one user of the pool itself who has verified the address and is not disabled, or nil.
func (x *visit) ofEmail(tx store.Tx, address string) (*store.User, error) {
	filter := store.Filter{Name: "email", Value: address}
	if x.pool.FoldsCase {
		filter.Value, filter.Folded = strings.ToLower(address), true
	}
	list, err := tx.Users.List(x.pool.ID, &filter, store.Page{Limit: maxSameEmail + 1})
	if err != nil || len(list) > maxSameEmail {
		return nil, err
	}
	var one *store.User
	for i, u := range list {
		switch {
		case !u.Enabled, u.Status == userpool.StatusExternal, u.Status == userpool.StatusUnconfirmed, !userpool.Verified(u.Attributes, "email"):
		case one != nil:
			return nil, nil
		default:
			one = &list[i]
		}
	}
	return one, nil
}

package pull

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
)

// finishBatch is how many users one transaction of Finish changes.
const finishBatch = 200

// ErrNotPulled says that the pool has no record of a pull.
var ErrNotPulled = errors.New("this user pool was not pulled from AWS")

// Finish ends the relay of a pool and forgets how the old pool was asked. Users whose password is still there must reset it. It
// returns how many; after an error, call it again for the rest.
func Finish(ctx context.Context, b *userpool.Base, poolID string) (int, error) {
	r, err := relay.Load(ctx, b, poolID)
	if err != nil {
		return 0, err
	}
	if r == nil {
		return 0, ErrNotPulled
	}
	r.Finished, r.Client, r.Resume = true, nil, ""
	if err := b.Update(ctx, func(tx store.Tx) error { return relay.Save(tx, b, poolID, r) }); err != nil {
		return 0, err
	}
	total := 0
	for {
		n := 0
		err := b.Update(ctx, func(tx store.Tx) error {
			list, err := tx.Users.ListElsewhere(poolID, store.Page{Limit: finishBatch})
			if err != nil {
				return err
			}
			n = len(list)
			for _, u := range list {
				if u.Password = (store.Password{ModifiedAt: b.Now()}); u.Status == userpool.StatusConfirmed || u.Status == userpool.StatusForceChange {
					u.Status = userpool.StatusResetRequired
				}
				if err := tx.Users.Update(u); err != nil {
					return err
				}
			}
			return nil
		})
		total += n
		if err != nil || n < finishBatch {
			return total, err
		}
	}
}

// Left returns how many users of a pool have their password at the old pool, and how many users the pool has.
func Left(ctx context.Context, b *userpool.Base, poolID string) (left, all int, err error) {
	err = b.View(ctx, func(tx store.Tx) (err error) {
		if left, err = tx.Users.CountElsewhere(poolID); err != nil {
			return err
		}
		all, err = tx.Users.Count(poolID)
		return err
	})
	return left, all, err
}

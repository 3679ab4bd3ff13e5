package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
)

// ErrNoKey is returned by Advance and Revoke if there is no such key.
var ErrNoKey = errors.New("keyring: no such key")

// Advance makes the successor of the last key of a use now, whatever the Period: it signs Lead from now. If a successor waits already,
// Advance makes none and returns that one.
func (r *Ring) Advance(ctx context.Context, owner, use string) (next store.SigningKey, made bool, err error) {
	all, line, err := r.read(ctx, owner, use)
	if err != nil {
		return next, false, err
	}
	if len(line) == 0 {
		return next, false, fmt.Errorf("%w: %s has no key for %s", ErrNoKey, owner, use)
	}
	if last := line[len(line)-1]; last.SignsFrom.After(r.o.Now()) {
		return last, false, nil
	}
	if next, err = r.newRecord(owner, use, r.o.Now().Add(r.o.Lead), all); err != nil {
		return next, false, err
	}
	err = r.o.Store.Update(ctx, func(tx store.Tx) error {
		all, err := tx.SigningKeys.List(owner)
		if err != nil {
			return err
		}
		now := lineOf(all, use, r.o.Linger)
		if len(now) == 0 {
			return fmt.Errorf("%w: %s was deleted", ErrNoKey, owner)
		}
		if last := now[len(now)-1]; last.ID != line[len(line)-1].ID {
			made, next = false, last // another process was first
			return nil
		}
		made = true
		return r.succeed(tx, now[len(now)-1], next)
	})
	if err == nil && made {
		r.o.Rotated(next)
	}
	return next, made, err
}

// succeed ends a key where its successor begins, and inserts that.
func (r *Ring) succeed(tx store.Tx, retiring, next store.SigningKey) error {
	retiring.SignsTo, retiring.ExpiresAt = next.SignsFrom, next.SignsFrom.Add(r.o.Linger)
	if err := tx.SigningKeys.Update(retiring); err != nil {
		return err
	}
	return tx.SigningKeys.Insert(next)
}

// Revoke deletes a key whose private half is known to someone: it is published no more, and its tokens do not verify where the owner's
// keys are read again. If it signs, or is the last one, the key after it, or else a new one, signs at once. It returns the record of the
// key that signs for the use then.
func (r *Ring) Revoke(ctx context.Context, owner, id string) (signs store.SigningKey, err error) {
	all, _, err := r.read(ctx, owner, "")
	if err != nil {
		return signs, err
	}
	i := slices.IndexFunc(all, func(k store.SigningKey) bool { return k.ID == id })
	if i < 0 {
		return signs, fmt.Errorf("%w: %s has no key %s", ErrNoKey, owner, id)
	}
	use := all[i].Use
	fresh, err := r.newRecord(owner, use, r.o.Now(), all)
	if err != nil {
		return signs, err
	}
	err = r.o.Store.Update(ctx, func(tx store.Tx) error {
		all, err := tx.SigningKeys.List(owner)
		if err != nil {
			return err
		}
		if err := tx.SigningKeys.Delete(owner, id); err != nil {
			return err
		}
		rest := slices.DeleteFunc(lineOf(all, use, r.o.Linger), func(k store.SigningKey) bool { return k.ID == id })
		now := r.o.Now()
		for i := range rest { // the one that signs on
			if !rest[i].SignsFrom.After(now) && (rest[i].SignsTo.IsZero() || rest[i].SignsTo.After(now)) {
				signs = rest[i]
				if i == len(rest)-1 { // its successor was revoked
					signs.SignsTo, signs.ExpiresAt = time.Time{}, time.Time{}
				}
				return tx.SigningKeys.Update(signs)
			}
		}
		if n := len(rest); n > 0 && rest[n-1].SignsFrom.After(now) {
			signs = rest[n-1]
			signs.SignsFrom = now.Truncate(time.Second)
			return tx.SigningKeys.Update(signs)
		}
		signs = fresh
		return tx.SigningKeys.Insert(fresh)
	})
	if err == nil && signs.ID == fresh.ID {
		r.o.Rotated(fresh)
	}
	return signs, err
}

package relay

import (
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/removals"
)

// clockSkew is how far the clock of the old pool may be ahead.
const clockSkew = time.Hour

// RemoveUser remembers that a user was deleted here, so that no later pull brings the user back. It does nothing for a pool that was not
// pulled, and for a user who is younger than its last pull: such users never came from the old pool, and anyone can make them.
// Call it in the transaction that deletes.
func RemoveUser(tx store.Tx, b *userpool.Base, p *userpool.Pool, u *store.User) error {
	return remove(tx, b, p, removals.User(u.Sub), u.CreatedAt)
}

// Remove is like RemoveUser for a user who was taken out of a group, or, without a user, for a group that was deleted.
func Remove(tx store.Tx, b *userpool.Base, p *userpool.Pool, sub, group string) error {
	return remove(tx, b, p, removals.Member(sub, group), time.Time{})
}

func remove(tx store.Tx, b *userpool.Base, p *userpool.Pool, e removals.Entry, made time.Time) error {
	if p.Pull == nil {
		return nil
	}
	row, err := tx.Pulls.Get(p.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := open(b, &row)
	if err != nil || r.Finished || !r.Ended.IsZero() && made.After(r.Ended.Add(clockSkew)) {
		return err
	}
	return removals.Note(tx, b.Now(), p.ID, e)
}

// Removed tells what was removed from a pool here since it was pulled.
type Removed struct {
	poolID string
	before map[removals.Entry]bool // what earlier releases remembered
}

// LoadRemoved returns what was removed from a pool.
func LoadRemoved(tx store.Tx, b *userpool.Base, poolID string) (*Removed, error) {
	out := &Removed{poolID, map[removals.Entry]bool{}}
	row, err := tx.Pulls.Get(poolID)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := open(b, &row)
	if err != nil {
		return nil, err
	}
	for _, e := range r.Removed {
		out.before[removals.Entry(e)] = true
	}
	return out, nil
}

// Has reports whether something was removed.
func (r *Removed) Has(tx store.Tx, e removals.Entry) (bool, error) {
	if r.before[e] {
		return true, nil
	}
	return removals.Has(tx, r.poolID, e)
}

package relay

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// maxRemoved is how many users, groups and memberships that were ended here a record remembers, the last ones.
const maxRemoved = 1000

// removedEntry names a user, a membership in a group, or with an empty sub a group. Names of groups have no line breaks.
func removedEntry(sub, group string) string { return sub + "\n" + group }

// Remove remembers that a user was deleted here, with a group that the user was taken out of it, or with a group alone that it was deleted,
// so that no later pull brings it back.
// It does nothing for a pool that was not pulled. Call it in the transaction that ends it.
func Remove(tx store.Tx, b *userpool.Base, p *userpool.Pool, sub, group string) error {
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
	if err != nil || r.Finished {
		return err
	}
	entry := removedEntry(sub, group)
	if slices.Contains(r.Removed, entry) {
		return nil
	}
	if r.Removed = append(r.Removed, entry); len(r.Removed) > maxRemoved {
		r.Removed = r.Removed[len(r.Removed)-maxRemoved:]
	}
	return save(tx, b, p.ID, r)
}

// Removed are the users, groups and memberships of a pool that were ended here since it was pulled.
type Removed map[string]bool

// Has reports whether a user was deleted here, with a group whether the user was taken out of it, or with a group alone whether it was
// deleted.
func (r Removed) Has(sub, group string) bool { return r[removedEntry(sub, group)] }

// LoadRemoved returns what Remove has remembered.
func LoadRemoved(ctx context.Context, b *userpool.Base, poolID string) (Removed, error) {
	r, err := Load(ctx, b, poolID)
	if err != nil || r == nil {
		return nil, err
	}
	out := make(Removed, len(r.Removed))
	for _, entry := range r.Removed {
		out[entry] = true
	}
	return out, nil
}

package directory

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

var errHistory = fault.New(fault.PasswordHistory, "Password has previously been used.")

// historySize returns how many of a user's last passwords, the current one included, a new password must differ from.
func historySize(p *userpool.Pool) int { return p.Settings.Policies.PasswordPolicy.PasswordHistorySize }

// CheckHistory refuses a new password that is one of the user's last passwords, as many as PasswordHistorySize says. A
// temporary password does not count. It hashes once for each of them; do not call it in a transaction.
//
// Source: AWS, PasswordPolicyType.
func (s *Service) CheckHistory(ctx context.Context, p *userpool.Pool, u *store.User, password string) error {
	size := historySize(p)
	if size == 0 {
		return nil
	}
	var hashes []string
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		hashes, err = tx.Passwords.Get(u.PoolID, u.Sub)
		return err
	}); err != nil {
		return err
	}
	if h := u.Password.Hash; h != "" && h != store.PasswordElsewhere && !u.Password.Temporary {
		hashes = slices.Insert(hashes, 0, h)
	}
	for _, hash := range hashes[:min(size, len(hashes))] {
		used, err := s.o.Hasher.Verify(ctx, hash, password)
		if err != nil {
			return err
		}
		if used {
			return errHistory
		}
	}
	return nil
}

// keepHistory adds the password that a change of the user replaces to the user's history.
func keepHistory(tx store.Tx, p *userpool.Pool, before, after *store.User) error {
	old := before.Password
	if old.Hash == after.Password.Hash || old.Hash == "" || old.Hash == store.PasswordElsewhere || old.Temporary {
		return nil
	}
	size := historySize(p)
	if size < 2 { // the user's record has the current one
		return tx.Passwords.Put(after.PoolID, after.Sub, nil)
	}
	hashes, err := tx.Passwords.Get(after.PoolID, after.Sub)
	if err != nil {
		return err
	}
	hashes = slices.Insert(hashes, 0, old.Hash)
	return tx.Passwords.Put(after.PoolID, after.Sub, hashes[:min(size-1, len(hashes))])
}

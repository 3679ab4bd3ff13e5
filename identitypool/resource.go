package identitypool

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/store"
)

// PoolTags returns the tags of a pool; nil if there is no such pool. The map must not be changed.
func (s *Service) PoolTags(id string) map[string]string {
	p, err := s.pool(id)
	if err != nil {
		return nil
	}
	return p.Tags
}

// PoolOfIdentity returns the id of an identity's pool; "" if there is no such identity.
func (s *Service) PoolOfIdentity(ctx context.Context, identityID string) (string, error) {
	var i store.Identity
	err := s.view(ctx, func(tx store.Tx) (err error) {
		i, err = tx.Identities.Get(identityID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return i.PoolID, err
}

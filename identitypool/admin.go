package identitypool

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// DescribeIdentity returns an identity. Errors: ResourceNotFound.
func (s *Service) DescribeIdentity(ctx context.Context, id string) (Identity, error) {
	i, _, err := s.identity(ctx, id)
	if err != nil {
		return Identity{}, err
	}
	return shown(i), nil
}

// ListIdentities returns at most limit identities of the pool whose id sorts after the given one, and the id to continue
// after, "" on the last page. Identities that were merged into others are disabled. Errors: ResourceNotFound.
func (s *Service) ListIdentities(ctx context.Context, poolID, after string, limit int, hideDisabled bool) (list []Identity, next string, err error) {
	if _, err := s.pool(poolID); err != nil {
		return nil, "", err
	}
	var records []store.Identity
	err = s.view(ctx, func(tx store.Tx) error {
		records, err = tx.Identities.List(poolID, hideDisabled, store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(records) > limit {
		records = records[:limit]
		next = records[limit-1].ID
	}
	for _, r := range records {
		list = append(list, shown(r))
	}
	return list, next, nil
}

// DeleteIdentities deletes identities. An id without an identity counts as deleted; failed holds the ids that could not be
// deleted.
func (s *Service) DeleteIdentities(ctx context.Context, ids []string) (failed []string) {
	for _, id := range ids {
		if s.FindIdentity(ctx, id) != nil {
			continue
		}
		err := s.update(ctx, func(tx store.Tx) error { return ignoreNotFound(tx.Identities.Delete(id)) })
		s.identities.forget(id)
		if err != nil {
			failed = append(failed, id)
		}
	}
	return failed
}

// Unlink removes logins from an identity. All logins that are sent must belong to it. Errors: ResourceNotFound, NotAuthorized,
// InvalidParameter, ExternalService.
func (s *Service) Unlink(ctx context.Context, id string, logins map[string]string, remove []string) error {
	identity, p, err := s.identity(ctx, id)
	if err != nil {
		return err
	}
	if identity.Disabled || len(logins) == 0 {
		return fault.New(fault.NotAuthorized, "Access to Identity '%s' is forbidden.", id)
	}
	verified, err := s.verifyLogins(ctx, p, logins)
	if err != nil {
		return err
	}
	if !hasAll(&identity, verified) {
		return errNoMatch
	}
	return s.editIdentity(ctx, id, func(i *store.Identity) error {
		for _, key := range remove {
			name := s.canonical(key)
			// AWS: UnlinkIdentity removes only logins for which the caller sends a token.
			if !slices.ContainsFunc(verified, func(l login) bool { return l.Provider == name }) {
				return errNoMatch
			}
			i.Logins = slices.DeleteFunc(i.Logins, func(l store.Login) bool { return l.Provider == name })
		}
		return nil
	})
}

// editIdentity updates an identity in one transaction.
func (s *Service) editIdentity(ctx context.Context, id string, edit func(*store.Identity) error) error {
	err := s.update(ctx, func(tx store.Tx) error {
		i, err := tx.Identities.Get(id)
		if err != nil {
			return err
		}
		if err := edit(&i); err != nil {
			return err
		}
		i.ModifiedAt = s.o.Now()
		return tx.Identities.Update(i)
	})
	s.identities.forget(id)
	if errors.Is(err, store.ErrNotFound) {
		return errNoIdentity(id)
	}
	return err
}

func shown(i store.Identity) Identity {
	return Identity{PoolID: i.PoolID, ID: i.ID, Providers: loginNames(i), CreatedAt: i.CreatedAt, ModifiedAt: i.ModifiedAt}
}

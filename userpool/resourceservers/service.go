package resourceservers

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/removals"
)

// Options are what New needs. All are required.
type Options struct {
	Base  *userpool.Base    // the store and clock of all user pools
	Pools *userpool.Service // finds pools, and forgets one whose scopes change
}

// Service keeps resource servers. Its methods may be called from any goroutine.
type Service struct {
	pools *userpool.Service
	base  *userpool.Base
}

// New returns a Service, or an error that names the required options.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("resourceservers: Options.Base and Options.Pools are required")
	}
	return &Service{pools: o.Pools, base: o.Base}, nil
}

// The most resource servers of a pool and scopes of a resource server.
//
// Source: the quotas of the developer guide, at their highest.
const (
	maxServers = 300
	maxScopes  = 100
)

func noServer(id string) error {
	return fault.New(fault.ResourceNotFound, "Resource server %s does not exist.", id)
}

// Scopes returns the scopes of a pool as tokens carry them.
func (s *Service) Scopes(ctx context.Context, poolID string) ([]string, error) {
	p, err := s.pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	return p.Scopes, nil
}

// CreateResourceServer creates a resource server. The record's times are set.
func (s *Service) CreateResourceServer(ctx context.Context, in store.ResourceServer) (*store.ResourceServer, error) {
	if _, err := s.pools.Pool(ctx, in.PoolID); err != nil {
		return nil, err
	}
	if err := check(in); err != nil {
		return nil, err
	}
	in.CreatedAt = s.base.Now()
	in.ModifiedAt = in.CreatedAt
	err := s.update(ctx, in.PoolID, func(tx store.Tx) error {
		have, err := tx.ResourceServers.List(in.PoolID)
		if err != nil {
			return err
		}
		if len(have) >= maxServers {
			return fault.New(fault.LimitExceeded, "A user pool can have at most %d resource servers.", maxServers)
		}
		return tx.ResourceServers.Insert(in)
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return nil, fault.New(fault.InvalidParameter, "%s already exists in user pool %s.", in.ID, in.PoolID)
	case errors.Is(err, store.ErrNotFound):
		return nil, fault.New(fault.ResourceNotFound, "User pool %s does not exist.", in.PoolID)
	case err != nil:
		return nil, err
	}
	return &in, nil
}

// DescribeResourceServer returns a resource server.
func (s *Service) DescribeResourceServer(ctx context.Context, poolID, id string) (*store.ResourceServer, error) {
	if _, err := s.pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var rec store.ResourceServer
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.ResourceServers.Get(poolID, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, noServer(id)
	}
	return &rec, err
}

// UpdateResourceServer replaces name and scopes. A scope that is left out is deleted: no client gets it any more.
func (s *Service) UpdateResourceServer(ctx context.Context, in store.ResourceServer) (*store.ResourceServer, error) {
	if _, err := s.pools.Pool(ctx, in.PoolID); err != nil {
		return nil, err
	}
	if err := check(in); err != nil {
		return nil, err
	}
	var rec store.ResourceServer
	err := s.update(ctx, in.PoolID, func(tx store.Tx) (err error) {
		if rec, err = tx.ResourceServers.Get(in.PoolID, in.ID); err != nil {
			return err
		}
		rec.Name, rec.Scopes, rec.ModifiedAt = in.Name, in.Scopes, s.base.Now()
		return tx.ResourceServers.Update(rec)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, noServer(in.ID)
	}
	return &rec, err
}

// DeleteResourceServer deletes a resource server. No client gets its scopes any more.
func (s *Service) DeleteResourceServer(ctx context.Context, poolID, id string) error {
	if _, err := s.pools.Pool(ctx, poolID); err != nil {
		return err
	}
	err := s.update(ctx, poolID, func(tx store.Tx) error {
		return cmp.Or(removals.Note(tx, s.base.Now(), poolID, removals.Server(id)), tx.ResourceServers.Delete(poolID, id))
	})
	if errors.Is(err, store.ErrNotFound) {
		return noServer(id)
	}
	return err
}

// ListResourceServers returns at most limit resource servers after the one with the key, the oldest first, and the key to continue
// after.
func (s *Service) ListResourceServers(ctx context.Context, poolID, after string, limit int) ([]store.ResourceServer, string, error) {
	if _, err := s.pools.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	var list []store.ResourceServer
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.ResourceServers.List(poolID)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list = slices.DeleteFunc(list, func(r store.ResourceServer) bool { return key(r) <= after })
	list, next := userpool.CutPage(list, limit, key)
	return list, next, nil
}

// key sorts resource servers by age.
func key(r store.ResourceServer) string {
	return r.CreatedAt.UTC().Format("2006-01-02T15:04:05.000") + " " + r.ID
}

func (s *Service) update(ctx context.Context, poolID string, fn func(store.Tx) error) error {
	err := s.base.Update(ctx, fn)
	s.pools.Forget(poolID)
	return err
}

// check refuses an identifier that could imitate a scope of AWS's own, and a list of scopes that names one twice.
func check(in store.ResourceServer) error {
	if strings.HasPrefix(in.ID, userpool.ReservedScopes) {
		return fault.New(fault.InvalidParameter, "The identifier %s is reserved: identifiers cannot begin with %s.", in.ID, userpool.ReservedScopes)
	}
	if len(in.Scopes) > maxScopes {
		return fault.New(fault.InvalidParameter, "A resource server can have at most %d scopes.", maxScopes)
	}
	seen := map[string]bool{}
	for _, scope := range in.Scopes {
		if seen[scope.Name] {
			return fault.New(fault.InvalidParameter, "The scope %s is given twice.", scope.Name)
		}
		seen[scope.Name] = true
	}
	return nil
}

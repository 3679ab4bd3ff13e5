package userpool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// CreateUserPool creates a pool and its signing keys.
func (s *Service) CreateUserPool(ctx context.Context, name string, settings PoolSettings) (*PoolDescription, error) {
	if err := settings.checkMFA(); err != nil {
		return nil, err
	}
	id, err := s.newPoolID()
	if err != nil {
		return nil, err
	}
	return s.insertPool(ctx, id, name, settings, false)
}

func (s *Service) insertPool(ctx context.Context, id, name string, settings PoolSettings, declared bool) (*PoolDescription, error) {
	settings.setRecovery()
	if err := settings.complete(nil); err != nil {
		return nil, err
	}
	rec, err := s.poolRecord(id, name, settings)
	if err != nil {
		return nil, err
	}
	rec.Declared, rec.CreatedAt = declared, rec.ModifiedAt
	keys, err := s.firstKeys(id)
	if err != nil {
		return nil, err
	}
	s.ring.Readmit(id)
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if err := tx.Pools.Insert(rec); err != nil {
			return err
		}
		for _, k := range keys {
			if err := tx.SigningKeys.Insert(k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.pools.drop(id)
	p, err := s.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	s.logUnmapped(ctx, id, settings.LambdaConfig)
	return &p.PoolDescription, nil
}

func (s *Service) poolRecord(id, name string, settings PoolSettings) (store.Pool, error) {
	data, err := json.Marshal(settings)
	if err != nil {
		return store.Pool{}, fmt.Errorf("userpool: settings of pool %s: %w", id, err)
	}
	return store.Pool{ID: id, Name: name, Settings: data, ModifiedAt: s.base.Now()}, nil
}

// DescribeUserPool returns a pool with the exact number of its users.
func (s *Service) DescribeUserPool(ctx context.Context, id string) (*PoolDescription, error) {
	p, err := s.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	out := p.PoolDescription
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		out.Users, err = tx.Users.Count(id)
		return err
	})
	return &out, err
}

// UpdateUserPool changes the settings. As in AWS, some members that are left out keep their value and the others return to
// their defaults; schema, user name attributes, alias attributes and case sensitivity cannot change. An empty name keeps
// the name. docs/updates.md lists the members.
func (s *Service) UpdateUserPool(ctx context.Context, id, name string, settings PoolSettings) error {
	s.logUnmapped(ctx, id, settings.LambdaConfig)
	return s.changePool(ctx, id, func(rec *store.Pool, old PoolSettings) (PoolSettings, error) {
		if name != "" {
			rec.Name = name
		}
		next := settings
		next.keep(&old)
		if settings.MfaConfiguration != "" {
			if err := next.checkMFA(); err != nil {
				return next, err
			}
		}
		return next, next.complete(&old)
	})
}

// AddCustomAttributes adds attributes to the schema. An attribute cannot be changed or removed later.
func (s *Service) AddCustomAttributes(ctx context.Context, id string, attrs []SchemaAttribute) error {
	return s.changePool(ctx, id, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		for _, a := range attrs {
			if standardNames[a.Name] {
				return settings, fault.New(fault.InvalidParameter, "custom:%s: Existing attribute already has name %s.", a.Name, a.Name)
			}
			var err error
			if settings.Schema, err = addCustom(slices.Clip(settings.Schema), a); err != nil {
				return settings, err
			}
		}
		return settings, nil
	})
}

// TagPool adds tags.
func (s *Service) TagPool(ctx context.Context, id string, tags map[string]string) error {
	return s.changePool(ctx, id, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		if settings.UserPoolTags == nil {
			settings.UserPoolTags = map[string]string{}
		}
		maps.Copy(settings.UserPoolTags, tags)
		return settings, settings.validate()
	})
}

// UntagPool removes tags by key. A key that the pool does not have is not an error.
func (s *Service) UntagPool(ctx context.Context, id string, keys []string) error {
	return s.changePool(ctx, id, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		for _, k := range keys {
			delete(settings.UserPoolTags, k)
		}
		return settings, nil
	})
}

// changePool reads the settings, lets change validate and replace them, and writes them, in one transaction.
func (s *Service) changePool(ctx context.Context, id string, change func(*store.Pool, PoolSettings) (PoolSettings, error)) error {
	err := s.base.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Pools.Get(id)
		if errors.Is(err, store.ErrNotFound) {
			return noPool(id)
		}
		if err != nil {
			return err
		}
		var old PoolSettings
		if err := json.Unmarshal(rec.Settings, &old); err != nil {
			return fmt.Errorf("userpool: settings of pool %s: %w", id, err)
		}
		was := rec
		settings, err := change(&rec, old)
		if err == nil {
			err = settings.checkDomains(tx, id)
		}
		if err != nil {
			return err
		}
		next, err := s.poolRecord(id, rec.Name, settings)
		if err != nil {
			return err
		}
		if rec.Name == was.Name && rec.Declared == was.Declared && bytes.Equal(rec.Settings, next.Settings) {
			return nil // a reload with the same declaration is not a change
		}
		rec.Settings, rec.ModifiedAt = next.Settings, next.ModifiedAt
		return tx.Pools.Update(rec)
	})
	s.pools.drop(id)
	return err
}

// ListUserPools returns at most limit pools after the id, and the id to continue after, "" if there are no more.
func (s *Service) ListUserPools(ctx context.Context, after string, limit int) ([]PoolDescription, string, error) {
	var recs []store.Pool
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.Pools.List(store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := CutPage(recs, limit, func(p store.Pool) string { return p.ID })
	list := make([]PoolDescription, 0, len(recs))
	for _, rec := range recs {
		p := PoolDescription{ID: rec.ID, ARN: s.poolARN(rec.ID), Name: rec.Name, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt}
		if err := json.Unmarshal(rec.Settings, &p.Settings); err != nil {
			return nil, "", fmt.Errorf("userpool: settings of pool %s: %w", rec.ID, err)
		}
		list = append(list, p)
	}
	return list, next, nil
}

// DeleteUserPool deletes a pool and everything that belongs to it. Tokens of its users fail at once, because no verifier
// has the pool's keys any more. It deletes the users in batches, so that other writes need not wait for long, and runs to
// its end even if ctx is canceled. If it fails, the users that are left stay until the call is repeated.
func (s *Service) DeleteUserPool(ctx context.Context, id string) error {
	ctx = context.WithoutCancel(ctx)
	if err := s.emptyPool(ctx, id); err != nil {
		return err
	}
	err := s.base.Update(ctx, func(tx store.Tx) error {
		if err := deletable(tx, id); err != nil {
			return err
		}
		return tx.Pools.Delete(id)
	})
	if err == nil {
		s.forgetKeys(id)
		s.clients.clear()
	}
	s.pools.drop(id)
	return err
}

// emptyPool deletes the refresh tokens and users of a pool that may be deleted.
func (s *Service) emptyPool(ctx context.Context, id string) error {
	var clients []store.Client
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		clients, err = tx.Clients.List(id, store.Page{})
		return err
	}); err != nil {
		return err
	}
	guarded := func(remove func(tx store.Tx, most int) (int, error)) error {
		return s.inBatches(ctx, func(tx store.Tx, most int) (int, error) {
			if err := deletable(tx, id); err != nil {
				return 0, err
			}
			return remove(tx, most)
		})
	}
	for _, c := range clients {
		if err := guarded(func(tx store.Tx, most int) (int, error) { return tx.RefreshTokens.DeleteOfClient(c.ID, most) }); err != nil {
			return err
		}
	}
	return guarded(func(tx store.Tx, most int) (int, error) { return tx.Users.DeleteSome(id, most) })
}

// deletable returns why a pool cannot be deleted, or nil.
func deletable(tx store.Tx, id string) error {
	rec, err := tx.Pools.Get(id)
	if errors.Is(err, store.ErrNotFound) {
		return noPool(id)
	}
	if err != nil {
		return err
	}
	var settings PoolSettings
	if err := json.Unmarshal(rec.Settings, &settings); err != nil {
		return fmt.Errorf("userpool: settings of pool %s: %w", id, err)
	}
	domains, err := tx.Domains.OfPool(id)
	if err != nil {
		return err
	}
	if len(domains) > 0 {
		return fault.New(fault.InvalidParameter, "User pool cannot be deleted. It has a domain configured that should be deleted first.")
	}
	if settings.DeletionProtection == "ACTIVE" {
		return fault.New(fault.InvalidParameter, "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
	}
	return nil
}

// inBatches calls remove, which deletes at most a number of records and returns how many, in transactions of its own until
// none is left.
func (s *Service) inBatches(ctx context.Context, remove func(tx store.Tx, most int) (int, error)) error {
	const batch = 200
	for {
		var n int
		err := s.base.Update(ctx, func(tx store.Tx) (err error) {
			n, err = remove(tx, batch)
			return err
		})
		if err != nil || n < batch {
			return err
		}
	}
}

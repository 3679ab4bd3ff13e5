package userpool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// CreateUserPool creates a pool and its signing keys.
func (s *Service) CreateUserPool(ctx context.Context, name string, settings PoolSettings) (*PoolDescription, error) {
	if err := settings.CheckMFA(); err != nil {
		return nil, err
	}
	id, err := s.newPoolID(ctx)
	if err != nil {
		return nil, err
	}
	return s.InsertPool(ctx, id, name, settings, false)
}

func (s *Service) InsertPool(ctx context.Context, id, name string, settings PoolSettings, declared bool) (*PoolDescription, error) {
	settings.SetRecovery()
	if err := settings.Complete(nil); err != nil {
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

// DescribeUserPool returns a pool with the number of its users, and whether it has identity providers. Of many users the number is up to a minute
// old, of very many it may be an estimate.
func (s *Service) DescribeUserPool(ctx context.Context, id string) (*PoolDescription, error) {
	p, err := s.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	out := p.PoolDescription
	if r, err := s.ReplicaAt(ctx, id); err == nil && r != nil {
		out.ARN, out.Settings.UserPoolTags = s.ARN(r.Region, id), r.Tags
	}
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		if out.Users, err = s.count(tx, id); err != nil {
			return err
		}
		list, err := tx.IdentityProviders.List(id)
		out.Federated = len(list) > 0
		return err
	})
	return &out, err
}

// manyUsers is how many users a pool has that are counted once a minute only: counting takes as long as they are many.
const manyUsers = 10_000

// count returns the number of users of a pool; see store.CountExact. That of many users may be a minute old.
func (s *Service) count(tx store.Tx, poolID string) (int, error) {
	now := s.base.Now()
	if n, ok := s.counts.Get(poolID, now); ok {
		return n, nil
	}
	n, err := tx.Users.Count(poolID)
	if err == nil && n > manyUsers {
		_, _ = s.counts.Put(poolID, n, now.Add(time.Minute), now)
	}
	return n, err
}

// UpdateUserPool changes the settings. As in AWS, some members that are left out keep their value and the others return to
// their defaults; schema, user name attributes, alias attributes and case sensitivity cannot change. An empty name keeps
// the name. docs/updates.md lists the members.
func (s *Service) UpdateUserPool(ctx context.Context, id, name string, settings PoolSettings) error {
	s.logUnmapped(ctx, id, settings.LambdaConfig)
	return s.changePool(ctx, id, NotImporting, func(rec *store.Pool, old PoolSettings) (PoolSettings, error) {
		if name != "" {
			rec.Name = name
		}
		next := settings
		next.keep(&old)
		if settings.MfaConfiguration != "" {
			if err := next.CheckMFA(); err != nil {
				return next, err
			}
		}
		return next, next.Complete(&old)
	})
}

// AddCustomAttributes adds attributes to the schema. An attribute cannot be changed or removed later.
func (s *Service) AddCustomAttributes(ctx context.Context, id string, attrs []SchemaAttribute) error {
	return s.changePool(ctx, id, NotImporting, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		for _, a := range attrs {
			if standardNames[a.Name] {
				return settings, fault.New(fault.InvalidParameter, "custom:%s: Existing attribute already has name %s.", a.Name, a.Name)
			}
			var err error
			if settings.Schema, err = AddCustom(slices.Clip(settings.Schema), a); err != nil {
				return settings, err
			}
		}
		return settings, nil
	})
}

// TagPool adds tags.
func (s *Service) TagPool(ctx context.Context, id string, tags map[string]string) error {
	return s.ChangePool(ctx, id, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		if settings.UserPoolTags == nil {
			settings.UserPoolTags = map[string]string{}
		}
		maps.Copy(settings.UserPoolTags, tags)
		return settings, settings.validate()
	})
}

// UntagPool removes tags by key. A key that the pool does not have is not an error.
func (s *Service) UntagPool(ctx context.Context, id string, keys []string) error {
	return s.ChangePool(ctx, id, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		for _, k := range keys {
			delete(settings.UserPoolTags, k)
		}
		return settings, nil
	})
}

// ChangePool reads the settings, lets change validate and replace them, and writes them, in one transaction.
func (s *Service) ChangePool(ctx context.Context, id string, change func(*store.Pool, PoolSettings) (PoolSettings, error)) error {
	return s.changePool(ctx, id, func(store.Tx, string) error { return nil }, change)
}

// changePool is ChangePool for a pool of which may, in the same transaction, returns nil.
func (s *Service) changePool(ctx context.Context, id string, may func(store.Tx, string) error, change func(*store.Pool, PoolSettings) (PoolSettings, error)) error {
	err := s.base.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Pools.Get(id)
		if errors.Is(err, store.ErrNotFound) {
			return noPool(id)
		}
		if err == nil {
			err = may(tx, id)
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

// NotImporting returns fault.UserImportInProgress while a job imports users into the pool. One job runs at a time.
func NotImporting(tx store.Tx, id string) error {
	list, err := tx.ImportJobs.Due(0)
	if err == nil && slices.ContainsFunc(list, func(j store.ImportJob) bool { return j.PoolID == id }) {
		err = fault.New(fault.UserImportInProgress, "A user import job is in progress for the user pool %s.", id)
	}
	return err
}

// ListUserPools returns at most limit pools after the id, and the id to continue after, "" if there are no more. Of several
// regions, it lists the pools of the call's.
func (s *Service) ListUserPools(ctx context.Context, after string, limit int) ([]PoolDescription, string, error) {
	prefix := ""
	if s.o.Regions.Several() { // the ids of a region follow one another
		prefix = s.o.Regions.Called(ctx) + "_"
		after = max(after, prefix)
	}
	var recs []store.Pool
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.Pools.List(store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs = slices.DeleteFunc(recs, func(p store.Pool) bool { return !strings.HasPrefix(p.ID, prefix) })
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
	return NotImporting(tx, id)
}

// inBatches calls remove, which deletes at most a number of records and returns how many, in separate transactions until
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

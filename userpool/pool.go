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

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Pool is a user pool as it is shown.
type Pool struct {
	ID         string
	ARN        string
	Name       string
	Settings   PoolSettings
	CreatedAt  time.Time
	ModifiedAt time.Time
	Users      int // filled by DescribeUserPool only
}

// pool is a pool made ready for use. It is shared: nobody writes to it.
type pool struct {
	Pool
	issuer   string
	schema   map[string]*SchemaAttribute
	folded   bool // names compare without regard to case
	srp      bool // passwords get SRP verifiers
	keys     *keyring.Keys
	verifier *token.Verifier
}

// shortName is the part of the id after "_", which SRP hashes.
func (p *pool) shortName() string { return p.ID[strings.IndexByte(p.ID, '_')+1:] }

// key is what a user name is compared by.
func (p *pool) key(name string) string {
	if p.folded {
		return strings.ToLower(name)
	}
	return name
}

func noPool(id string) error {
	return fault.New(fault.ResourceNotFound, "User pool %s does not exist.", id)
}

// pool returns the pool from the cache or the store, with its keys.
func (s *Service) pool(ctx context.Context, id string) (*pool, error) {
	return s.pools.get(id, func() (*pool, error) {
		var rec store.Pool
		var keys []store.SigningKey
		var srp bool
		err := s.view(ctx, func(tx store.Tx) (err error) {
			if rec, err = tx.Pools.Get(id); err != nil {
				return err
			}
			if keys, err = tx.SigningKeys.List(id); err != nil {
				return err
			}
			srp, err = wantsSRP(tx, id)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil, noPool(id)
		}
		if err != nil {
			return nil, err
		}
		return s.compile(rec, keys, srp)
	})
}

// wantsSRP says whether passwords of the pool get SRP verifiers: when a client allows SRP, and as long as there is no
// client, since the first one will by default.
func wantsSRP(tx store.Tx, poolID string) (bool, error) {
	list, err := tx.Clients.List(poolID, store.Page{})
	if err != nil {
		return false, err
	}
	for _, rec := range list {
		c, err := compileClient(rec)
		if err != nil {
			return false, err
		}
		if c.allowed["ALLOW_USER_SRP_AUTH"] || c.allowed["ALLOW_USER_AUTH"] {
			return true, nil
		}
	}
	return len(list) == 0, nil
}

func (s *Service) compile(rec store.Pool, keys []store.SigningKey, srp bool) (*pool, error) {
	p := &pool{
		Pool:   Pool{ID: rec.ID, ARN: s.poolARN(rec.ID), Name: rec.Name, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt},
		issuer: s.o.IssuerFor(rec.ID), srp: srp,
	}
	if err := json.Unmarshal(rec.Settings, &p.Settings); err != nil {
		return nil, fmt.Errorf("userpool: settings of pool %s: %w", rec.ID, err)
	}
	p.schema = make(map[string]*SchemaAttribute, len(p.Settings.Schema))
	for i := range p.Settings.Schema {
		p.schema[p.Settings.Schema[i].Name] = &p.Settings.Schema[i]
	}
	// AWS: CaseSensitive is true when the block is absent.
	p.folded = p.Settings.UsernameConfiguration != nil && !p.Settings.UsernameConfiguration.CaseSensitive
	var err error
	if p.keys, err = s.ring.Open(keys); err != nil {
		return nil, err
	}
	if p.verifier, err = s.newVerifier(p); err != nil {
		return nil, err
	}
	return p, nil
}

// CreateUserPool makes a pool with its signing keys.
func (s *Service) CreateUserPool(ctx context.Context, name string, settings PoolSettings) (*Pool, error) {
	id, err := s.newPoolID()
	if err != nil {
		return nil, err
	}
	return s.insertPool(ctx, id, name, settings, false)
}

func (s *Service) insertPool(ctx context.Context, id, name string, settings PoolSettings, declared bool) (*Pool, error) {
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
	err = s.update(ctx, func(tx store.Tx) error {
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
	p, err := s.pool(ctx, id)
	if err != nil {
		return nil, err
	}
	return &p.Pool, nil
}

func (s *Service) poolRecord(id, name string, settings PoolSettings) (store.Pool, error) {
	data, err := json.Marshal(settings)
	if err != nil {
		return store.Pool{}, fmt.Errorf("userpool: settings of pool %s: %w", id, err)
	}
	return store.Pool{ID: id, Name: name, Settings: data, ModifiedAt: s.o.Now()}, nil
}

// DescribeUserPool returns a pool with the exact number of its users.
func (s *Service) DescribeUserPool(ctx context.Context, id string) (*Pool, error) {
	p, err := s.pool(ctx, id)
	if err != nil {
		return nil, err
	}
	out := p.Pool
	err = s.view(ctx, func(tx store.Tx) (err error) {
		out.Users, err = tx.Users.Count(id)
		return err
	})
	return &out, err
}

// UpdateUserPool replaces the settings. As in AWS, a member that is left out goes back to its default; schema, user name
// and alias attributes and case sensitivity stay as they were made. An empty name keeps the name.
func (s *Service) UpdateUserPool(ctx context.Context, id, name string, settings PoolSettings) error {
	return s.changePool(ctx, id, func(rec *store.Pool, old PoolSettings) (PoolSettings, error) {
		if name != "" {
			rec.Name = name
		}
		return settings, settings.complete(&old)
	})
}

// AddCustomAttributes adds to the schema; an attribute can never be changed or removed.
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

// TagPool adds tags, and UntagPool removes them.
func (s *Service) TagPool(ctx context.Context, id string, tags map[string]string) error {
	return s.changePool(ctx, id, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		if settings.UserPoolTags == nil {
			settings.UserPoolTags = map[string]string{}
		}
		maps.Copy(settings.UserPoolTags, tags)
		return settings, settings.judge()
	})
}

// UntagPool removes tags by key; one that is not there is a no-op.
func (s *Service) UntagPool(ctx context.Context, id string, keys []string) error {
	return s.changePool(ctx, id, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		for _, k := range keys {
			delete(settings.UserPoolTags, k)
		}
		return settings, nil
	})
}

// changePool reads the settings, lets change judge and replace them, and writes them, in one transaction.
func (s *Service) changePool(ctx context.Context, id string, change func(*store.Pool, PoolSettings) (PoolSettings, error)) error {
	err := s.update(ctx, func(tx store.Tx) error {
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
		if err != nil {
			return err
		}
		next, err := s.poolRecord(id, rec.Name, settings)
		if err != nil {
			return err
		}
		if rec.Name == was.Name && rec.Declared == was.Declared && bytes.Equal(rec.Settings, next.Settings) {
			return nil // a reload with the same declaration must not look like a change
		}
		rec.Settings, rec.ModifiedAt = next.Settings, next.ModifiedAt
		return tx.Pools.Update(rec)
	})
	s.pools.drop(id)
	return err
}

// ListUserPools returns at most limit pools after the id, and the id to go on from, "" when there are no more.
func (s *Service) ListUserPools(ctx context.Context, after string, limit int) ([]Pool, string, error) {
	var recs []store.Pool
	err := s.view(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.Pools.List(store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := page(recs, limit, func(p store.Pool) string { return p.ID })
	list := make([]Pool, 0, len(recs))
	for _, rec := range recs {
		p := Pool{ID: rec.ID, ARN: s.poolARN(rec.ID), Name: rec.Name, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt}
		if err := json.Unmarshal(rec.Settings, &p.Settings); err != nil {
			return nil, "", fmt.Errorf("userpool: settings of pool %s: %w", rec.ID, err)
		}
		list = append(list, p)
	}
	return list, next, nil
}

// page cuts a list that was read with one record more than the limit, and returns the key to go on after.
func page[T any](list []T, limit int, key func(T) string) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	return list[:limit], key(list[limit-1])
}

// DeleteUserPool removes a pool and all that belongs to it. Tokens of its users fail at once: nothing verifies them
// without the pool's keys.
func (s *Service) DeleteUserPool(ctx context.Context, id string) error {
	err := s.update(ctx, func(tx store.Tx) error {
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
		if settings.DeletionProtection == "ACTIVE" {
			return fault.New(fault.InvalidParameter, "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
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

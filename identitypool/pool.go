package identitypool

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/store"
)

// maxPools is the quota of identity pools in an account.
const maxPools = 1000

// pool is a pool with indexes. It never changes after it is published.
type pool struct {
	Pool
	roles Roles
	tags  map[string]TagMap

	userPools map[string][]UserPool  // by canonical provider
	mappings  map[string]RoleMapping // by canonical name
	tagMaps   map[string]TagMap      // by canonical provider
}

// Create creates a pool with the given name. Errors: InvalidParameter, LimitExceeded.
func (s *Service) Create(ctx context.Context, name string, settings Settings) (Pool, error) {
	if err := cmp.Or(settings.check(), s.checkUserPools(settings.UserPools, nil)); err != nil {
		return Pool{}, err
	}
	if len(*s.pools.Load()) >= maxPools {
		return Pool{}, fault.New(fault.LimitExceeded, "The account has its maximum of %d identity pools.", maxPools)
	}
	id, err := s.newID(s.o.Regions.Called(ctx))
	if err != nil {
		return Pool{}, err
	}
	now := s.o.Now()
	p := Pool{ID: id, Name: name, Settings: settings, CreatedAt: now, ModifiedAt: now}
	record, err := s.record(&p)
	if err != nil {
		return Pool{}, err
	}
	return p, s.change(ctx, id, func(tx store.Tx) error { return tx.IdentityPools.Insert(record) })
}

// Describe returns the pool. Errors: ResourceNotFound.
func (s *Service) Describe(id string) (Pool, error) {
	p, err := s.pool(id)
	if err != nil {
		return Pool{}, err
	}
	return p.Pool, nil
}

// Update replaces name and settings. The developer provider name and nil tags stay: Terraform leaves both out of every update.
// Errors: ResourceNotFound, InvalidParameter.
func (s *Service) Update(ctx context.Context, id, name string, settings Settings) (Pool, error) {
	var updated Pool
	err := s.editPool(ctx, id, func(r *store.IdentityPool) error {
		var before Settings
		if err := json.Unmarshal(r.Settings, &before); err != nil {
			return fmt.Errorf("identitypool: settings of %s: %w", id, err)
		}
		merged := settings
		if merged.Tags == nil {
			merged.Tags = before.Tags
		}
		merged.DeveloperName = cmp.Or(merged.DeveloperName, before.DeveloperName)
		if err := cmp.Or(merged.check(), s.checkUserPools(merged.UserPools, before.UserPools)); err != nil {
			return err
		}
		if before.DeveloperName != "" && merged.DeveloperName != before.DeveloperName {
			// AWS: UpdateIdentityPool, DeveloperProviderName, "Once you have set a developer provider name, you cannot change it".
			return fault.New(fault.InvalidParameter, "DeveloperProviderName cannot be changed once it has been set.")
		}
		updated = Pool{ID: id, Name: name, Settings: merged, Declared: r.Declared, CreatedAt: r.CreatedAt}
		next, err := s.record(&updated)
		r.Name, r.Settings = next.Name, next.Settings
		return err
	})
	return updated, err
}

// Delete removes the pool with its identities. Errors: ResourceNotFound.
func (s *Service) Delete(ctx context.Context, id string) error {
	err := s.change(ctx, id, func(tx store.Tx) error { return tx.IdentityPools.Delete(id) })
	s.identities.forgetAll()
	return orPoolNotFound(err, id)
}

// List returns at most limit pools whose id sorts after the given one, and the id to continue after, "" on the last page. Of
// several regions, it lists the pools of the call's.
func (s *Service) List(ctx context.Context, after string, limit int) (pools []Pool, next string) {
	all := *s.pools.Load()
	ctx = region.With(ctx, s.o.Regions.Called(ctx))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if id <= after || !s.o.Regions.Finds(ctx, id) {
			continue
		}
		if len(pools) == limit {
			return pools, pools[limit-1].ID
		}
		pools = append(pools, all[id].Pool)
	}
	return pools, ""
}

// Tag adds or replaces tags. Errors: ResourceNotFound, InvalidParameter.
func (s *Service) Tag(ctx context.Context, id string, tags map[string]string) error {
	return s.editSettings(ctx, id, func(settings *Settings) error {
		merged := maps.Clone(settings.Tags)
		if merged == nil {
			merged = map[string]string{}
		}
		maps.Copy(merged, tags)
		if len(merged) > 50 {
			return fault.New(fault.InvalidParameter, "A resource has at most 50 tags.")
		}
		settings.Tags = merged
		return nil
	})
}

// Untag removes tags. A missing key is not an error. Errors: ResourceNotFound.
func (s *Service) Untag(ctx context.Context, id string, keys []string) error {
	return s.editSettings(ctx, id, func(settings *Settings) error {
		for _, key := range keys {
			delete(settings.Tags, key)
		}
		return nil
	})
}

// ARN returns a pool's ARN.
func (s *Service) ARN(id string) string {
	return "arn:aws:cognito-identity:" + s.o.Regions.Of(id) + ":" + s.o.Account + ":identitypool/" + id
}

// PoolOf returns the id in the ARN of a pool. Errors: InvalidParameter, ResourceNotFound.
func (s *Service) PoolOf(ctx context.Context, arn string) (string, error) {
	_, id, _ := strings.Cut(arn, ":identitypool/")
	if s.ARN(id) != arn {
		return "", fault.New(fault.InvalidParameter, "Invalid resource ARN: %s", arn)
	}
	if err := s.Find(ctx, id); err != nil {
		return "", err
	}
	_, err := s.pool(id)
	return id, err
}

// Reload reads all pools from the store. Call it when another process has written.
func (s *Service) Reload(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var records []store.IdentityPool
	err := s.view(ctx, func(tx store.Tx) (err error) {
		records, err = tx.IdentityPools.List(store.Page{})
		return err
	})
	if err != nil {
		return err
	}
	all := make(map[string]*pool, len(records))
	for _, r := range records {
		if all[r.ID], err = s.ready(r); err != nil {
			return err
		}
	}
	s.pools.Store(&all)
	return nil
}

// pool returns a pool. It takes no lock.
func (s *Service) pool(id string) (*pool, error) {
	if p := (*s.pools.Load())[id]; p != nil && s.o.Regions.Serves(id) {
		return p, nil
	}
	return nil, noPool(id)
}

// Find returns ResourceNotFound for a pool that does not belong to the region of the call, or to a region of the process. It does
// not find out whether the pool exists.
func (s *Service) Find(ctx context.Context, id string) error {
	if !s.o.Regions.Finds(ctx, id) {
		return noPool(id)
	}
	return nil
}

// FindIdentity is Find for an identity.
func (s *Service) FindIdentity(ctx context.Context, id string) error {
	if !s.o.Regions.Finds(ctx, id) {
		return errNoIdentity(id)
	}
	return nil
}

func noPool(id string) error {
	return fault.New(fault.ResourceNotFound, "IdentityPool '%s' not found.", id)
}

// change runs write and then publishes the pool as it is in the store.
func (s *Service) change(ctx context.Context, id string, write func(tx store.Tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var record *store.IdentityPool
	err := s.update(ctx, func(tx store.Tx) error {
		record = nil
		if err := write(tx); err != nil {
			return err
		}
		r, err := tx.IdentityPools.Get(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		record = &r
		return err
	})
	if err != nil {
		return err
	}
	all := maps.Clone(*s.pools.Load())
	delete(all, id)
	if record != nil {
		if all[id], err = s.ready(*record); err != nil {
			return err
		}
	}
	s.pools.Store(&all)
	return nil
}

// editPool updates a pool's record in one transaction.
func (s *Service) editPool(ctx context.Context, id string, edit func(*store.IdentityPool) error) error {
	err := s.change(ctx, id, func(tx store.Tx) error {
		r, err := tx.IdentityPools.Get(id)
		if err != nil {
			return err
		}
		if err := edit(&r); err != nil {
			return err
		}
		r.ModifiedAt = s.o.Now()
		return tx.IdentityPools.Update(r)
	})
	return orPoolNotFound(err, id)
}

// editSettings updates a pool's settings in one transaction.
func (s *Service) editSettings(ctx context.Context, id string, edit func(*Settings) error) error {
	return s.editPool(ctx, id, func(r *store.IdentityPool) error {
		var settings Settings
		if err := json.Unmarshal(r.Settings, &settings); err != nil {
			return fmt.Errorf("identitypool: settings of %s: %w", id, err)
		}
		if err := edit(&settings); err != nil {
			return err
		}
		var err error
		r.Settings, err = json.Marshal(settings)
		return err
	})
}

// ready parses a record and indexes it by canonical names.
func (s *Service) ready(r store.IdentityPool) (*pool, error) {
	p := &pool{Pool: Pool{ID: r.ID, Name: r.Name, Declared: r.Declared, CreatedAt: r.CreatedAt, ModifiedAt: r.ModifiedAt}}
	for _, part := range []struct {
		text json.RawMessage
		into any
	}{{r.Settings, &p.Settings}, {r.Roles, &p.roles}, {r.TagMaps, &p.tags}} {
		if len(part.text) == 0 {
			continue
		}
		if err := json.Unmarshal(part.text, part.into); err != nil {
			return nil, fmt.Errorf("identitypool: pool %s in the store: %w", r.ID, err)
		}
	}
	if err := s.openSecrets(r.ID, &p.Settings); err != nil {
		return nil, fmt.Errorf("identitypool: pool %s in the store: %w", r.ID, err)
	}
	p.userPools = make(map[string][]UserPool, len(p.UserPools))
	for _, u := range p.UserPools {
		name := s.canonical(u.Provider)
		p.userPools[name] = append(p.userPools[name], u)
	}
	p.mappings = byName(p.roles.Mappings, s.canonicalMapping)
	p.tagMaps = byName(p.tags, s.canonicalTags)
	return p, nil
}

// record returns the pool as the store has it.
func (s *Service) record(p *Pool) (store.IdentityPool, error) {
	sealed, err := s.sealSecrets(p.ID, p.Settings)
	if err != nil {
		return store.IdentityPool{}, err
	}
	settings, err := json.Marshal(sealed)
	return store.IdentityPool{ID: p.ID, Name: p.Name, Settings: settings, Declared: p.Declared, CreatedAt: p.CreatedAt, ModifiedAt: p.ModifiedAt}, err
}

// check applies the rules that are not in the model's constraints.
func (x *Settings) check() error {
	seen := make(map[UserPool]bool, len(x.UserPools))
	for _, u := range x.UserPools {
		if u.Provider == "" || u.ClientID == "" {
			return errInvalidUserPool
		}
		key := UserPool{Provider: u.Provider, ClientID: u.ClientID}
		if seen[key] {
			return fault.New(fault.InvalidParameter, "Duplicate Cognito identity provider %s:%s.", u.Provider, u.ClientID)
		}
		seen[key] = true
	}
	if len(x.UserPools) > 50 {
		return fault.New(fault.LimitExceeded, "An identity pool has at most 50 Cognito identity providers.")
	}
	// A developer user must not be mistaken for the user of another provider.
	if _, public := x.PublicLogins[x.DeveloperName]; public || x.DeveloperName == ownProvider ||
		slices.ContainsFunc(x.OIDC, func(arn string) bool { return x.DeveloperName != "" && oidcIssuer(arn) == x.DeveloperName }) {
		return fault.New(fault.InvalidParameter, "DeveloperProviderName %s is the name of another provider.", x.DeveloperName)
	}
	for _, arn := range x.OIDC {
		if oidcIssuer(arn) == "" {
			return fault.New(fault.InvalidParameter, "Invalid OpenIdConnectProviderARN: %s", arn)
		}
	}
	for _, arn := range x.SAML {
		if !isSAML(arn) {
			return fault.New(fault.InvalidParameter, "Invalid SamlProviderARN: %s", arn)
		}
	}
	return nil
}

// newID returns a new id of a pool or an identity: "<region>:<random UUID>".
func (s *Service) newID(region string) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.o.Rand, b[:]); err != nil {
		return "", fmt.Errorf("identitypool: reading random bytes for an id: %w", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	x := hex.EncodeToString(b[:])
	return region + ":" + x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], nil
}

func orPoolNotFound(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return noPool(id)
	}
	return err
}

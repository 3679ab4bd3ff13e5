package identitypool

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/sluicegate/sluice/store"
)

// Ensure makes the pool match the configuration: it creates the pool, or updates its name, settings and roles. It does not
// change identities, the pool's tags or principal tag maps, and writes nothing if nothing differs.
func (s *Service) Ensure(ctx context.Context, d DeclaredPool) error {
	if err := s.ensure(ctx, d); err != nil {
		return fmt.Errorf("identity pool %s: %w", d.ID, err)
	}
	return nil
}

func (s *Service) ensure(ctx context.Context, d DeclaredPool) error {
	if err := d.Settings.check(); err != nil {
		return err
	}
	now := s.o.Now()
	if (*s.pools.Load())[d.ID] == nil {
		p := Pool{ID: d.ID, Name: d.Name, Settings: d.Settings, Declared: true, CreatedAt: now, ModifiedAt: now}
		record, err := s.record(&p)
		if err != nil {
			return err
		}
		err = s.change(ctx, d.ID, func(tx store.Tx) error {
			// Another process on the same store may have created it since the read.
			if _, err := tx.IdentityPools.Get(d.ID); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return tx.IdentityPools.Insert(record)
		})
		if err != nil {
			return err
		}
	}
	have, err := s.pool(d.ID)
	if err != nil {
		return err
	}
	if want := d.Settings; have.Name != d.Name || !have.Declared || !sameSettings(have.Settings, want) {
		want.Tags = have.Tags
		err := s.editPool(ctx, d.ID, func(r *store.IdentityPool) error {
			next, err := s.record(&Pool{ID: d.ID, Name: d.Name, Settings: want})
			r.Name, r.Settings, r.Declared = next.Name, next.Settings, true
			return err
		})
		if err != nil {
			return err
		}
	}
	if p := (*s.pools.Load())[d.ID]; p != nil && sameRoles(p.roles, d.Roles) {
		return nil
	}
	if err := s.setRoles(ctx, d.ID, d.Roles); err != nil {
		return err
	}
	s.ensured.Store(d.ID, true)
	return nil
}

// sameSettings compares everything except tags, which the configuration does not contain.
func sameSettings(have, want Settings) bool {
	return same(have.PublicLogins, want.PublicLogins) && same(have.OIDC, want.OIDC) && same(have.UserPools, want.UserPools) &&
		same(have.SAML, want.SAML) && have.Guests == want.Guests && have.Classic == want.Classic && have.DeveloperName == want.DeveloperName
}

func sameRoles(have, want Roles) bool {
	return have.Authenticated == want.Authenticated && have.Guest == want.Guest && same(have.Mappings, want.Mappings)
}

// same compares maps and slices; nil equals empty.
func same(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.Len() == 0 && y.Len() == 0 || reflect.DeepEqual(a, b)
}

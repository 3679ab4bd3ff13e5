package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// DeclaredPool is a user pool of the configuration. Ensure creates it if it is missing and updates its settings. It does
// not change users or resources that were created through the API.
type DeclaredPool struct {
	ID       string
	Name     string
	Settings json.RawMessage // a CreateUserPool request, nil for defaults; its PoolName is used if Name is empty
	Clients  []DeclaredClient
	Groups   []DeclaredGroup
}

// DeclaredClient is an app client of a declared pool.
type DeclaredClient struct {
	ID       string
	Name     string
	Settings json.RawMessage      // a CreateUserPoolClient request, nil for defaults
	Secret   seal.Secret          // zero for none, or for a generated one if the settings have GenerateSecret
	OAuth    oauthclient.Metadata // what AWS's settings do not have
}

// DeclaredGroup is a group of a declared pool.
type DeclaredGroup struct {
	Name        string
	Description string
	RoleARN     string
	Precedence  *int
}

var (
	secretForm = regexp.MustCompile(`\A[\w+]{24,64}\z`)
	nameForm   = regexp.MustCompile(`\A[\w\s+=,.@-]{1,128}\z`)
)

// Ensure creates or updates a declared pool with its clients and groups. Like the console, and unlike the API, it defaults
// to user names without regard to case and to clients that hide whether a user exists. It can be called at every reload.
func (s *Service) Ensure(ctx context.Context, d DeclaredPool) error {
	if err := s.EnsurePool(ctx, d); err != nil {
		return err
	}
	return s.EnsureParts(ctx, d)
}

// EnsurePool is the part of Ensure that makes the pool itself, so that the caller can make what its clients refer to.
func (s *Service) EnsurePool(ctx context.Context, d DeclaredPool) error {
	settings, err := d.settings(s.o.CheckRequest)
	if err == nil {
		err = d.checkNames()
	}
	if err == nil {
		err = s.ensurePool(ctx, d.ID, d.Name, settings)
	}
	if err != nil {
		return fmt.Errorf("user pool %s: %w", d.ID, err)
	}
	return nil
}

// EnsureParts is the part of Ensure that makes clients, groups and keys of an existing pool.
func (s *Service) EnsureParts(ctx context.Context, d DeclaredPool) error {
	for _, c := range d.Clients {
		if err := s.ensureClient(ctx, d.ID, c); err != nil {
			return fmt.Errorf("user pool %s: client %s: %w", d.ID, c.ID, err)
		}
	}
	for _, g := range d.Groups {
		if err := s.ensureGroup(ctx, d.ID, g); err != nil {
			return fmt.Errorf("user pool %s: group %s: %w", d.ID, g.Name, err)
		}
	}
	return s.rotatePool(ctx, d.ID)
}

func (s *Service) ensurePool(ctx context.Context, id, name string, settings PoolSettings) error {
	asked := settings
	if settings.UsernameConfiguration == nil {
		settings.UsernameConfiguration = &UsernameConfig{CaseSensitive: false}
	}
	_, err := s.Pool(ctx, id)
	if fault.Is(err, fault.ResourceNotFound) {
		if _, err := s.insertPool(ctx, id, name, settings, true); !errors.Is(err, store.ErrExists) {
			return err
		}
	} else if err != nil {
		return err
	}
	return s.changePool(ctx, id, func(rec *store.Pool, old PoolSettings) (PoolSettings, error) {
		rec.Name, rec.Declared = name, true
		next := settings
		if err := asked.unchangeable(&old); err != nil {
			return next, err
		}
		if err := next.complete(&old); err != nil {
			return next, err
		}
		// Attributes can be added, never changed or removed.
		for _, a := range settings.Schema {
			full := "custom:" + a.Name
			if a.developer() {
				full = "dev:" + full
			}
			if standardNames[a.Name] || hasAttribute(next.Schema, full) {
				continue
			}
			var err error
			if next.Schema, err = addCustom(next.Schema, a); err != nil {
				return next, err
			}
		}
		return next, nil
	})
}

func hasAttribute(schema []SchemaAttribute, name string) bool {
	for _, a := range schema {
		if a.Name == name {
			return true
		}
	}
	return false
}

func (s *Service) ensureClient(ctx context.Context, poolID string, d DeclaredClient) error {
	settings, withSecret, err := d.settings(poolID, s.o.CheckRequest)
	if err == nil {
		err = d.checkNames()
	}
	if err != nil {
		return err
	}
	have, err := s.Client(ctx, d.ID)
	if fault.Is(err, fault.ResourceNotFound) {
		secret := d.Secret
		if withSecret && secret.IsZero() {
			text, err := s.newClientSecret()
			if err != nil {
				return err
			}
			secret = seal.NewSecret(text)
		}
		_, err = s.insertClient(ctx, store.Client{PoolID: poolID, ID: d.ID, Name: d.Name, Declared: true}, secret, settings)
		if !errors.Is(err, store.ErrExists) {
			return err
		}
		// Another process on the same store created the client meanwhile.
		have, err = s.Client(ctx, d.ID)
	}
	if err != nil {
		return err
	}
	if have.PoolID != poolID {
		return fmt.Errorf("it belongs to user pool %s", have.PoolID)
	}
	// A client stays public or confidential: the applications that use it could not sign in any more.
	switch confidential := withSecret || !d.Secret.IsZero(); {
	case confidential && have.Secret.IsZero():
		return errors.New("it was made without a secret and cannot get one; declare a client with another id")
	case !confidential && !have.Secret.IsZero():
		return errors.New("it was made with a secret and cannot lose it; declare the secret, or a client with another id")
	case !d.Secret.IsZero() && have.CheckSecret(d.Secret.Reveal()) != nil:
		if err := s.replaceSecret(ctx, poolID, d.ID, d.Secret); err != nil {
			return err
		}
	}
	_, err = s.changeClient(ctx, poolID, d.ID, d.Name, func(*ClientSettings) ClientSettings { return settings })
	return err
}

// replaceSecret gives a confidential client another secret. Those that it had are refused from then on.
func (s *Service) replaceSecret(ctx context.Context, poolID, id string, secret seal.Secret) error {
	sealed, err := s.sealSecret(id, secret, nil)
	if err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Clients.Get(id)
		if err != nil {
			return err
		}
		rec.Secrets, rec.ModifiedAt = []store.ClientSecret{sealed}, s.base.Now()
		return tx.Clients.Update(rec)
	})
	s.clientChanged(store.Client{ID: id, PoolID: poolID})
	return err
}

func (s *Service) ensureGroup(ctx context.Context, poolID string, d DeclaredGroup) error {
	want := store.Group{PoolID: poolID, Name: d.Name, Description: d.Description, RoleARN: d.RoleARN, Precedence: d.Precedence, Declared: true}
	return s.base.Update(ctx, func(tx store.Tx) error {
		have, err := tx.Groups.Get(poolID, d.Name)
		want.CreatedAt, want.ModifiedAt = s.base.Now(), s.base.Now()
		if errors.Is(err, store.ErrNotFound) {
			return tx.Groups.Insert(want)
		}
		if err != nil {
			return err
		}
		want.CreatedAt = have.CreatedAt
		same := have
		same.ModifiedAt = want.ModifiedAt
		if reflect.DeepEqual(same, want) {
			return nil
		}
		return tx.Groups.Update(want)
	})
}

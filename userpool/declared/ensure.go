package declared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// Pool is a user pool of the configuration. Ensure creates it if it is missing and updates its settings. It does
// not change users or resources that were created through the API.
type Pool struct {
	ID       string          // a region, "_" and letters and digits: us-east-1_notes0001
	Name     string          // PoolName, 1 to 128 characters; "" = that of Settings
	Settings json.RawMessage // a CreateUserPool request, nil for defaults; its PoolName is used if Name is empty
	Clients  []Client        // clients that are missing here stay
	Groups   []Group         // groups that are missing here stay
}

// Client is an app client of a declared pool.
type Client struct {
	ID       string               // unique over all pools
	Name     string               // ClientName; "" = that of Settings
	Settings json.RawMessage      // a CreateUserPoolClient request, nil for defaults
	Secret   seal.Secret          // zero for none, or for a generated one if the settings have GenerateSecret
	OAuth    oauthclient.Metadata // what AWS's settings do not have
}

// Group is a group of a declared pool.
type Group struct {
	Name        string // unique in the pool
	Description string // "" = none
	RoleARN     string // the role of its members in identity pools; "" = none
	Precedence  *int   // the lowest of a user's groups wins; nil ranks last
}

var (
	secretForm = regexp.MustCompile(`\A[\w+]{24,64}\z`)
	nameForm   = regexp.MustCompile(`\A[\w\s+=,.@-]{1,128}\z`)
)

// ErrUnfinished says that an import has not made the pool whole. Nothing of a declared pool is made until it has.
var ErrUnfinished = errors.New("an archive import of the pool has not finished; wait for it, or import the archive again")

// Options are what New needs. All are required.
type Options struct {
	Base  *userpool.Base    // the store and clock of all user pools
	Pools *userpool.Service // makes and changes pools and app clients
	// CheckRequest validates a request of the cognito-idp API against the API's model. Declared settings have that form.
	CheckRequest RequestCheck
}

// Service makes declared pools. Its methods may be called from any goroutine.
type Service struct{ o Options }

// New checks the options.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.CheckRequest == nil {
		return nil, errors.New("declared: Options.Base, Options.Pools and Options.CheckRequest are required")
	}
	return &Service{o}, nil
}

// Ensure creates or updates a declared pool with its clients and groups. Like the console, and unlike the API, it defaults
// to user names without regard to case and to clients that hide whether a user exists. It can be called at every reload.
func (s *Service) Ensure(ctx context.Context, d Pool) error {
	if err := s.EnsurePool(ctx, d); err != nil {
		return err
	}
	return s.EnsureParts(ctx, d)
}

// Agree returns the error that Ensure would return because the pool or one of its clients exists and cannot become what is declared. It
// changes nothing: with it, the declarations of a configuration are compared with the store before the first one takes effect.
func (s *Service) Agree(ctx context.Context, d Pool) error {
	if err := s.agree(ctx, &d); err != nil {
		return fmt.Errorf("user pool %s: %w", d.ID, err)
	}
	return nil
}

func (s *Service) agree(ctx context.Context, d *Pool) error {
	settings, err := d.settings(s.o.CheckRequest)
	if err != nil {
		return err
	}
	p, err := s.o.Pools.Pool(ctx, d.ID)
	if err == nil {
		old := p.Settings // which others read
		old.Schema = slices.Clone(old.Schema)
		_, err = following(&old, settings, &settings)
	}
	if err != nil && !fault.Is(err, fault.ResourceNotFound) {
		return err
	}
	for _, c := range d.Clients {
		_, withSecret, err := c.settings(d.ID, s.o.CheckRequest)
		if err != nil {
			return fmt.Errorf("client %s: %w", c.ID, err)
		}
		have, err := s.o.Pools.Client(ctx, c.ID)
		if err == nil {
			err = c.agrees(have, d.ID, withSecret)
		}
		if err != nil && !fault.Is(err, fault.ResourceNotFound) {
			return fmt.Errorf("client %s: %w", c.ID, err)
		}
	}
	return nil
}

// EnsurePool is the part of Ensure that makes the pool itself, so that the caller can make what its clients refer to.
func (s *Service) EnsurePool(ctx context.Context, d Pool) error {
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
func (s *Service) EnsureParts(ctx context.Context, d Pool) error {
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
	return s.o.Pools.RotatePool(ctx, d.ID)
}

func (s *Service) ensurePool(ctx context.Context, id, name string, settings userpool.PoolSettings) error {
	asked := settings
	if settings.UsernameConfiguration == nil {
		settings.UsernameConfiguration = &userpool.UsernameConfig{CaseSensitive: false}
	}
	_, err := s.o.Pools.Pool(ctx, id)
	if fault.Is(err, fault.ResourceNotFound) {
		if _, err := s.o.Pools.InsertPool(ctx, id, name, settings, true); !errors.Is(err, store.ErrExists) {
			return err
		}
	} else if err != nil {
		return err
	}
	err = s.o.Pools.ChangePool(ctx, id, func(rec *store.Pool, old userpool.PoolSettings) (userpool.PoolSettings, error) {
		rec.Name, rec.Declared = name, true
		return following(&old, settings, &asked)
	})
	if fault.Is(err, fault.ResourceNotFound) {
		return ErrUnfinished
	}
	return err
}

// following returns the settings that a pool with the old ones gets. asked are those that are declared, without defaults.
func following(old *userpool.PoolSettings, next userpool.PoolSettings, asked *userpool.PoolSettings) (userpool.PoolSettings, error) {
	added := next.Schema
	if err := unchangeable(asked, old); err != nil {
		return next, err
	}
	if err := next.Complete(old); err != nil {
		return next, err
	}
	// Attributes can be added, never changed or removed.
	for _, a := range added {
		if userpool.IsStandard(a.Name) || next.Has(a.FullName()) {
			continue
		}
		var err error
		if next.Schema, err = userpool.AddCustom(next.Schema, a); err != nil {
			return next, err
		}
	}
	return next, nil
}

func (s *Service) ensureClient(ctx context.Context, poolID string, d Client) error {
	settings, withSecret, err := d.settings(poolID, s.o.CheckRequest)
	if err == nil {
		err = d.checkNames()
	}
	if err != nil {
		return err
	}
	have, err := s.o.Pools.Client(ctx, d.ID)
	if fault.Is(err, fault.ResourceNotFound) {
		secret := d.Secret
		if withSecret && secret.IsZero() {
			text, err := s.o.Pools.NewClientSecret()
			if err != nil {
				return err
			}
			secret = seal.NewSecret(text)
		}
		_, err = s.o.Pools.InsertClient(ctx, store.Client{PoolID: poolID, ID: d.ID, Name: d.Name, Declared: true}, secret, settings)
		if !errors.Is(err, store.ErrExists) {
			return err
		}
		// Another process on the same store created the client meanwhile.
		have, err = s.o.Pools.Client(ctx, d.ID)
	}
	if err != nil {
		return err
	}
	if err := d.agrees(have, poolID, withSecret); err != nil {
		return err
	}
	if !d.Secret.IsZero() && !have.HasSecret(d.Secret.Reveal()) {
		if err := s.o.Pools.ReplaceSecret(ctx, poolID, d.ID, d.Secret); err != nil {
			return err
		}
	}
	_, err = s.o.Pools.ChangeClient(ctx, poolID, d.ID, d.Name, func(*userpool.ClientSettings) userpool.ClientSettings { return settings })
	return err
}

// agrees returns the error for a client that cannot become the declared one. A client stays public or confidential: the applications that use
// it could not sign in any more, or anyone could in its name.
func (c *Client) agrees(have *userpool.Client, poolID string, withSecret bool) error {
	confidential := withSecret || !c.Secret.IsZero()
	switch {
	case have.PoolID != poolID:
		return fmt.Errorf("it belongs to user pool %s", have.PoolID)
	case !confidential && have.Settings.OAuth.SignsAssertions() && !c.OAuth.SignsAssertions():
		return errors.New("it was declared with jwks or jwks_uri and would become a client without any proof; declare them, or a client with another id")
	case confidential && have.Secret.IsZero():
		return errors.New("it was created without a secret and cannot get one; declare a client with another id")
	case !confidential && !have.Secret.IsZero():
		return errors.New("it was created with a secret and cannot lose it; declare the secret, or a client with another id")
	}
	return nil
}

func (s *Service) ensureGroup(ctx context.Context, poolID string, d Group) error {
	want := store.Group{PoolID: poolID, Name: d.Name, Description: d.Description, RoleARN: d.RoleARN, Precedence: d.Precedence, Declared: true}
	return s.o.Base.Update(ctx, func(tx store.Tx) error {
		have, err := tx.Groups.Get(poolID, d.Name)
		want.CreatedAt, want.ModifiedAt = s.o.Base.Now(), s.o.Base.Now()
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

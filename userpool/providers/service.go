package providers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Maker does the work of a type that needs more than the details themselves, such as reading metadata.
type Maker interface {
	// Make checks the details of a provider that is created or whose details change, and adds to its Details and Private. before is
	// nil for a new one. It may ask the network. Its faults go to the caller; one that wraps ErrUnreachable leaves the provider as
	// complete as it can be without the network.
	Make(ctx context.Context, p, before *Provider) error
}

// ErrUnreachable is in the errors of a Maker whose provider does not answer.
var ErrUnreachable = errors.New("the identity provider does not answer")

// Options are what New needs. All but Makers are required.
type Options struct {
	Base   *userpool.Base    // the store with the providers, and what seals their details
	Pools  *userpool.Service // finds pools
	Makers map[Type]Maker    // by type; a type without one keeps its details as they are
}

// Service keeps identity providers. Its methods may be called from any goroutine.
type Service struct {
	o       Options
	base    *userpool.Base
	waiting waiting
}

// New returns a Service, or an error that names the required options.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("providers: Options.Base and Options.Pools are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

// errNone is in the error of Get for a provider that does not exist.
var errNone = errors.New("there is no such identity provider")

// noProviderIn is the error of operations that change a provider; that of Get has another text.
func noProviderIn(poolID, name string) error {
	return fault.New(fault.ResourceNotFound, "Identity provider %s in User Pool %s does not exist.", name, poolID)
}

// Get returns a provider as the store has it now, or fault.ResourceNotFound.
func (s *Service) Get(ctx context.Context, poolID, name string) (*Provider, error) {
	var rec store.IdentityProvider
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.IdentityProviders.Get(poolID, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.Wrap(fault.ResourceNotFound, errNone, "Identity provider %s for tenantId %s does not exist.", name, poolID)
	}
	if err != nil {
		return nil, err
	}
	return s.open(&rec)
}

// Describe is like Get, and reports a missing pool.
func (s *Service) Describe(ctx context.Context, poolID, name string) (*Provider, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	return s.Get(ctx, poolID, name)
}

// ByIdentifier returns the provider that has the identifier, in any case, or fault.ResourceNotFound.
func (s *Service) ByIdentifier(ctx context.Context, poolID, identifier string) (*Provider, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var list []store.IdentityProvider
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		list, err = tx.IdentityProviders.List(poolID)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if has(list[i].Identifiers, identifier) {
			return s.open(&list[i])
		}
	}
	return nil, fault.New(fault.ResourceNotFound, "Identity provider %s does not exist.", identifier)
}

// has reports whether one of the identifiers is the one, in any case.
func has(identifiers []string, one string) bool {
	return slices.ContainsFunc(identifiers, func(i string) bool { return strings.EqualFold(i, one) })
}

// All returns the providers of a pool, ordered by name.
func (s *Service) All(ctx context.Context, poolID string) ([]Summary, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var list []Summary
	err := s.base.View(ctx, func(tx store.Tx) error {
		recs, err := tx.IdentityProviders.List(poolID)
		for i := range recs {
			list = append(list, summary(&recs[i]))
		}
		return err
	})
	return list, err
}

// OfType returns the providers of a type that a pool has, ordered by name.
func (s *Service) OfType(ctx context.Context, poolID string, t Type) ([]*Provider, error) {
	var records []store.IdentityProvider
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		records, err = tx.IdentityProviders.List(poolID)
		return err
	})
	var list []*Provider
	for i := range records {
		if records[i].Type != string(t) {
			continue
		}
		p, err := s.open(&records[i])
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, err
}

// List returns at most limit providers after the name, and the name to continue after.
func (s *Service) List(ctx context.Context, poolID, after string, limit int) ([]Summary, string, error) {
	list, err := s.All(ctx, poolID)
	if err != nil {
		return nil, "", err
	}
	list = slices.DeleteFunc(list, func(p Summary) bool { return p.Name <= after })
	list, next := userpool.CutPage(list, limit, func(p Summary) string { return p.Name })
	return list, next, nil
}

// purposeDetails seals details; the additional data is pool, name and type, so that no provider has those of another.
const purposeDetails = "identity provider"

// sealed is what a record seals.
type sealed struct {
	Details map[string]string `json:"details"`
	Private map[string]string `json:"private,omitempty"`

	LinkByEmail bool   `json:"link_by_email,omitempty"`
	Declaration string `json:"declaration,omitempty"`
	Unmapped    bool   `json:"unmapped,omitempty"`
}

func additional(poolID, name string, t Type) []byte {
	return []byte(poolID + "\x00" + name + "\x00" + string(t))
}

// DetailsSeal returns the purpose and the additional data with which the details of a provider are sealed.
func DetailsSeal(rec *store.IdentityProvider) (purpose string, data []byte) {
	return purposeDetails, additional(rec.PoolID, rec.Name, Type(rec.Type))
}

// open returns the provider of a record.
func (s *Service) open(rec *store.IdentityProvider) (*Provider, error) {
	p := &Provider{PoolID: rec.PoolID, Name: rec.Name, Type: Type(rec.Type), Mapping: rec.Mapping, Acr: rec.Acr,
		Identifiers: rec.Identifiers, Version: rec.Version, Created: rec.CreatedAt, Modified: rec.ModifiedAt}
	if kinds[p.Type] == nil {
		return nil, fmt.Errorf("providers: %s of pool %s has the type %s, which this version does not know", p.Name, p.PoolID, p.Type)
	}
	text, err := s.base.Seal.Open(purposeDetails, rec.Sealed, additional(p.PoolID, p.Name, p.Type))
	if err != nil {
		return nil, fmt.Errorf("providers: details of %s of pool %s: %w", p.Name, p.PoolID, err)
	}
	var in sealed
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("providers: details of %s of pool %s: %w", p.Name, p.PoolID, err)
	}
	p.Details, p.Private, p.LinkByEmail, p.declaration, p.Unmapped = in.Details, in.Private, in.LinkByEmail, in.Declaration, in.Unmapped
	return p, nil
}

// record returns the record of a provider.
func (s *Service) record(p *Provider, declared bool) (store.IdentityProvider, error) {
	text, err := json.Marshal(sealed{p.Details, p.Private, p.LinkByEmail, p.declaration, p.Unmapped})
	if err != nil {
		return store.IdentityProvider{}, fmt.Errorf("providers: details of %s of pool %s: %w", p.Name, p.PoolID, err)
	}
	closed, err := s.base.Seal.Seal(purposeDetails, text, additional(p.PoolID, p.Name, p.Type))
	return store.IdentityProvider{PoolID: p.PoolID, Name: p.Name, Type: string(p.Type), Sealed: closed, Mapping: p.Mapping, Acr: p.Acr,
		Identifiers: p.Identifiers, Unsolicited: p.On(Unsolicited), Version: p.Version, Declared: declared,
		CreatedAt: p.Created, ModifiedAt: p.Modified}, err
}

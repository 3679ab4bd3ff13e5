package domains

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Change is the input of CreateUserPoolDomain and UpdateUserPoolDomain.
type Change struct {
	PoolID   string // of the pool that has or gets the domain
	Name     string // the prefix, or the host name of a custom domain
	Version  int    // of the login pages: 1 or 2; 0 = not given
	Custom   bool   // CustomDomainConfig is given
	Failover string // JSON of Routing; "" = not given

	// Of CustomDomainConfig. Sluice stores and returns them: its host gets certificates by itself.
	Certificate, Policy string
}

// The versions of login pages.
const (
	Classic      = 1
	ManagedLogin = 2
)

var errNoDomain = fault.New(fault.InvalidParameter, "No such domain or user pool exists.")

// CreateUserPoolDomain gives a pool a prefix domain or a custom domain.
func (s *Service) CreateUserPoolDomain(ctx context.Context, in Change) (*Domain, error) {
	if err := s.check(in); err != nil {
		return nil, err
	}
	p, err := s.o.Pools.Pool(ctx, in.PoolID)
	if err != nil {
		return nil, err
	}
	if in.Version == 0 {
		in.Version = Classic
	}
	if err := checkVersion(p, in.Version); err != nil {
		return nil, err
	}
	rec := store.Domain{Name: in.Name, PoolID: in.PoolID, Custom: in.Custom, Version: in.Version, Certificate: in.Certificate,
		Policy: in.Policy, Failover: in.Failover}
	return s.insert(ctx, rec)
}

func (s *Service) insert(ctx context.Context, rec store.Domain) (*Domain, error) {
	rec.CreatedAt = s.base.Now()
	rec.ModifiedAt = rec.CreatedAt
	err := s.base.Update(ctx, func(tx store.Tx) error { return tx.Domains.Insert(rec) })
	s.changed(rec.PoolID)
	if conflict, ok := errors.AsType[*store.Conflict](err); ok {
		if conflict.Key == "pool" {
			return nil, fault.New(fault.InvalidParameter, "User pool already has a domain configured.")
		}
		return nil, fault.New(fault.InvalidParameter, "Domain already associated with another user pool.")
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.New(fault.ResourceNotFound, "User pool %s does not exist.", rec.PoolID)
	}
	if err != nil {
		return nil, err
	}
	d := s.describe(rec)
	return &d, nil
}

// UpdateUserPoolDomain changes the version of the login pages, the certificate and the routing. Omitted settings stay.
func (s *Service) UpdateUserPoolDomain(ctx context.Context, in Change) (*Domain, error) {
	p, err := s.o.Pools.Pool(ctx, in.PoolID)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(p, in.Version); err != nil {
		return nil, err
	}
	if err := checkCertificate(in); err != nil {
		return nil, err
	}
	var rec store.Domain
	err = s.change(ctx, in.PoolID, in.Name, func(tx store.Tx, d store.Domain) error {
		if !d.Custom && (in.Custom || in.Failover != "") {
			return errPrefixOnly
		}
		if in.Version != 0 {
			d.Version = in.Version
		}
		if in.Custom {
			d.Certificate, d.Policy = in.Certificate, in.Policy
		}
		if in.Failover != "" {
			d.Failover = in.Failover
		}
		d.ModifiedAt = s.base.Now()
		rec = d
		return tx.Domains.Update(d)
	})
	if err != nil {
		return nil, err
	}
	d := s.describe(rec)
	return &d, nil
}

// DeleteUserPoolDomain deletes a domain. Its pages end at once.
func (s *Service) DeleteUserPoolDomain(ctx context.Context, poolID, name string) error {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return err
	}
	return s.change(ctx, poolID, name, func(tx store.Tx, d store.Domain) error { return tx.Domains.Delete(d.Name) })
}

// change runs fn with a domain of the pool, in one transaction.
func (s *Service) change(ctx context.Context, poolID, name string, fn func(store.Tx, store.Domain) error) error {
	err := s.base.Update(ctx, func(tx store.Tx) error {
		d, err := tx.Domains.Get(name)
		if err == nil && d.PoolID != poolID {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return fn(tx, d)
	})
	s.changed(poolID)
	if errors.Is(err, store.ErrNotFound) {
		return errNoDomain
	}
	return err
}

// DescribeUserPoolDomain returns a domain; nil if there is none, which AWS does not treat as an error.
func (s *Service) DescribeUserPoolDomain(ctx context.Context, name string) (*Domain, error) {
	var rec store.Domain
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.Domains.Get(name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d := s.describe(rec)
	return &d, nil
}

// OfPool returns the domains of a pool, the custom one first.
func (s *Service) OfPool(ctx context.Context, poolID string) ([]Domain, error) {
	var list []Domain
	err := s.base.View(ctx, func(tx store.Tx) error {
		recs, err := tx.Domains.OfPool(poolID)
		for _, rec := range recs {
			list = append(list, s.describe(rec))
		}
		return err
	})
	return list, err
}

// checkVersion refuses versions of login pages that do not exist or that the pool's tier lacks. 0 is not given.
func checkVersion(p *userpool.Pool, version int) error {
	switch version {
	case 0, Classic:
		return nil
	case ManagedLogin:
		return p.NeedsEssentials("Managed Login Version 2")
	}
	return fault.New(fault.InvalidParameter, "Invalid ManagedLoginVersion: it is 1 or 2.")
}

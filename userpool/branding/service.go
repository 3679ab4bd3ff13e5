package branding

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/userpool"
)

// ServiceOptions are what New needs. Base and Pools are required.
type ServiceOptions struct {
	Base  *userpool.Base
	Pools *userpool.Service
	// Version returns the version of the login pages at the domain of a pool: 1, 2, or 0 if the pool has no domain. Nil means that
	// no pool has a domain.
	Version func(ctx context.Context, poolID string) (int, error)
}

// Service keeps styles. Its methods may be called from any goroutine.
type Service struct {
	o    ServiceOptions
	base *userpool.Base
}

// New returns a Service, or an error that names the required option that is missing.
func New(o ServiceOptions) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("branding: ServiceOptions.Base and Pools are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

// StyleFor returns how the login pages of an app client look. The pages of an unknown client, or of none, have the default look.
// A pool without a domain has the pages of managed login.
func (s *Service) StyleFor(ctx context.Context, poolID, clientID string) (*Style, error) {
	version, err := s.version(ctx, poolID)
	if err != nil {
		return nil, err
	}
	return &Style{Version: version, Scheme: Dynamic, Options: defaultOptions()}, nil
}

// version returns the version of the login pages of a pool.
func (s *Service) version(ctx context.Context, poolID string) (int, error) {
	if s.o.Version == nil {
		return 2, nil
	}
	version, err := s.o.Version(ctx, poolID)
	if version == 0 {
		version = 2
	}
	return version, err
}

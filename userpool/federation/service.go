package federation

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
)

// Providers finds identity providers. Its errors are faults of kind ResourceNotFound if there is none.
type Providers interface {
	Get(ctx context.Context, poolID, name string) (*providers.Provider, error)
	All(ctx context.Context, poolID string) ([]providers.Summary, error)
}

// Profiles finds, makes or refreshes the user whom a provider's proof means. The error is a *providers.Refusal if the client may know it.
type Profiles interface {
	SignIn(ctx context.Context, p *providers.Provider, pool *userpool.Pool, c *userpool.Client, proof *providers.Proof,
		from userpool.ClientContext) (*signin.Authentication, error)
}

// Options are what New needs. All are required.
type Options struct {
	Base      *userpool.Base
	Providers Providers
	Profiles  Profiles
	OAuth     *oauth.Service
	Legs      map[providers.Type]providers.Leg
}

// Service signs users in through providers. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
	down *bounded.Map[string, struct{}] // providers that did not answer a moment ago
}

// How many providers are remembered as down, and for how long.
const (
	maxDown = 1000
	downFor = 30 * time.Second
)

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Providers == nil || o.Profiles == nil || o.OAuth == nil || o.Legs == nil {
		return nil, errors.New("federation: Options.Base, Providers, Profiles, OAuth and Legs are required")
	}
	return &Service{o: o, base: o.Base, down: bounded.New[string, struct{}](maxDown)}, nil
}

// Down reports whether a provider did not answer a moment ago. It is a hint for the login pages.
func (s *Service) Down(poolID, provider string) bool {
	_, down := s.down.Get(poolID+"\n"+provider, s.base.Now())
	return down
}

// watch remembers whether the provider answered.
func (s *Service) watch(p *providers.Provider, err error) {
	if refusal, ok := errors.AsType[*providers.Refusal](err); ok && refusal.Down {
		now := s.base.Now()
		s.down.Put(p.PoolID+"\n"+p.Name, struct{}{}, now.Add(downFor), now)
	}
}

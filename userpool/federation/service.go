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
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Providers finds identity providers. Its errors are faults of kind ResourceNotFound if there is none.
type Providers interface {
	Get(ctx context.Context, poolID, name string) (*providers.Provider, error)
	All(ctx context.Context, poolID string) ([]providers.Summary, error)
	OfType(ctx context.Context, poolID string, t providers.Type) ([]*providers.Provider, error)
	// Waits reports whether a provider has not answered since the start.
	Waits(ctx context.Context, poolID, name string) (bool, error)
}

// Profiles finds, makes or refreshes the user whom a provider's proof means. The error is a *providers.Refusal if the client may know it.
type Profiles interface {
	SignIn(ctx context.Context, p *providers.Provider, pool *userpool.Pool, c *userpool.Client, proof *providers.Proof,
		from userpool.ClientContext) (*signin.Authentication, error)
}

// Options are what New needs. All but Threat and Observer are required.
type Options struct {
	Base      *userpool.Base                   // the store with the pending requests, and what seals them
	Pools     *userpool.Service                // finds pools and app clients
	Tokens    *tokens.Service                  // ends the token sessions that a provider signs out
	Providers Providers                        // the providers of pools
	Profiles  Profiles                         // finds or makes the user whom a provider has proved
	OAuth     *oauth.Service                   // parses and answers authorization requests
	Legs      map[providers.Type]providers.Leg // ask the providers, by type; a type without one is not offered
	SAML      SAML                             // reads what SAML providers demand
	Threat    *threat.Service                  // keeps the history of users; nil keeps none
	Observer  Observer                         // may be nil
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
	if o.Base == nil || o.Pools == nil || o.Tokens == nil || o.Providers == nil || o.Profiles == nil || o.OAuth == nil || o.Legs == nil || o.SAML == nil {
		return nil, errors.New("federation: Options.Base, Pools, Tokens, Providers, Profiles, OAuth, Legs and SAML are required")
	}
	return &Service{o: o, base: o.Base, down: bounded.New[string, struct{}](maxDown)}, nil
}

// Down reports whether a provider did not answer a moment ago, or has not answered since the start. It is a hint for the login pages.
func (s *Service) Down(ctx context.Context, poolID, provider string) (bool, error) {
	if _, down := s.down.Get(poolID+"\n"+provider, s.base.Now()); down {
		return true, nil
	}
	return s.o.Providers.Waits(ctx, poolID, provider)
}

// watch remembers whether the provider answered. A browser that hung up did not wait for the answer.
func (s *Service) watch(ctx context.Context, p *providers.Provider, err error) {
	if refusal, ok := errors.AsType[*providers.Refusal](err); ok && refusal.Down && ctx.Err() == nil {
		now := s.base.Now()
		s.down.Put(p.PoolID+"\n"+p.Name, struct{}{}, now.Add(downFor), now)
	}
}

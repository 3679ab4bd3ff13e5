package federation

import (
	"context"

	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
)

// Offer is a provider that the login page of a client can offer.
type Offer struct {
	Name        string         // ProviderName
	Type        providers.Type // Google, SAML …
	Identifiers []string       // IdpIdentifiers, such as domains of e-mail addresses
	Down        bool           // it did not answer a moment ago
}

// Offered returns the providers that the client of an authorization request has, in the client's order. Those of the client that the pool
// does not have any more are left out.
func (s *Service) Offered(ctx context.Context, a *oauth.Authorization) ([]Offer, error) {
	names := a.Client.Settings.SupportedIdentityProviders
	if len(names) == 0 || len(names) == 1 && names[0] == oauth.Local {
		return nil, nil
	}
	all, err := s.o.Providers.All(ctx, a.Pool.ID)
	if err != nil {
		return nil, err
	}
	var offers []Offer
	for _, name := range names {
		for _, p := range all {
			if p.Name == name && s.o.Legs[p.Type] != nil {
				down, err := s.Down(ctx, a.Pool.ID, name)
				if err != nil {
					return nil, err
				}
				offers = append(offers, Offer{Name: name, Type: p.Type, Identifiers: p.Identifiers, Down: down})
			}
		}
	}
	return offers, nil
}

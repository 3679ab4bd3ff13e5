package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/profiles"
	"github.com/sluicegate/sluice/userpool/providers"
)

// providerOperations are the operations on identity providers, and on the accounts of users there.
func (s *server) providerOperations() rpc.Registry {
	return rpc.Registry{
		"AdminDisableProviderForUser":     rpc.Handle(s.adminDisableProviderForUser),
		"AdminLinkProviderForUser":        rpc.Handle(s.adminLinkProviderForUser),
		"CreateIdentityProvider":          rpc.Handle(s.createIdentityProvider),
		"DeleteIdentityProvider":          rpc.Handle(s.deleteIdentityProvider),
		"DescribeIdentityProvider":        rpc.Handle(s.describeIdentityProvider),
		"GetIdentityProviderByIdentifier": rpc.Handle(s.getIdentityProviderByIdentifier),
		"ListIdentityProviders":           rpc.Handle(s.listIdentityProviders),
		"UpdateIdentityProvider":          rpc.Handle(s.updateIdentityProvider),
	}
}

// providerOut shows a provider. As at AWS, the answer to a change has IdpIdentifiers only if the request has.
func providerOut(p *providers.Provider, identifiers bool) *wire.IdentityProviderType {
	out := &wire.IdentityProviderType{UserPoolId: &p.PoolID, ProviderName: &p.Name, ProviderType: (*string)(&p.Type), ProviderDetails: p.Shown(),
		AttributeMapping: p.ShownMapping(), CreationDate: api.At(p.Created), LastModifiedDate: api.At(p.Modified)}
	if len(p.Acr) > 0 {
		out.AcrMapping = p.Acr
	}
	if identifiers {
		out.IdpIdentifiers = append([]string{}, p.Identifiers...)
	}
	return out
}

func (s *server) createIdentityProvider(ctx context.Context, _ *rpc.Call, in *wire.CreateIdentityProviderRequest) (*wire.CreateIdentityProviderResponse, error) {
	p, err := s.providers.Create(ctx, providers.Change{PoolID: api.Value(in.UserPoolId), Name: api.Value(in.ProviderName), Type: providers.Type(api.Value(in.ProviderType)),
		Details: in.ProviderDetails, Mapping: in.AttributeMapping, Acr: in.AcrMapping, Identifiers: in.IdpIdentifiers})
	if err != nil {
		return nil, err
	}
	return &wire.CreateIdentityProviderResponse{IdentityProvider: providerOut(p, in.IdpIdentifiers != nil)}, nil
}

func (s *server) updateIdentityProvider(ctx context.Context, _ *rpc.Call, in *wire.UpdateIdentityProviderRequest) (*wire.UpdateIdentityProviderResponse, error) {
	p, err := s.providers.Update(ctx, providers.Change{PoolID: api.Value(in.UserPoolId), Name: api.Value(in.ProviderName),
		Details: in.ProviderDetails, Mapping: in.AttributeMapping, Acr: in.AcrMapping, Identifiers: in.IdpIdentifiers})
	if err != nil {
		return nil, err
	}
	return &wire.UpdateIdentityProviderResponse{IdentityProvider: providerOut(p, in.IdpIdentifiers != nil)}, nil
}

func (s *server) describeIdentityProvider(ctx context.Context, _ *rpc.Call, in *wire.DescribeIdentityProviderRequest) (*wire.DescribeIdentityProviderResponse, error) {
	p, err := s.providers.Describe(ctx, api.Value(in.UserPoolId), api.Value(in.ProviderName))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeIdentityProviderResponse{IdentityProvider: providerOut(p, true)}, nil
}

func (s *server) getIdentityProviderByIdentifier(ctx context.Context, _ *rpc.Call, in *wire.GetIdentityProviderByIdentifierRequest) (*wire.GetIdentityProviderByIdentifierResponse, error) {
	p, err := s.providers.ByIdentifier(ctx, api.Value(in.UserPoolId), api.Value(in.IdpIdentifier))
	if err != nil {
		return nil, err
	}
	return &wire.GetIdentityProviderByIdentifierResponse{IdentityProvider: providerOut(p, true)}, nil
}

func (s *server) deleteIdentityProvider(ctx context.Context, _ *rpc.Call, in *wire.DeleteIdentityProviderRequest) (*api.Empty, error) {
	return nil, s.providers.Delete(ctx, api.Value(in.UserPoolId), api.Value(in.ProviderName))
}

// maxProviders is the most providers of a page, and their number when the request does not say.
const maxProviders = 50

func (s *server) listIdentityProviders(ctx context.Context, _ *rpc.Call, in *wire.ListIdentityProvidersRequest) (*wire.ListIdentityProvidersResponse, error) {
	pool := api.Value(in.UserPoolId)
	after, size, err := s.pageOf(in.NextToken, in.MaxResults, "ListIdentityProviders", pool)
	if err != nil {
		return nil, err
	}
	list, last, err := s.providers.List(ctx, pool, after, min(size, maxProviders))
	if err != nil {
		return nil, err
	}
	out := &wire.ListIdentityProvidersResponse{Providers: []wire.ProviderDescription{}}
	for i := range list {
		p := &list[i]
		out.Providers = append(out.Providers, wire.ProviderDescription{ProviderName: &p.Name, ProviderType: (*string)(&p.Type),
			CreationDate: api.At(p.Created), LastModifiedDate: api.At(p.Modified)})
	}
	out.NextToken, err = s.next(last, "ListIdentityProviders", pool)
	return out, err
}

func accountIn(in *wire.ProviderUserIdentifierType) profiles.Account {
	return profiles.Account{Provider: api.Value(in.ProviderName), Attribute: api.Value(in.ProviderAttributeName), Value: api.Value(in.ProviderAttributeValue)}
}

func (s *server) adminLinkProviderForUser(ctx context.Context, _ *rpc.Call, in *wire.AdminLinkProviderForUserRequest) (*wire.AdminLinkProviderForUserResponse, error) {
	err := s.profiles.Link(ctx, api.Value(in.UserPoolId), accountIn(in.DestinationUser), accountIn(in.SourceUser))
	return &wire.AdminLinkProviderForUserResponse{}, err
}

func (s *server) adminDisableProviderForUser(ctx context.Context, _ *rpc.Call, in *wire.AdminDisableProviderForUserRequest) (*wire.AdminDisableProviderForUserResponse, error) {
	err := s.profiles.Disable(ctx, api.Value(in.UserPoolId), accountIn(in.User))
	return &wire.AdminDisableProviderForUserResponse{}, err
}

package pull

import (
	"context"
	"fmt"
	"slices"
	"strings"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

// passOver notes a part of the old pool that cannot be made here, and returns nil: the pull goes on with the rest. An error that says
// nothing about the part itself ends the pull.
func (s *Service) passOver(what string, err error) error {
	text, ok := fault.Message(err)
	if !ok || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.ConcurrentModification) {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.report.note("%s: could not be copied: %s", what, text)
	return nil
}

// present returns the settings of a client without the identity providers and scopes that the pool does not have here: AWS does not
// show enough of them to make them here, or they were deleted there and the client still names them. leftOut are these providers.
func (s *Service) present(ctx context.Context, id string, in userpool.ClientSettings) (_ userpool.ClientSettings, leftOut []string, err error) {
	list, err := s.o.Provider.Providers.All(ctx, s.in.PoolID)
	if err != nil {
		return in, nil, err
	}
	names := []string{userpool.ProviderCognito}
	for _, p := range list {
		names = append(names, p.Name)
	}
	scopes, err := s.o.Provider.Scopes.Scopes(ctx, s.in.PoolID)
	if err != nil {
		return in, nil, err
	}
	in.SupportedIdentityProviders, leftOut = split(in.SupportedIdentityProviders, func(name string) bool { return slices.Contains(names, name) })
	if len(leftOut) > 0 {
		s.report.note("app client %s: identity providers that the pool does not have here are left out: %s", id, strings.Join(leftOut, ", "))
	}
	var lacks []string
	in.AllowedOAuthScopes, lacks = split(in.AllowedOAuthScopes, func(scope string) bool {
		return !strings.Contains(scope, "/") || scope == userpool.ScopeRegister || slices.Contains(scopes, scope)
	})
	if len(lacks) > 0 {
		s.report.note("app client %s: scopes of resource servers that the pool does not have here are left out: %s", id, strings.Join(lacks, " "))
	}
	return in, leftOut, nil
}

// remember keeps in mind which providers of a client were left out, for complete.
func (s *Service) remember(id string, leftOut []string) {
	if delete(s.record.LeftOut, id); len(leftOut) > 0 {
		if s.record.LeftOut == nil {
			s.record.LeftOut = map[string][]string{}
		}
		s.record.LeftOut[id] = leftOut
	}
}

// secrets notes a client of which AWS does not show every secret. One of which it shows none does not come over: it would be a client
// without a secret.
func (s *Service) secrets(ctx context.Context, c *types.UserPoolClientType) error {
	out, err := s.o.Source.ListUserPoolClientSecrets(ctx, &cip.ListUserPoolClientSecretsInput{UserPoolId: &s.in.PoolID, ClientId: c.ClientId})
	if err := s.optional("the second secrets of app clients", err); err != nil || out == nil {
		return err
	}
	switch {
	case c.ClientSecret == nil && len(out.ClientSecrets) > 0:
		return fault.New(fault.InvalidParameter, "AWS does not show its secret.")
	case len(out.ClientSecrets) > 1:
		s.report.note("app client %s: AWS shows one of its two secrets; add the other one with AddUserPoolClientSecret", *c.ClientId)
	}
	return nil
}

// split returns the elements for which keep is true, and the others.
func split(list []string, keep func(string) bool) (kept, others []string) {
	for _, v := range list {
		if keep(v) {
			kept = append(kept, v)
		} else {
			others = append(others, v)
		}
	}
	return kept, others
}

// complete gives a client the identity providers that an earlier pull left out, that the old pool still lists, and that exist now.
func (s *Service) complete(ctx context.Context, have *userpool.Client, leftOut, now []string) error {
	late, _ := split(now, func(name string) bool {
		return slices.Contains(leftOut, name) && !slices.Contains(have.Settings.SupportedIdentityProviders, name)
	})
	if len(late) == 0 {
		return nil
	}
	_, err := s.o.Provider.Pools.ChangeClient(ctx, s.in.PoolID, have.ID, have.Name, func(old *userpool.ClientSettings) userpool.ClientSettings {
		next := *old
		next.SupportedIdentityProviders = slices.Concat(old.SupportedIdentityProviders, late)
		return next
	})
	return err
}

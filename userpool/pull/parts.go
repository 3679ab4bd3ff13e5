package pull

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/removals"
)

// servers makes or updates the resource servers. Clients name their scopes.
func (s *Service) servers(ctx context.Context) error {
	pages := cip.NewListResourceServersPaginator(s.o.Source, &cip.ListResourceServersInput{UserPoolId: &s.in.PoolID, MaxResults: new(int32(50))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the resource servers: %w", err)
		}
		for _, r := range page.ResourceServers {
			in := store.ResourceServer{PoolID: s.in.PoolID, ID: *r.Identifier, Name: value(r.Name)}
			for _, scope := range r.Scopes {
				in.Scopes = append(in.Scopes, store.Scope{Name: value(scope.ScopeName), Description: value(scope.ScopeDescription)})
			}
			if err := s.server(ctx, in); err == nil {
				s.report.Servers++
			} else if err := s.passOver("resource server "+in.ID, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// server makes or updates a resource server. AWS does not say when one was changed: what changed there since the last pull comes over, unless
// it was changed here too.
func (s *Service) server(ctx context.Context, in store.ResourceServer) error {
	scopes, what := s.o.Provider.Scopes, "resource server "+in.ID
	last, there := s.record.Servers[in.ID], serverText(in)
	have, err := scopes.DescribeResourceServer(ctx, s.in.PoolID, in.ID)
	switch {
	case fault.Is(err, fault.ResourceNotFound):
		if gone, err := s.removed(ctx, removals.Server(in.ID), what); gone || err != nil {
			return err
		}
		_, err = scopes.CreateResourceServer(ctx, in)
	case err != nil || there == last || serverText(*have) == there:
	case serverText(*have) == last:
		_, err = scopes.UpdateResourceServer(ctx, in)
	default: // noted again by the next pull
		s.report.note("%s: differs from the old pool's, and was or may have been changed here; stays as it is", what)
		return nil
	}
	if err != nil {
		return err
	}
	if s.record.Servers == nil {
		s.record.Servers = map[string]string{}
	}
	s.record.Servers[in.ID] = there
	return nil
}

// serverText is what a pull compares of a resource server.
func serverText(r store.ResourceServer) string {
	scopes := slices.SortedFunc(slices.Values(r.Scopes), func(a, b store.Scope) int { return cmp.Compare(a.Name, b.Name) })
	text := r.Name
	for _, scope := range scopes {
		text += "\n" + scope.Name + "\t" + scope.Description
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// removed reports whether something that is not here was removed here, and notes that.
func (s *Service) removed(ctx context.Context, e removals.Entry, what string) (gone bool, err error) {
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		before, err := relay.LoadRemoved(tx, s.base, s.in.PoolID)
		if err == nil {
			gone, err = before.Has(tx, e)
		}
		return err
	})
	if gone {
		s.report.note("%s: was deleted here, stays away", what)
	}
	return gone, err
}

// providers makes or updates the identity providers. Clients name them. One whose details cannot be used here is noted, and its
// name left out of the clients.
func (s *Service) providers(ctx context.Context) error {
	pages := cip.NewListIdentityProvidersPaginator(s.o.Source, &cip.ListIdentityProvidersInput{UserPoolId: &s.in.PoolID, MaxResults: new(int32(60))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the identity providers: %w", err)
		}
		for _, p := range page.Providers {
			out, err := s.o.Source.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: &s.in.PoolID, ProviderName: p.ProviderName})
			if err != nil {
				return fmt.Errorf("reading identity provider %s: %w", *p.ProviderName, err)
			}
			if err := s.provider(ctx, out.IdentityProvider); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) provider(ctx context.Context, p *types.IdentityProviderType) error {
	in := providers.Change{PoolID: s.in.PoolID, Name: *p.ProviderName, Type: providers.Type(p.ProviderType), Details: p.ProviderDetails,
		Mapping: p.AttributeMapping, Identifiers: p.IdpIdentifiers}
	have, err := s.o.Provider.Providers.Describe(ctx, s.in.PoolID, in.Name)
	switch {
	case fault.Is(err, fault.ResourceNotFound):
		gone := false
		if gone, err = s.removed(ctx, removals.Provider(in.Name), "identity provider "+in.Name); gone || err != nil {
			return err
		}
		_, err = s.o.Provider.Providers.Create(ctx, in)
	case err == nil && isNewer(p.LastModifiedDate, have.Modified):
		_, err = s.o.Provider.Providers.Update(ctx, in)
	}
	s.authorities[in.Name] = s.authority(ctx, p)
	if err == nil {
		s.report.Providers++
		s.report.note("identity provider %s: register this pool's redirect URL or assertion URL there (docs/federation.md)", in.Name)
		return nil
	}
	if err := s.passOver("identity provider "+in.Name, err); err != nil || have != nil {
		return err
	}
	s.report.note("identity provider %s: create it with CreateIdentityProvider and pull again, which gives it to the app clients", in.Name)
	return nil
}

// groups makes or updates the groups.
func (s *Service) groups(ctx context.Context) error {
	return s.eachGroup(ctx, func(g types.GroupType) error {
		var precedence *int
		if g.Precedence != nil {
			precedence = new(int(*g.Precedence))
		}
		_, err := s.o.Provider.Users.CreateGroup(ctx, directory.Group{PoolID: s.in.PoolID, Name: *g.GroupName, Description: value(g.Description),
			RoleARN: value(g.RoleArn), Precedence: precedence})
		if fault.Is(err, fault.GroupExists) {
			var have *directory.Group
			have, err = s.o.Provider.Users.GetGroup(ctx, s.in.PoolID, *g.GroupName)
			if err == nil && isNewer(g.LastModifiedDate, have.ModifiedAt) {
				_, err = s.o.Provider.Users.UpdateGroup(ctx, s.in.PoolID, *g.GroupName, directory.GroupChange{Description: new(value(g.Description)),
					RoleARN: new(value(g.RoleArn)), Precedence: precedence})
			}
		}
		if err != nil {
			return s.passOver("group "+*g.GroupName, err)
		}
		s.report.Groups++
		return nil
	})
}

// eachGroup calls f for the groups of the old pool that were not deleted here.
func (s *Service) eachGroup(ctx context.Context, f func(types.GroupType) error) error {
	pages := cip.NewListGroupsPaginator(s.o.Source, &cip.ListGroupsInput{UserPoolId: &s.in.PoolID, Limit: new(int32(60))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the groups: %w", err)
		}
		for _, g := range page.Groups {
			gone, err := s.removed(ctx, removals.Group(value(g.GroupName)), "group "+value(g.GroupName))
			if gone {
				continue
			}
			if err == nil {
				err = f(g)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// domains gives the pool its domains. A prefix domain has another suffix here; a custom domain points to AWS until its DNS changes.
func (s *Service) domains(ctx context.Context) error {
	for _, name := range []string{value(s.source.Domain), value(s.source.CustomDomain)} {
		if name == "" {
			continue
		}
		out, err := s.o.Source.DescribeUserPoolDomain(ctx, &cip.DescribeUserPoolDomainInput{Domain: &name})
		if err := s.optional("domain "+name, err); err != nil {
			return fmt.Errorf("reading domain %s: %w", name, err)
		}
		in := domains.Change{PoolID: s.in.PoolID, Name: name, Custom: name == value(s.source.CustomDomain)}
		if out != nil && out.DomainDescription != nil {
			in.Version = int(value(out.DomainDescription.ManagedLoginVersion))
			if c := out.DomainDescription.CustomDomainConfig; c != nil {
				in.Certificate = value(c.CertificateArn)
			}
		}
		if err := s.domain(ctx, in); err != nil {
			s.report.note("domain %s: %v", name, err)
		}
	}
	return nil
}

func (s *Service) domain(ctx context.Context, in domains.Change) error {
	have, err := s.o.Provider.Domains.OfPool(ctx, s.in.PoolID)
	if err != nil {
		return err
	}
	for _, d := range have {
		if d.Name == in.Name {
			return nil
		}
	}
	d, err := s.o.Provider.Domains.CreateUserPoolDomain(ctx, in)
	if err != nil {
		return err
	}
	s.report.note("domain %s: the login pages are at %s; point its DNS, and what links there, to this server", in.Name, d.Base)
	return nil
}

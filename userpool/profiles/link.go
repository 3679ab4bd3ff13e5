package profiles

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
)

// Account names a user of a provider, or of the pool itself if Provider is Cognito.
type Account struct {
	Provider  string // as the pool names it: "Google", "Facebook", or Cognito
	Attribute string // Cognito_Subject, or an attribute of the pool
	Value     string // the id at the provider, or the attribute's; of a user of the pool, the name
}

// local is the provider name of the pool's own users.
const local = "Cognito"

// The limits of links.
const (
	maxLinks          = 5 // of a user
	maxLinkAttributes = 5 // distinct ones that the links of a provider have
	maxLinkValue      = 2048
)

// Source of the texts: docs/divergences.md.
var (
	errMerge      = fault.New(fault.InvalidParameter, "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
	errNative     = fault.New(fault.InvalidParameter, "Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, only as a DestinationUser")
	errLinked     = fault.New(fault.InvalidParameter, "SourceUser is already linked to DestinationUser")
	errLinks      = fault.New(fault.LimitExceeded, "A user can have at most %d linked accounts.", maxLinks)
	errAttributes = fault.New(fault.LimitExceeded, "The links of an identity provider can have at most %d ProviderAttributeNames.", maxLinkAttributes)
)

// Link attaches an account at a provider, which has not signed in yet, to a user. From then on it signs that user in.
func (s *Service) Link(ctx context.Context, poolID string, destination, source Account) error {
	pool, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx store.Tx) error {
		p, err := checkSource(tx, poolID, source)
		if err != nil {
			return err
		}
		u, err := find(tx, pool, destination)
		if err != nil {
			return err
		}
		switch have, err := tx.UserIdentities.Get(poolID, source.Provider, source.Attribute, source.Value); {
		case err == nil && have.Sub == u.Sub && !have.Primary:
			return errLinked
		case err == nil:
			return errMerge
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		return s.attach(tx, pool, &u, store.UserIdentity{PoolID: poolID, Provider: p.Name, Attribute: source.Attribute, Value: source.Value,
			Sub: u.Sub, Type: p.Type, CreatedAt: s.base.Now()})
	})
}

// change runs an administrator's change. A user who does not exist is userpool.ErrNoUser.
func (s *Service) change(ctx context.Context, fn func(store.Tx) error) error {
	err := s.base.Update(ctx, fn)
	if errors.Is(err, store.ErrNotFound) && fault.KindOf(err) == fault.Internal {
		return userpool.ErrNoUser
	}
	return err
}

// checkSource returns the provider of an account that can be linked.
func checkSource(tx store.Tx, poolID string, source Account) (store.IdentityProvider, error) {
	if source.Provider == local {
		return store.IdentityProvider{}, errNative
	}
	p, err := tx.IdentityProviders.Get(poolID, source.Provider)
	if errors.Is(err, store.ErrNotFound) {
		return p, fault.New(fault.ResourceNotFound, "Identity provider %s does not exist.", source.Provider)
	}
	if err != nil {
		return p, err
	}
	_, mapped := p.Mapping[source.Attribute]
	if source.Attribute != providers.Subject && (providers.Type(p.Type).Social() || !mapped) {
		return p, fault.New(fault.InvalidParameter, "Invalid SourceUser: ProviderAttributeName must be %s, or, for SAML and OIDC, an attribute that the provider maps.", providers.Subject)
	}
	if source.Value == "" || len(source.Value) > maxLinkValue || strings.ContainsRune(source.Value, 0) {
		return p, fault.New(fault.InvalidParameter, "Invalid SourceUser: ProviderAttributeValue must have 1 to %d bytes.", maxLinkValue)
	}
	return p, nil
}

// find returns the user whom an account of the pool or of a provider means.
func find(tx store.Tx, pool *userpool.Pool, a Account) (store.User, error) {
	if a.Provider == local {
		return pool.FindUser(tx, a.Value)
	}
	i, err := tx.UserIdentities.Get(pool.ID, a.Provider, providers.Subject, a.Value)
	if err != nil {
		return store.User{}, err
	}
	return tx.Users.Get(pool.ID, i.Sub)
}

// attach links an account to a user, within the limits.
func (s *Service) attach(tx store.Tx, pool *userpool.Pool, u *store.User, i store.UserIdentity) error {
	have, err := tx.UserIdentities.OfUser(pool.ID, u.Sub)
	if err != nil {
		return err
	}
	if len(slices.DeleteFunc(have, func(i store.UserIdentity) bool { return i.Primary || i.Attribute == providers.Unlinked })) >= maxLinks {
		return errLinks
	}
	names, err := tx.UserIdentities.Attributes(pool.ID, i.Provider)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == providers.Unlinked })
	if !slices.Contains(names, i.Attribute) && len(names) >= maxLinkAttributes {
		return errAttributes
	}
	for name := range u.Attributes {
		if a := pool.Schema[name]; a != nil && strings.HasPrefix(name, "custom:") && !a.IsMutable() {
			return fault.New(fault.InvalidParameter, "Invalid DestinationUser: the attribute %s of the user cannot be updated.", name)
		}
	}
	if err := tx.UserIdentities.Insert(i); err != nil {
		return err
	}
	if err := tx.UserIdentities.Delete(pool.ID, i.Provider, providers.Unlinked, i.Value); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.show(tx, u)
}

// show writes the attribute identities of a user.
func (s *Service) show(tx store.Tx, u *store.User) error {
	if err := providers.ShowIdentities(tx, u); err != nil {
		return err
	}
	u.ModifiedAt = s.base.Now()
	return tx.Users.Update(*u)
}

// Disable takes an account off its user. The next sign-in with a linked account makes a new user. The account from which the user was created
// can no longer sign in, since the user keeps its name. Of the pool's own account, the user's password is taken: the user signs in with
// providers only, until an administrator sets a password.
func (s *Service) Disable(ctx context.Context, poolID string, a Account) error {
	pool, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	if a.Provider == local {
		return s.disablePassword(ctx, pool, a)
	}
	return s.change(ctx, func(tx store.Tx) error {
		i, err := tx.UserIdentities.Get(poolID, a.Provider, a.Attribute, a.Value)
		if err == nil && i.Attribute == providers.Unlinked {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := tx.UserIdentities.Delete(poolID, a.Provider, a.Attribute, a.Value); err != nil {
			return err
		}
		i.Attribute, i.Primary, i.CreatedAt = providers.Unlinked, false, s.base.Now()
		if err := tx.UserIdentities.Insert(i); err != nil && !errors.Is(err, store.ErrExists) {
			return err
		}
		u, err := tx.Users.Get(poolID, i.Sub)
		if err != nil {
			return err
		}
		return s.show(tx, &u)
	})
}

func (s *Service) disablePassword(ctx context.Context, pool *userpool.Pool, a Account) error {
	if a.Attribute != "" && a.Attribute != providers.Subject {
		return fault.New(fault.InvalidParameter, "Invalid User: ProviderAttributeName must be %s.", providers.Subject)
	}
	var sub string
	if err := s.base.View(ctx, func(tx store.Tx) error {
		u, err := pool.FindUser(tx, a.Value)
		sub = u.Sub
		return err
	}); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return userpool.ErrNoUser
		}
		return err
	}
	_, err := s.o.Users.Change(ctx, pool, sub, func(_ store.Tx, u *store.User) error {
		u.Password, u.Status = store.Password{}, userpool.StatusExternal
		return nil
	})
	return err
}

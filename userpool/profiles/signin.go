package profiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// visit is one sign-in.
type visit struct {
	*Service
	provider *providers.Provider
	pool     *userpool.Pool
	client   *userpool.Client
	proof    *providers.Proof
	from     userpool.ClientContext
	sub      string // of the user who has the account; "" = none

	name     string               // the name of the user whom the sign-in makes
	claims   map[string]string    // what the provider says, by its names
	replaced bool                 // InboundFederation said it instead
	mapped   map[string]string    // the same, by names of the pool
	writes   []userpool.Attribute // what of it the client may write
}

// SignIn finds, makes or updates the user behind a proof of the provider. An error for the client is a *providers.Refusal.
func (s *Service) SignIn(ctx context.Context, p *providers.Provider, pool *userpool.Pool, c *userpool.Client, proof *providers.Proof, from userpool.ClientContext) (*signin.Authentication, error) {
	x := &visit{Service: s, provider: p, pool: pool, client: c, proof: proof, from: from, claims: proof.Attributes}
	u, err := x.run(ctx)
	if err != nil {
		err = x.refuse(err)
		if r, ok := errors.AsType[*providers.Refusal](err); ok {
			r.Sub = x.sub
		}
		return nil, err
	}
	return signin.FederatedSignIn(pool, c, u, s.base.Now(), proof.Methods, signin.Foreign{Provider: p.Name, Subject: proof.Subject,
		NameIDFormat: proof.NameIDFormat, SessionIndex: proof.SessionIndex, Asserted: proof.Asserted, At: proof.At, Level: proof.Level}, from), nil
}

func (x *visit) run(ctx context.Context) (*store.User, error) {
	if err := x.setName(); err != nil {
		return nil, err
	}
	if err := x.inbound(ctx); err != nil {
		return nil, err
	}
	x.readAttributes()
	known, err := x.find(ctx)
	if err == nil && known == nil {
		known, err = x.linkByEmail(ctx)
	}
	if err != nil {
		return nil, err
	}
	if known != nil {
		return x.comeBack(ctx, known)
	}
	return x.signUp(ctx)
}

// call describes the sign-in for its triggers.
func (x *visit) call(u *store.User) triggers.Call {
	return triggers.Call{Pool: x.pool, Client: x.client, User: u, Metadata: x.from.Metadata}
}

// inbound lets InboundFederation replace what the provider says.
func (x *visit) inbound(ctx context.Context) error {
	replaced, err := x.o.Triggers.InboundFederation(ctx, x.call(&store.User{Username: x.name}), triggers.Inbound{
		ProviderName: x.provider.Name, ProviderType: string(x.provider.Type), Attributes: x.proof.Event})
	if err == nil && replaced != nil {
		x.claims, x.replaced = replaced, true
	}
	return err
}

// found is a user who has the account, and the record of it.
type found struct {
	user     store.User
	identity store.UserIdentity
}

func (x *visit) find(ctx context.Context) (f *found, err error) {
	err = x.base.View(ctx, func(tx store.Tx) error {
		f, err = x.lookUp(tx)
		return err
	})
	return f, err
}

// lookUp returns the user who has the account, by the provider's id or by an attribute that an administrator linked, or nil.
func (x *visit) lookUp(tx store.Tx) (*found, error) {
	f := new(found)
	get := func(attribute, value string) (err error) {
		if f.identity, err = tx.UserIdentities.Get(x.pool.ID, x.provider.Name, attribute, value); err != nil {
			return err
		}
		f.user, err = tx.Users.Get(x.pool.ID, f.identity.Sub)
		return err
	}
	err := get(providers.Subject, x.proof.Subject)
	if err == nil {
		return f, x.checkIssuer(&f.identity)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	attributes, err := tx.UserIdentities.Attributes(x.pool.ID, x.provider.Name)
	if err != nil {
		return nil, err
	}
	for _, name := range attributes {
		value := x.mapped[name]
		if name == providers.Subject || value == "" || x.denies(name) {
			continue
		}
		err := get(name, value)
		if err == nil {
			err = x.checkIssuer(&f.identity)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return f, err
		}
	}
	return nil, nil
}

// issuer returns who answers for the provider's id of the user.
func (x *visit) issuer() string { return cmp.Or(x.proof.Issuer, x.provider.Authority()) }

// checkIssuer refuses an account of another provider that had the name before: its ids are other people's.
func (x *visit) checkIssuer(i *store.UserIdentity) error {
	unused := i.Issuer == "" && !i.Primary // a link that no sign-in has used yet
	switch {
	case i.Issuer != "" && !x.provider.Had(i.Issuer, x.issuer()), unused && i.CreatedAt.Before(x.provider.Created):
		r := x.bad(received, "Invalid ProviderName/Username combination. ")
		r.Cause = fmt.Errorf("the account belongs to the issuer %q and not to %q; if it is the same provider, list the first one in %s", i.Issuer, x.issuer(), providers.FormerIssuers)
		return r
	}
	return nil
}

// still refuses the sign-in if the provider was deleted since it began, as the transaction that writes sees it.
func (x *visit) still(tx store.Tx) error {
	_, err := tx.IdentityProviders.Get(x.pool.ID, x.provider.Name)
	if errors.Is(err, store.ErrNotFound) {
		return x.bad("", "The identity provider no longer exists.")
	}
	return err
}

// identity returns the record of the account for a user.
func (x *visit) identity(sub string, primary bool) store.UserIdentity {
	return store.UserIdentity{PoolID: x.pool.ID, Provider: x.provider.Name, Attribute: providers.Subject, Value: x.proof.Subject, Sub: sub,
		Type: string(x.provider.Type), Issuer: x.issuer(), Primary: primary, CreatedAt: x.base.Now()}
}

package federation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/saml"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// SAML reads and answers what SAML providers demand. It is a *saml.Service.
type SAML interface {
	Demanded(ctx context.Context, poolID, base string, request url.Values, all []*providers.Provider) ([]*saml.Demand, error)
	Obeyed(ctx context.Context, d *saml.Demand, relay string) (location string, err error)
}

var errUsed = errors.New("federation: the request to sign a user out was used before")

// SignOut signs a user out whom a SAML provider signs out: it ends the sessions of browsers, the codes and the refresh tokens that came
// through sessions there. It returns the provider's address with the answer, or "". A request counts once. The browser need not have a
// session: what the store has ends. It runs to its end even if ctx is canceled.
func (s *Service) SignOut(ctx context.Context, poolID, base string, request url.Values) (string, error) {
	ctx = context.WithoutCancel(ctx)
	all, err := s.o.Providers.OfType(ctx, poolID, providers.SAML)
	if err != nil {
		return "", err
	}
	list, err := s.o.SAML.Demanded(ctx, poolID, base, request, all)
	if err != nil {
		return "", err
	}
	pool, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return "", err
	}
	err = s.o.Tokens.Revoking(ctx, func(tx store.Tx, r *tokens.Revocation) error {
		for _, d := range list {
			if err := s.obey(tx, r, pool, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return s.o.SAML.Obeyed(ctx, list[0], request.Get("RelayState"))
}

// obey spends a demand and ends what it is about, in one transaction: a demand that fails can be sent again.
func (s *Service) obey(tx store.Tx, r *tokens.Revocation, pool *userpool.Pool, d *saml.Demand) error {
	account := providers.Account{PoolID: d.Provider.PoolID, Provider: d.Provider.Name, Subject: d.Subject.Value}
	h := sha256.New()
	for _, part := range []string{"sign-out request", account.PoolID, account.Provider, d.ID} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	err := tx.SpentAssertions.Insert(store.SpentAssertion{ID: hex.EncodeToString(h.Sum(nil)), PoolID: account.PoolID, ExpiresAt: d.Until})
	if errors.Is(err, store.ErrExists) {
		return errUsed
	}
	if err != nil {
		return err
	}
	sessions := d.Sessions
	if len(sessions) == 0 {
		sessions = []string{""}
	}
	for _, account.Session = range sessions {
		if err := providers.MarkSignOut(tx, account, d.IssuedAt); err != nil {
			return err
		}
	}
	i, err := tx.UserIdentities.Get(account.PoolID, account.Provider, providers.Subject, account.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return nil // no user has signed in
	}
	if err != nil {
		return err
	}
	if _, err := tx.Users.Get(account.PoolID, i.Sub); err != nil { // locks the user, as sign-ins do
		return err
	}
	if err := s.o.OAuth.EndForeign(tx, i.Sub, account, d.Sessions); err != nil {
		return err
	}
	return r.SignOutOf(pool, i.Sub, account, d.Sessions)
}

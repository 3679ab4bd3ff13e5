package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Options are what New needs. Base and Pools are required.
type Options struct {
	Base    *userpool.Base    // the store with refresh families and sessions, and the clock
	Pools   *userpool.Service // finds pools, app clients and keys
	Revoker Revoker           // gets the revocations; nil if only this package checks tokens

	Triggers *triggers.Service // nil finds no function

	// KeepSSO leaves the sessions of browsers at the login pages when a user signs out everywhere, as Cognito does.
	KeepSSO bool
}

// Revoker distributes revocations to the verifiers of tokens, which then refuse the revoked tokens.
type Revoker interface {
	// Revoked is called after the store holds the revocations durably. It may be called again with the same ones. An
	// error fails the operation, and the client repeats it.
	Revoked(ctx context.Context, records ...revoke.Record) error
}

// Service issues, renews, checks and revokes tokens. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("tokens: Options.Base and Options.Pools are required")
	}
	if o.Triggers == nil {
		o.Triggers = triggers.New(triggers.Options{Logger: o.Base.Logger})
	}
	return &Service{o: o, base: o.Base}, nil
}

// Sweep deletes expired refresh families, sessions, challenges, device grants, requests to providers, used IDs and revocations, in small transactions.
func (s *Service) Sweep(ctx context.Context) error {
	const batch = 500
	for {
		most := 0
		err := s.base.Update(ctx, func(tx store.Tx) error {
			most = 0
			for _, remove := range []func(time.Time, int) (int, error){tx.RefreshTokens.DeleteExpired, tx.Sessions.DeleteExpired,
				tx.Challenges.DeleteExpired, tx.AuthorizationCodes.DeleteExpired, tx.DeviceGrants.DeleteExpired, tx.ProviderRequests.DeleteExpired, tx.SpentIDs.DeleteExpired, tx.SpentAssertions.DeleteExpired, tx.Revocations.DeleteExpired} {
				n, err := remove(s.base.Now(), batch)
				if err != nil {
					return err
				}
				most = max(most, n)
			}
			return nil
		})
		if err != nil || most < batch {
			return err
		}
	}
}

package signin

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// startRefresh is REFRESH_TOKEN_AUTH. AWS: with rotation only GetTokensFromRefreshToken renews.
func (s *Machine) startRefresh(ctx context.Context, a *attempt) (*Result, error) {
	if a.client.Rotates {
		return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
	}
	set, err := s.o.Tokens.Renew(ctx, tokens.RenewRequest{Pool: a.pool, Client: a.client, RefreshToken: a.params["REFRESH_TOKEN"],
		Confirm: func(u *store.User) error {
			// The hash is over the real user name here, which the client may not have sent.
			return a.client.CheckSecretHash(u.Username, a.params["SECRET_HASH"])
		}})
	if err != nil {
		return nil, err
	}
	return &Result{Tokens: set}, nil
}

// GetTokensFromRefreshToken renews, and replaces the refresh token when the client rotates.
func (s *Machine) GetTokensFromRefreshToken(ctx context.Context, clientID, clientSecret, refreshToken string) (*tokens.Set, error) {
	p, c, err := s.o.Pools.PoolAndClient(ctx, clientID)
	if err != nil {
		return nil, err
	}
	if !c.Rotates && !c.Allowed["ALLOW_REFRESH_TOKEN_AUTH"] {
		return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
	}
	if err := c.CheckSecret(clientSecret); err != nil {
		return nil, err
	}
	a := &attempt{pool: p, client: c, flow: "REFRESH_TOKEN_AUTH"}
	set, err := s.o.Tokens.Renew(ctx, tokens.RenewRequest{Pool: p, Client: c, RefreshToken: refreshToken})
	s.observe(a, &Result{Tokens: set}, err)
	return set, err
}

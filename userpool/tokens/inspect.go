package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// InspectAccess returns the holder of an access token of the pool, regardless of its scopes. The token of a client that acts for itself
// has no user and no family. Its refusals are those of Authenticate. Like that, it does not look at revocations that leave the
// family, such as those of a change of groups.
func (s *Service) InspectAccess(ctx context.Context, p *userpool.Pool, raw string) (*Holder, error) {
	return s.inspect(ctx, p, raw, false)
}

// InspectToExchange is InspectAccess for a token that Exchange gets. It reads the user's last revocation too, and refuses a token from before
// it: the new token would be dated after it.
func (s *Service) InspectToExchange(ctx context.Context, p *userpool.Pool, raw string) (*Holder, error) {
	return s.inspect(ctx, p, raw, true)
}

func (s *Service) inspect(ctx context.Context, p *userpool.Pool, raw string, dated bool) (*Holder, error) {
	t, err := p.VerifyAccess(ctx, raw)
	if err != nil {
		return nil, accessError(err)
	}
	if t.Subject != t.ClientID {
		return s.holder(ctx, p, t, dated)
	}
	_, c, err := s.o.Pools.ClientOf(ctx, p.ID, t.ClientID)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil, errAccessToken
	}
	return &Holder{Pool: p, Client: c, Token: t}, err
}

// Refresh is a refresh token that a client could use now.
type Refresh struct {
	Family store.RefreshToken // as of the check
	User   store.User         // as of the check
	Scopes []string           // of the access tokens that a renewal gives
}

// InspectRefresh returns what a refresh token of the client represents, without using it. Its refusals are those of Renew.
func (s *Service) InspectRefresh(ctx context.Context, p *userpool.Pool, client *userpool.Client, raw string) (*Refresh, error) {
	r, ok := s.openRefresh(p, raw)
	if !ok {
		return nil, errRefreshInvalid
	}
	c := &content{pool: p, client: client}
	var f *store.RefreshToken
	var outcome error
	err := s.base.View(ctx, func(tx store.Tx) error {
		known, err := tx.RefreshTokens.Get(r.family)
		if errors.Is(err, store.ErrNotFound) {
			outcome = errRefreshInvalid
			return nil
		}
		if err != nil {
			return err
		}
		f, outcome, err = s.readFamily(tx, c, r, &RenewRequest{Pool: p, Client: client, DeviceKey: known.DeviceKey})
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case outcome != nil:
		return nil, outcome
	case !equal(r.hash(), f.Hash):
		return nil, errRefreshInvalid
	}
	return &Refresh{Family: *f, User: *c.user, Scopes: c.scopes}, nil
}

// ExchangeRequest asks for an access token in exchange for another one.
type ExchangeRequest struct {
	Holder   *Holder          // of the other token, as InspectToExchange returned it
	Client   *userpool.Client // that asks: client_id of the new token
	Scopes   []string         // of the new token
	Audience string           // aud of the new token
}

// leftOut are the claims of a token that say something about its own issue only, or about a device that the new client has not.
var leftOut = []string{"device_key", "nbf", "azp", "scp", "nonce", "at_hash"}

// Exchange returns an access token for the user of another one. Its claims are those of the other token, so that it can do no more:
// what PreTokenGeneration left out stays out. It names the client that asked, in client_id and act, lives no longer than the other
// token, and ends with the same sign-in.
//
// Source: RFC 8693 sections 2.2 and 4.1.
func (s *Service) Exchange(r ExchangeRequest) (*Set, error) {
	if r.Holder.read.at.IsZero() {
		return nil, errors.New("tokens: Exchange needs a Holder of InspectToExchange")
	}
	t, claims := r.Holder.Token, map[string]any{}
	for name, value := range t.Claims.All() {
		claims[name] = json.RawMessage(value)
	}
	act := map[string]any{"sub": r.Client.ID}
	if before, ok := claims["act"]; ok {
		act["act"] = before
	}
	for _, name := range leftOut {
		delete(claims, name)
	}
	claims["act"], claims["client_id"], claims["aud"], claims["scope"] = act, r.Client.ID, r.Audience, strings.Join(r.Scopes, " ")
	if err := checkClaims(claims); err != nil {
		return nil, fmt.Errorf("tokens: exchange: %w", err)
	}
	iat := r.Holder.read.second()
	life := min(r.Client.Lives.Access, token.Instant(t.ExpiresAt).Sub(iat))
	if life < time.Second {
		return nil, errAccessExpired
	}
	access, err := s.sign(r.Holder.Pool, userpool.UseAccess, claims, iat, life)
	if err != nil {
		return nil, err
	}
	return &Set{AccessToken: access, ExpiresIn: int(life / time.Second)}, nil
}

package userpool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// selfScope is what an access token needs for operations on its own user.
const selfScope = "aws.cognito.signin.user.admin"

// caller is who holds an access token.
type caller struct {
	pool   *pool
	client *client
	user   store.User
	token  *token.Token
}

var (
	errAccessToken   = fault.New(fault.NotAuthorized, "Invalid Access Token")
	errAccessExpired = fault.New(fault.NotAuthorized, "Access Token has expired")
	errAccessRevoked = fault.New(fault.NotAuthorized, "Access Token has been revoked")
	errAccessScope   = fault.New(fault.NotAuthorized, "Access Token does not have required scopes")
)

// newVerifier makes what the pool's own access tokens are verified with.
func (s *Service) newVerifier(p *pool) (*token.Verifier, error) {
	set := s.keysets.of(p.ID)
	if err := s.keysets.publish(p.ID, p.keys.published(s.o.Now())); err != nil {
		return nil, err
	}
	return token.New(token.Options{Now: s.o.Now, Issuers: []token.Issuer{{
		URL: p.issuer, Keys: set, AnyClient: true, TokenUse: []string{"access"}, Leeway: clockLeeway,
	}}})
}

// authenticate verifies an access token of any of the pools: signature, time, use, scope, and that neither the sign-in
// nor the user behind it was revoked, disabled or deleted.
func (s *Service) authenticate(ctx context.Context, raw string) (*caller, error) {
	p, err := s.poolOfToken(ctx, raw)
	if err != nil {
		return nil, err
	}
	t, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, accessError(err)
	}
	if !slices.Contains(t.Scopes, selfScope) {
		return nil, errAccessScope
	}
	c, err := s.client(ctx, t.ClientID)
	if fault.Is(err, fault.ResourceNotFound) || (err == nil && c.PoolID != p.ID) {
		return nil, errAccessToken
	}
	if err != nil {
		return nil, err
	}
	who := &caller{pool: p, client: c, token: t}
	err = s.view(ctx, func(tx store.Tx) error {
		if who.user, err = tx.Users.Get(p.ID, t.Subject); err != nil {
			return err
		}
		family, err := tx.RefreshTokens.Get(t.OriginJTI)
		if err == nil && (!family.RevokedAt.IsZero() || family.Sub != t.Subject || family.PoolID != p.ID) {
			return errAccessRevoked
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		// The user is gone, or the family is: deleted with the user or the client, or expired.
		return nil, errAccessRevoked
	case err != nil:
		return nil, err
	case !who.user.Enabled:
		return nil, errDisabled
	}
	return who, nil
}

// poolOfToken finds the pool by the unverified iss: only a pool whose issuer is exactly that text is taken, and its keys
// then decide.
func (s *Service) poolOfToken(ctx context.Context, raw string) (*pool, error) {
	if len(raw) > token.DefaultMaxTokenBytes {
		return nil, errAccessToken
	}
	parts := strings.SplitN(raw, ".", 4)
	if len(parts) != 3 {
		return nil, errAccessToken
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errAccessToken
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, errAccessToken
	}
	id := claims.Issuer[strings.LastIndexByte(claims.Issuer, '/')+1:]
	if id == "" || len(id) > 55 || s.o.IssuerFor(id) != claims.Issuer {
		return nil, errAccessToken
	}
	p, err := s.pool(ctx, id)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil, errAccessToken
	}
	return p, err
}

func accessError(err error) error {
	switch fault.KindOf(err) {
	case fault.ExpiredToken:
		return errAccessExpired
	case fault.NotAuthorized:
		return fault.Wrap(fault.NotAuthorized, err, "%s", errAccessToken.Message)
	default:
	}
	return err
}

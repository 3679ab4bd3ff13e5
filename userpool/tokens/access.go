package tokens

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Holder is the holder of an access token.
type Holder struct {
	Pool   *userpool.Pool     // that issued the token
	Client *userpool.Client   // that the token names
	User   store.User         // as of the check; zero for a client that acts for itself
	Family store.RefreshToken // of the sign-in
	Token  *token.Token       // its claims, verified

	read moment // when User and Family were, if InspectToExchange read them
}

var (
	errAccessToken   = fault.New(fault.NotAuthorized, "Invalid Access Token")
	errAccessExpired = fault.New(fault.NotAuthorized, "Access Token has expired")
	errAccessRevoked = fault.New(fault.NotAuthorized, "Access Token has been revoked")
	// ErrAccessScope refuses a token without the scope that the operation requires.
	ErrAccessScope = fault.New(fault.NotAuthorized, "Access Token does not have required scopes")
)

// Authenticate verifies an access token of any of the pools: signature, time, use and scope, and that the user was not
// disabled or deleted and the sign-in was not revoked. Its refusals are fault.NotAuthorized, fault.UserNotFound for a user who was deleted,
// and fault.PasswordResetRequired for a user whose password an administrator has reset.
func (s *Service) Authenticate(ctx context.Context, raw string) (*Holder, error) {
	return s.AuthenticateFor(ctx, raw, SelfScope)
}

// AuthenticateFor is Authenticate for a token with another scope.
func (s *Service) AuthenticateFor(ctx context.Context, raw, scope string) (*Holder, error) {
	p, err := s.poolOfToken(ctx, raw)
	if err != nil {
		return nil, err
	}
	t, err := p.VerifyAccess(ctx, raw)
	if err != nil {
		return nil, accessError(err)
	}
	if !slices.Contains(t.Scopes, scope) {
		return nil, ErrAccessScope
	}
	return s.holder(ctx, p, t, false)
}

// holder returns the holder of a verified access token of the pool; dated sets Holder.read.
func (s *Service) holder(ctx context.Context, p *userpool.Pool, t *token.Token, dated bool) (*Holder, error) {
	c, err := s.o.Pools.Client(ctx, t.ClientID)
	if fault.Is(err, fault.ResourceNotFound) || (err == nil && c.PoolID != p.ID) {
		return nil, errAccessToken
	}
	if err != nil {
		return nil, err
	}
	h := &Holder{Pool: p, Client: c, Token: t}
	now := s.base.Now()
	err = s.base.View(ctx, func(tx store.Tx) error {
		if dated {
			if h.read, err = s.moment(tx, now, p.ID, t.Subject); err != nil {
				return err
			}
			if token.Instant(t.IssuedAt).Before(h.read.floor) {
				return errAccessRevoked
			}
		}
		h.User, err = tx.Users.Get(p.ID, t.Subject)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return userpool.ErrNoUser
		case err != nil:
			return err
		case !h.User.Enabled: // which revokes the family, too
			return userpool.ErrDisabled
		}
		h.Family, err = tx.RefreshTokens.Get(t.OriginJTI)
		if errors.Is(err, store.ErrNotFound) || // deleted with the client, or when it expired
			err == nil && (!h.Family.RevokedAt.IsZero() || h.Family.Sub != t.Subject || h.Family.PoolID != p.ID) {
			return errAccessRevoked
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case h.User.Status == userpool.StatusResetRequired:
		return nil, userpool.ErrResetRequired
	}
	return h, nil
}

// WithoutNoUser returns the error of an operation that does not declare fault.UserNotFound: for it, the token of a user who was deleted is
// revoked.
func WithoutNoUser(err error) error {
	if fault.Is(err, fault.UserNotFound) {
		return errAccessRevoked
	}
	return err
}

// poolOfToken finds the pool by the unverified iss. Only a pool whose issuer is exactly that text is returned; its keys
// then decide.
func (s *Service) poolOfToken(ctx context.Context, raw string) (*userpool.Pool, error) {
	issuer, _ := token.UnverifiedIssuer(raw)
	p, err := s.o.Pools.PoolOfIssuer(ctx, issuer)
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
		return err
	}
}

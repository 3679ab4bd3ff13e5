package userpool

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// The kinds of revocation that user pools make, and their keys.
const (
	// RevokedFamily kills every token whose origin_jti is the key, whenever it was issued.
	RevokedFamily = "family"
	// RevokedUser kills the tokens of a user, key RevokedUserKey, whose iat is before NotBefore. NotBefore is a whole
	// second; tokens issued after the revocation carry an iat that is not before it, so a sign-out and a sign-in within
	// one second are told apart. Such an iat may be up to a second or two ahead of the clock.
	RevokedUser = "user"
)

// RevokedUserKey is the key of a RevokedUser revocation.
func RevokedUserKey(issuer, sub string) string { return issuer + "\n" + sub }

// tokenAfterlife is how long something got with a token can outlive the revocation: the longest token, then temporary
// credentials of the longest duration made in its last moment.
const tokenAfterlife = maxShort + 12*time.Hour + time.Hour

// RevokeToken ends the family of a refresh token: it and every token with its origin_jti. Doing it twice is fine.
func (s *Service) RevokeToken(ctx context.Context, clientID, clientSecret, text string) error {
	_, c, err := s.poolAndClient(ctx, clientID)
	if err != nil {
		return err
	}
	if err := c.checkSecret(clientSecret); err != nil {
		return err
	}
	if c.Settings.EnableTokenRevocation != nil && !*c.Settings.EnableTokenRevocation {
		return fault.New(fault.UnsupportedOperation, "Revocation is not supported for the app client %s.", c.ID)
	}
	r, ok := s.openRefresh(text)
	if !ok {
		if strings.Count(text, ".") == 2 {
			return fault.New(fault.UnsupportedTokenType, "Unsupported token type")
		}
		return fault.New(fault.InvalidParameter, "Invalid token.")
	}
	var f store.RefreshToken
	err = s.view(ctx, func(tx store.Tx) (err error) {
		f, err = tx.RefreshTokens.Get(r.family)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // it has ended already
	}
	if err != nil {
		return err
	}
	if f.ClientID != c.ID {
		return fault.New(fault.Unauthorized, "Token is not from a supported client.")
	}
	return s.revokeFamily(ctx, r.family)
}

// revokeFamily marks a family as ended, in the store and wherever tokens are checked.
func (s *Service) revokeFamily(ctx context.Context, id string) error {
	r := store.Revocation{Kind: RevokedFamily, Key: id, Until: s.o.Now().Add(tokenAfterlife)}
	err := s.update(ctx, func(tx store.Tx) error {
		f, err := tx.RefreshTokens.Get(id)
		if errors.Is(err, store.ErrNotFound) {
			return tx.Revocations.Put(r)
		}
		if err != nil {
			return err
		}
		if f.RevokedAt.IsZero() {
			f.RevokedAt = s.o.Now()
			if err := tx.RefreshTokens.Update(f); err != nil {
				return err
			}
		}
		return tx.Revocations.Put(r)
	})
	return s.announce(ctx, []store.Revocation{r}, err)
}

// GlobalSignOut ends all sign-ins of the token's user.
func (s *Service) GlobalSignOut(ctx context.Context, accessToken string) error {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.signOut(ctx, func(tx store.Tx) (store.User, error) { return tx.Users.Get(who.pool.ID, who.user.Sub) })
}

// AdminUserGlobalSignOut ends all sign-ins of a user.
func (s *Service) AdminUserGlobalSignOut(ctx context.Context, poolID, name string) error {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.signOut(ctx, func(tx store.Tx) (store.User, error) { return p.findUser(tx, name) })
}

func (s *Service) signOut(ctx context.Context, find func(store.Tx) (store.User, error)) error {
	defer s.cutoffs.begin()()
	var revoked []store.Revocation
	err := s.update(ctx, func(tx store.Tx) error {
		u, err := find(tx)
		if err != nil {
			return err
		}
		revoked, err = s.revokeUser(tx, &u)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoUser
	}
	return s.announce(ctx, revoked, err)
}

// revokeUser ends all families of a user and kills the tokens issued so far.
func (s *Service) revokeUser(tx store.Tx, u *store.User) ([]store.Revocation, error) {
	families, err := tx.RefreshTokens.OfUser(u.PoolID, u.Sub)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	for _, f := range families {
		if !f.RevokedAt.IsZero() || !now.Before(f.ExpiresAt) {
			continue
		}
		f.RevokedAt = now
		if err := tx.RefreshTokens.Update(f); err != nil {
			return nil, err
		}
	}
	r, err := s.revokeIssued(tx, &pool{issuer: s.o.IssuerFor(u.PoolID)}, u)
	return []store.Revocation{r}, err
}

// revokeIssued kills the tokens issued to a user so far; renewals give new ones. The operation must stand between begin of
// the cutoffs and its end.
func (s *Service) revokeIssued(tx store.Tx, p *pool, u *store.User) (store.Revocation, error) {
	now := s.o.Now()
	r := store.Revocation{Kind: RevokedUser, Key: RevokedUserKey(p.issuer, u.Sub),
		NotBefore: s.cutoffs.raise(u.PoolID, u.Sub, now), Until: now.Add(tokenAfterlife)}
	return r, tx.Revocations.Put(r)
}

// announce tells the revoker what the store has, unless the transaction failed.
func (s *Service) announce(ctx context.Context, revoked []store.Revocation, err error) error {
	if err != nil || s.o.Revoker == nil || len(revoked) == 0 {
		return err
	}
	if err := s.o.Revoker.Revoked(ctx, revoked...); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The service is not available. Try again.")
	}
	return nil
}

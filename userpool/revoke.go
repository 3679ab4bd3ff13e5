package userpool

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Two kinds of revoke.Record are made here. Family ends one sign-in: RevokeToken, and the reuse of a refresh token.
// Issued kills what a user was issued so far; together with the end of the user's refresh families in the same
// transaction it is a sign-out. New tokens carry an iat that is not before it, see cutoffs.

// kept is how the store keeps a record: the key is issuer, name and, of a family, the subject if it is known.
func kept(r revoke.Record) store.Revocation {
	out := store.Revocation{Kind: string(r.Kind), Key: r.Issuer + "\n" + r.Name, Until: time.UnixMilli(r.Until).UTC()}
	if r.Of != "" {
		out.Key += "\n" + r.Of
	}
	if r.At != 0 {
		out.NotBefore = time.UnixMilli(r.At).UTC()
	}
	return out
}

// Revocations returns the revocations of user pools that the store holds and that are not over, for an index that starts
// empty. Records of other makers are left out.
func (s *Service) Revocations(ctx context.Context) ([]revoke.Record, error) {
	var live []store.Revocation
	if err := s.view(ctx, func(tx store.Tx) (err error) {
		live, err = tx.Revocations.Live(s.o.Now())
		return err
	}); err != nil {
		return nil, err
	}
	var list []revoke.Record
	for _, r := range live {
		kind := revoke.Kind(r.Kind)
		issuer, name, ok := strings.Cut(r.Key, "\n")
		if !ok || (kind != revoke.KindFamily && kind != revoke.KindIssued) {
			continue
		}
		name, subject, _ := strings.Cut(name, "\n")
		record := revoke.Record{Kind: kind, Issuer: issuer, Name: name, Of: subject, Until: r.Until.UnixMilli()}
		if !r.NotBefore.IsZero() {
			record.At = r.NotBefore.UnixMilli()
		}
		list = append(list, record)
	}
	return list, nil
}

// tokenAfterlife is how long something got with a token can outlive the revocation: the longest token, then temporary
// credentials of the longest duration made in its last moment.
const tokenAfterlife = maxShort + 12*time.Hour + time.Hour

// RevokeToken ends the family of a refresh token: it and every token with its origin_jti. Doing it twice is fine.
func (s *Service) RevokeToken(ctx context.Context, clientID, clientSecret, text string) error {
	p, c, err := s.poolAndClient(ctx, clientID)
	if fault.Is(err, fault.ResourceNotFound) {
		return fault.Wrap(fault.Unauthorized, err, "Invalid client id.") // the only kind that the operation has for it
	}
	if err != nil {
		return err
	}
	if err := c.checkSecret(clientSecret); err != nil {
		return fault.Wrap(fault.Unauthorized, err, "Client secret mismatch.")
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
	return s.revokeFamily(ctx, p.issuer, r.family)
}

// revokeFamily marks a family as ended, in the store and wherever tokens are checked.
func (s *Service) revokeFamily(ctx context.Context, issuer, id string) error {
	now := s.o.Now()
	r := revoke.Family(issuer, id, now.Add(tokenAfterlife))
	err := s.update(ctx, func(tx store.Tx) error {
		f, err := tx.RefreshTokens.Get(id)
		if errors.Is(err, store.ErrNotFound) {
			return tx.Revocations.Put(kept(r))
		}
		if err != nil {
			return err
		}
		// No token of the family has an iat after that, see clockLeeway.
		r = revoke.FamilyOf(issuer, f.Sub, id, now.Add(clockLeeway), now.Add(tokenAfterlife))
		if f.RevokedAt.IsZero() {
			f.RevokedAt = now
			if err := tx.RefreshTokens.Update(f); err != nil {
				return err
			}
		}
		return tx.Revocations.Put(kept(r))
	})
	return s.announce(ctx, []revoke.Record{r}, err)
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
	var revoked []revoke.Record
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
func (s *Service) revokeUser(tx store.Tx, u *store.User) ([]revoke.Record, error) {
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
	return []revoke.Record{r}, err
}

// revokeIssued kills the tokens issued to a user so far; renewals give new ones. The operation must stand between begin of
// the cutoffs and its end.
func (s *Service) revokeIssued(tx store.Tx, p *pool, u *store.User) (revoke.Record, error) {
	now := s.o.Now()
	at := s.cutoffs.raise(u.PoolID, u.Sub, now)
	r := revoke.Issued(p.issuer, u.Sub, at, now.Add(tokenAfterlife))
	return r, tx.Revocations.Put(kept(r))
}

// announce tells the revoker what the store has, unless the transaction failed.
func (s *Service) announce(ctx context.Context, revoked []revoke.Record, err error) error {
	if err != nil || s.o.Revoker == nil || len(revoked) == 0 {
		return err
	}
	if err := s.o.Revoker.Revoked(ctx, revoked...); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The service is not available. Try again.")
	}
	return nil
}

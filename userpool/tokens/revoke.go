package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
)

// This file makes two kinds of revoke.Record. Family ends one sign-in: RevokeToken and the reuse of a refresh token make
// it. Issued revokes the tokens that a user was issued so far. A sign-out makes one, and ends the user's refresh families
// in the same transaction. Tokens issued later have a later iat: see cutoffs.go.

// kept returns the record as the store keeps it. The key is issuer, name and, for a family, the subject if it is known.
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

// Revocations returns the revocations of user pools that have not expired, to fill an index at start. It leaves out
// records that other packages made.
func (s *Service) Revocations(ctx context.Context) ([]revoke.Record, error) {
	return s.revocations(ctx, func(tx store.Tx) ([]store.Revocation, error) { return tx.Revocations.Live(s.base.Now()) })
}

// RevocationsSince returns the revocations of user pools that were made at a time or later, by any process.
func (s *Service) RevocationsSince(ctx context.Context, at time.Time) ([]revoke.Record, error) {
	return s.revocations(ctx, func(tx store.Tx) ([]store.Revocation, error) { return tx.Revocations.Since(at) })
}

// RevocationsOf returns the revocations of user pools that changes in the store name, unless they have expired.
func (s *Service) RevocationsOf(ctx context.Context, changes []store.Change) ([]revoke.Record, error) {
	keys := make([]store.RevocationKey, len(changes))
	for i, c := range changes {
		keys[i] = store.RevocationKey{Kind: c.Pool, Key: c.Key}
	}
	return s.revocations(ctx, func(tx store.Tx) ([]store.Revocation, error) { return tx.Revocations.GetSome(keys) })
}

func (s *Service) revocations(ctx context.Context, read func(store.Tx) ([]store.Revocation, error)) ([]revoke.Record, error) {
	var live []store.Revocation
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		live, err = read(tx)
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

// tokenAfterlife is how long a revocation must be kept: the longest lifetime of a token, plus that of temporary credentials
// obtained just before it expires, plus an hour.
const tokenAfterlife = userpool.MaxTokenLife + 12*time.Hour + time.Hour

// TokenRevocation is the input of RevokeToken.
type TokenRevocation struct {
	ClientID     string // names the app client, and so the pool
	ClientSecret string // "" for a public client
	Token        string // a refresh token
	Linked       bool   // ends the SSO session that the token session came through too, if the pool tracks sessions
}

// RevokeToken ends the family of a refresh token: the refresh token and every token with its origin_jti. Revoking it again
// is not an error. It runs to its end even if ctx is canceled.
func (s *Service) RevokeToken(ctx context.Context, in TokenRevocation) error {
	ctx = context.WithoutCancel(ctx)
	p, c, err := s.o.Pools.PoolAndClient(ctx, in.ClientID)
	if fault.Is(err, fault.ResourceNotFound) {
		return fault.Wrap(fault.Unauthorized, err, "Invalid client id.") // the only fault kind that the operation documents
	}
	if err != nil {
		return err
	}
	if err := c.CheckSecret(in.ClientSecret); err != nil {
		return fault.Wrap(fault.Unauthorized, err, "Client secret mismatch.")
	}
	return s.Revoke(ctx, p, c, in.Token, in.Linked)
}

// Revoke is RevokeToken for a client that has authenticated.
func (s *Service) Revoke(ctx context.Context, p *userpool.Pool, c *userpool.Client, raw string, linked bool) error {
	ctx = context.WithoutCancel(ctx)
	if !c.Revokes {
		return fault.New(fault.UnsupportedOperation, "Revocation is not supported for the app client %s.", c.ID)
	}
	r, ok := s.openRefresh(p, raw)
	if !ok {
		if strings.Count(raw, ".") == 2 {
			return fault.New(fault.UnsupportedTokenType, "Unsupported token type")
		}
		return fault.New(fault.InvalidParameter, "Invalid token.")
	}
	var f store.RefreshToken
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		f, err = tx.RefreshTokens.Get(r.family)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return s.revokeFamily(ctx, p.Issuer, r.family) // expired, or trimmed while its access tokens may live
	}
	if err != nil {
		return err
	}
	if f.ClientID != c.ID {
		return fault.New(fault.Unauthorized, "Token is not from a supported client.")
	}
	if linked && p.Settings.SessionConfiguration.Tracks() {
		if err := s.endParent(ctx, r.family); err != nil {
			return err
		}
	}
	return s.revokeFamily(ctx, p.Issuer, r.family)
}

// endParent ends the SSO session that the session of a family came through.
func (s *Service) endParent(ctx context.Context, family string) error {
	return s.base.Update(ctx, func(tx store.Tx) error {
		x, err := tx.Sessions.OfFamily(family)
		if errors.Is(err, store.ErrNotFound) || (err == nil && x.Origin == "") {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.Sessions.Delete(x.Origin)
	})
}

// EndFamily revokes a refresh family of the pool, and the tokens with its origin_jti. It runs to its end even if ctx is canceled.
func (s *Service) EndFamily(ctx context.Context, p *userpool.Pool, id string) error {
	return s.revokeFamily(ctx, p.Issuer, id)
}

// revokeFamily revokes a family in the store and then calls the Revoker, even if ctx is canceled.
func (s *Service) revokeFamily(ctx context.Context, issuer, id string) error {
	ctx = context.WithoutCancel(ctx)
	var r revoke.Record
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		r, err = s.endFamily(tx, issuer, id)
		return err
	})
	if err != nil {
		return err
	}
	return s.announce(ctx, []revoke.Record{r})
}

// endFamily revokes a family in the store. It returns the revocation to announce after the commit.
func (s *Service) endFamily(tx store.Tx, issuer, id string) (revoke.Record, error) {
	f, err := tx.RefreshTokens.Get(id)
	if errors.Is(err, store.ErrNotFound) {
		f, err = store.RefreshToken{ID: id, RevokedAt: s.base.Now()}, nil // whose it was is not known any more
	}
	if err != nil {
		return revoke.Record{}, err
	}
	r := s.familyRevocation(issuer, &f)
	if f.RevokedAt.IsZero() {
		f.RevokedAt = s.base.Now()
		if err := tx.RefreshTokens.Update(f); err != nil {
			return r, err
		}
	}
	return r, tx.Revocations.Put(kept(r))
}

// familyRevocation revokes the tokens of a family.
func (s *Service) familyRevocation(issuer string, f *store.RefreshToken) revoke.Record {
	now := s.base.Now()
	return revoke.FamilyOf(issuer, f.Sub, f.ID, now.Add(revoke.MaxLead), now.Add(tokenAfterlife)) // no token of the family has a later iat
}

// GlobalSignOut ends all sign-ins of the token's user. It runs to its end even if ctx is canceled.
func (s *Service) GlobalSignOut(ctx context.Context, accessToken string) error {
	ctx = context.WithoutCancel(ctx)
	h, err := s.Authenticate(ctx, accessToken)
	if err != nil {
		return WithoutNoUser(err)
	}
	err = s.Revoking(ctx, func(tx store.Tx, r *Revocation) error {
		u, err := tx.Users.Get(h.Pool.ID, h.User.Sub)
		if err != nil {
			return err
		}
		return r.SignOut(&u)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errAccessRevoked
	}
	if err == nil {
		s.base.Told(userpool.Event{Kind: userpool.UserSignedOut, PoolID: h.Pool.ID, Sub: h.User.Sub})
	}
	return err
}

// Revoking runs change in a transaction that can revoke tokens through r, possibly more than once. After the commit it
// calls the Revoker. It runs to its end even if ctx is canceled, so that a client that hangs up does not keep access.
func (s *Service) Revoking(ctx context.Context, change func(tx store.Tx, r *Revocation) error) error {
	ctx = context.WithoutCancel(ctx)
	r := &Revocation{service: s}
	err := s.base.Update(ctx, func(tx store.Tx) error {
		r.tx, r.records, r.cuts, r.began = tx, nil, nil, s.base.Now()
		return change(tx, r)
	})
	if err != nil {
		return err
	}
	err = s.recut(ctx, r)
	return errors.Join(s.announce(ctx, r.records), err)
}

// recut revokes again, up to the end of the transaction of r, what users were issued.
func (s *Service) recut(ctx context.Context, r *Revocation) error {
	var again []revoke.Record
	now := s.base.Now()
	for i := range r.cuts {
		if record, late := r.cuts[i].late(s.o.Pools.IssuerOf(r.cuts[i].poolID), now); late {
			again = append(again, record)
		}
	}
	if len(again) == 0 {
		return nil
	}
	r.records = append(r.records, again...)
	return s.base.Update(ctx, func(tx store.Tx) error {
		for _, record := range again {
			if err := tx.Revocations.Put(kept(record)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Revocation collects the revocations of a transaction. It is valid inside the function that Revoking runs.
type Revocation struct {
	service *Service
	tx      store.Tx
	records []revoke.Record
	cuts    []cut
	began   time.Time // the transaction, by the clock of this process
}

// SignOut ends all sign-ins of a user: refresh tokens, the tokens issued so far, codes of OAuth, the sessions of browsers unless
// Options.KeepSSO is set, and the Session of a confirmed sign-up.
func (r *Revocation) SignOut(u *store.User) error {
	if err := userpool.EndSignUp(r.tx, u); err != nil {
		return err
	}
	if err := r.tx.RefreshTokens.RevokeOfUser(u.PoolID, u.Sub, r.service.base.Now()); err != nil {
		return err
	}
	if err := r.tx.AuthorizationCodes.DeleteOfUser(u.PoolID, u.Sub); err != nil {
		return err
	}
	if !r.service.o.KeepSSO {
		if err := r.tx.Sessions.TrimSSO(u.PoolID, u.Sub, 0); err != nil {
			return err
		}
	}
	return r.Issued(*u)
}

// SignOutOf ends the sign-ins of a user with an account at an identity provider, or those in the sessions there if there are any: refresh
// tokens, and the tokens issued with them. A sign-in whose session is not known ends too. The caller ends the sessions of browsers.
func (r *Revocation) SignOutOf(p *userpool.Pool, sub string, a providers.Account, sessions []string) error {
	list, err := r.tx.RefreshTokens.OfUser(p.ID, sub)
	if err != nil {
		return err
	}
	for _, f := range list {
		var state familyContext
		if err := json.Unmarshal(f.Context, &state); err != nil { // its owner is unknown: it ends too
			r.service.base.Logger.Error("a record of a sign-in cannot be read; the sign-in ends", "pool", p.ID, "user", sub, "family", f.ID, "error", err)
			state = familyContext{Provider: a.Provider, Subject: a.Subject}
		}
		if state.Provider != a.Provider || state.Subject != a.Subject || !f.RevokedAt.IsZero() ||
			len(sessions) > 0 && state.Session != "" && !slices.Contains(sessions, state.Session) {
			continue
		}
		records, err := r.end(p, f.ID)
		if err != nil {
			return err
		}
		r.records = append(r.records, records...)
	}
	return nil
}

// end revokes a family, with the record of its session if there is one.
func (r *Revocation) end(p *userpool.Pool, family string) ([]revoke.Record, error) {
	x, err := r.tx.Sessions.OfFamily(family)
	if errors.Is(err, store.ErrNotFound) {
		x, err = store.Session{Family: family}, nil
	}
	if err != nil {
		return nil, err
	}
	return r.service.endSession(r.tx, p, x)
}

// Issued revokes the ID and access tokens issued to users of one pool so far. Refresh tokens stay valid and give new ones.
func (r *Revocation) Issued(users ...store.User) error {
	if len(users) == 0 {
		return nil
	}
	now, issuer := r.service.base.Now(), r.service.o.Pools.IssuerOf(users[0].PoolID)
	records, keys := make([]revoke.Record, len(users)), make([]string, len(users))
	for i := range users {
		records[i] = revoke.Issued(issuer, users[i].Sub, now, now.Add(tokenAfterlife))
		keys[i] = kept(records[i]).Key
	}
	ends, at, err := r.tx.Revocations.Advance(string(revoke.KindIssued), keys, now, int(maxAhead/time.Second), now.Add(tokenAfterlife))
	if err != nil {
		return err
	}
	for i, end := range ends {
		if !end.IsZero() {
			records[i].At = end.UnixMilli()
		}
		r.cuts = append(r.cuts, cut{poolID: users[i].PoolID, sub: users[i].Sub, began: r.began, at: at, end: end}) //nolint:gosec // G602: an end for each user
	}
	r.records = append(r.records, records...)
	return nil
}

// announce passes stored revocations to the Revoker.
func (s *Service) announce(ctx context.Context, records []revoke.Record) error {
	if s.o.Revoker == nil || len(records) == 0 {
		return nil
	}
	if err := s.o.Revoker.Revoked(ctx, records...); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The service is not available. Try again.")
	}
	return nil
}

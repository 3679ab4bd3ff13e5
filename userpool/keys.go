package userpool

import (
	"context"
	"io"
	"time"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
)

// The uses of a pool's keys. As in Cognito, different keys sign ID and access tokens.
const (
	UseID     = "id"
	UseAccess = "access"
)

// keyAfterlife is how long a key stays published after it has signed: longer than the longest ID or access token lives.
const keyAfterlife = MaxTokenLife + time.Hour

// hintLife is how long an ID token is a hint after its key is published no more: as long as the longest session of a browser, since OpenID
// Connect RP-Initiated Logout 1.0 section 2 wants a session to end by an ID token that has expired. The private half stays in the record,
// sealed: who had it could forge hints, and nothing else.
const hintLife = maxSSOMinutes * time.Minute

// purposeSigningKey seals private keys.
const purposeSigningKey = "signing key"

// KeySeal returns the purpose and the additional data with which a signing key of a pool is sealed.
func KeySeal(k *store.SigningKey) (purpose string, additional []byte) {
	return purposeSigningKey, keyring.Bind(k.Owner, k.ID, k.Use)
}

// newRing returns the ring of all pools' keys. A pool ID owns the keys of its pool.
func newRing(o Options) (*keyring.Ring, error) {
	return keyring.New(keyring.Options{
		Store: lease.Checked(o.Base.Store), Seal: o.Base.Seal, Now: o.Base.Now, Rand: o.Base.Rand, Purpose: purposeSigningKey,
		NewKey: func(rand io.Reader, _ []store.SigningKey) (*token.SigningKey, error) { return o.NewKey(rand) },
		Schedule: keyring.Schedule{Period: o.KeyRotation, Lead: o.KeyLead, Linger: keyAfterlife,
			Kept: map[string]time.Duration{UseID: hintLife}},
		Rotated: func(k store.SigningKey) {
			o.Base.Told(Event{Kind: KeyRotated, PoolID: k.Owner, KeyID: k.ID, Use: k.Use})
		},
	})
}

// firstKeys returns the keys of a new pool.
func (s *Service) firstKeys(poolID string) ([]store.SigningKey, error) {
	var keys []store.SigningKey
	for _, use := range []string{UseID, UseAccess} {
		k, err := s.ring.First(poolID, use)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// KeySet returns the pool's public keys as a set that follows rotations. Lookups return token.ErrKeysUnavailable until Start
// or the first use of the pool loads its keys.
func (s *Service) KeySet(poolID string) token.KeySet { return s.ring.KeySet(poolID) }

// JWKS returns the pool's JSON Web Key Set.
func (s *Service) JWKS(ctx context.Context, poolID string) ([]byte, error) {
	p, err := s.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	return token.MarshalJWKS(p.keys.Published(s.base.Now())...)
}

// Issuer returns the iss of the pool's tokens, or fault.ResourceNotFound when there is no such pool.
func (s *Service) Issuer(ctx context.Context, poolID string) (string, error) {
	p, err := s.Pool(ctx, poolID)
	if err != nil {
		return "", err
	}
	return p.Issuer, nil
}

// IssuerOf returns the iss of the pool's tokens, whether or not there is such a pool.
func (s *Service) IssuerOf(poolID string) string { return s.o.IssuerFor(poolID) }

// forgetKeys empties the key set of a deleted pool: none of its tokens verifies any more.
func (s *Service) forgetKeys(poolID string) {
	if err := s.ring.Withdraw(poolID); err != nil {
		s.base.Logger.Error("emptying the key set of a deleted pool", "pool", poolID, "error", err)
	}
}

// Start loads the keys of every pool, so that tokens verify from the first request on, and rotates keys that are due.
func (s *Service) Start(ctx context.Context) error { return s.RotateKeys(ctx) }

// RotateKeys rotates the keys of every pool that are due; see keyring.Ring.Rotate.
func (s *Service) RotateKeys(ctx context.Context) error {
	after := ""
	for {
		var recs []store.Pool
		err := s.base.View(ctx, func(tx store.Tx) (err error) {
			recs, err = tx.Pools.List(store.Page{After: after, Limit: 100})
			return err
		})
		if err != nil || len(recs) == 0 {
			return err
		}
		for _, rec := range recs {
			after = rec.ID
			if err := s.RotatePool(ctx, rec.ID); err != nil {
				return err
			}
		}
	}
}

func (s *Service) RotatePool(ctx context.Context, poolID string) error {
	changed, err := s.ring.Rotate(ctx, poolID, UseID, UseAccess)
	if changed {
		s.pools.drop(poolID)
	}
	if err != nil {
		return storeError(err)
	}
	p, err := s.Pool(ctx, poolID)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	return s.ring.Publish(poolID, p.keys)
}

// KeyRotation is how long a key of a pool signs, unless Options say otherwise.
const KeyRotation = 90 * 24 * time.Hour

// AdvanceKeys publishes the next keys of a pool now; see keyring.Ring.Advance. A pool that does not exist is fault.ResourceNotFound.
func (s *Service) AdvanceKeys(ctx context.Context, poolID string) (next []store.SigningKey, err error) {
	if _, err := s.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	for _, use := range []string{UseID, UseAccess} {
		k, _, err := s.ring.Advance(ctx, poolID, use)
		if err != nil {
			return next, err
		}
		next = append(next, k)
	}
	return next, s.RotatePool(ctx, poolID)
}

// RevokeKey deletes a key of a pool that another person knows, and returns the one that signs in its place; see keyring.Ring.Revoke.
func (s *Service) RevokeKey(ctx context.Context, poolID, id string) (store.SigningKey, error) {
	if _, err := s.Pool(ctx, poolID); err != nil {
		return store.SigningKey{}, err
	}
	signs, err := s.ring.Revoke(ctx, poolID, id)
	if err != nil {
		return signs, err
	}
	s.pools.drop(poolID)
	return signs, s.RotatePool(ctx, poolID)
}

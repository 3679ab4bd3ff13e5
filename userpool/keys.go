package userpool

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// The uses of a pool's keys. AWS: ID and access token are signed by different keys.
const (
	UseID     = "id"
	UseAccess = "access"
)

// keyAfterlife is how long a public half stays published after its key has stopped signing: longer than the longest ID or
// access token lives.
const keyAfterlife = MaxTokenLife + time.Hour

// purposeSigningKey seals private keys; the additional data is owner, id and use.
const purposeSigningKey = "signing key"

// keyring holds a pool's keys, ready to sign. It is shared and must not be changed.
type keyring struct {
	keys []ringKey // by SignsFrom
}

type ringKey struct {
	rec store.SigningKey
	key *token.SigningKey
}

// signer returns the key that signs for the use now.
func (r *keyring) signer(use string, now time.Time) (*token.SigningKey, error) {
	for _, k := range slices.Backward(r.keys) {
		if k.rec.Use == use && !now.Before(k.rec.SignsFrom) && (k.rec.SignsTo.IsZero() || now.Before(k.rec.SignsTo)) {
			return k.key, nil
		}
	}
	return nil, fmt.Errorf("userpool: no key signs for %s tokens now", use)
}

// published returns the public keys that verifiers must know now: of the last keys, the current and the next.
func (r *keyring) published(now time.Time) []token.PublicKey {
	var list []token.PublicKey
	for _, k := range r.keys {
		if k.rec.ExpiresAt.IsZero() || now.Before(k.rec.ExpiresAt) {
			list = append(list, k.key.Public())
		}
	}
	return list
}

func keyAAD(k *store.SigningKey) []byte { return []byte(k.Owner + "\n" + k.ID + "\n" + k.Use) }

// openKeys unseals a pool's keys.
func (s *Service) openKeys(recs []store.SigningKey) (*keyring, error) {
	ring := &keyring{}
	for _, rec := range recs {
		der, err := s.base.Seal.Open(purposeSigningKey, rec.Private, keyAAD(&rec))
		if err != nil {
			return nil, fmt.Errorf("userpool: signing key of %s: %w", rec.Owner, err)
		}
		key, err := token.ParsePrivate(rec.ID, rec.Algorithm, der)
		if err != nil {
			return nil, fmt.Errorf("userpool: signing key of %s: %w", rec.Owner, err)
		}
		rec.Private = nil
		ring.keys = append(ring.keys, ringKey{rec, key})
	}
	slices.SortStableFunc(ring.keys, func(a, b ringKey) int { return a.rec.SignsFrom.Compare(b.rec.SignsFrom) })
	return ring, nil
}

// newKeyRecord makes a key and its sealed record.
func (s *Service) newKeyRecord(owner, use string, signsFrom time.Time) (store.SigningKey, error) {
	key, err := s.o.NewKey(s.base.Rand)
	if err != nil {
		return store.SigningKey{}, err
	}
	der, err := key.MarshalPrivate()
	if err != nil {
		return store.SigningKey{}, err
	}
	rec := store.SigningKey{Owner: owner, ID: key.ID, Use: use, Algorithm: key.Algorithm, CreatedAt: s.base.Now(), SignsFrom: signsFrom}
	rec.Private, err = s.base.Seal.Seal(purposeSigningKey, der, keyAAD(&rec))
	return rec, err
}

// firstKeys are those of a new pool.
func (s *Service) firstKeys(poolID string) ([]store.SigningKey, error) {
	var keys []store.SigningKey
	for _, use := range []string{UseID, UseAccess} {
		k, err := s.newKeyRecord(poolID, use, s.base.Now().Truncate(time.Second))
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// keysets are the public keys of all pools for verifiers in this process; one per pool for the life of the process, so
// that whoever holds it sees rotations.
type keysets struct {
	mu   sync.Mutex
	sets map[string]*token.StaticKeys
	gone map[string]bool // deleted pools: a read that began before the deletion must not bring their keys back
}

func newKeysets() *keysets {
	return &keysets{sets: map[string]*token.StaticKeys{}, gone: map[string]bool{}}
}

// publish makes the keys the pool's, unless the pool was deleted.
func (k *keysets) publish(poolID string, keys []token.PublicKey) error {
	set := k.of(poolID)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gone[poolID] {
		return nil
	}
	return set.Set(keys...)
}

// bury empties the set of a deleted pool for good, and revive lets a new pool of that id have keys again.
func (k *keysets) bury(poolID string) error {
	set := k.of(poolID)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone[poolID] = true
	return set.Set()
}

func (k *keysets) revive(poolID string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.gone, poolID)
}

func (k *keysets) of(poolID string) *token.StaticKeys {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.sets[poolID]
	if set == nil {
		set = &token.StaticKeys{}
		k.sets[poolID] = set
	}
	return set
}

// KeySet returns the pool's public keys as a set that follows rotations. It is empty, and answers
// token.ErrKeysUnavailable, until the pool is there and its keys were loaded by Start or by first use.
func (s *Service) KeySet(poolID string) token.KeySet { return s.keysets.of(poolID) }

// JWKS returns the pool's JSON Web Key Set.
func (s *Service) JWKS(ctx context.Context, poolID string) ([]byte, error) {
	p, err := s.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	return token.MarshalJWKS(p.keys.published(s.base.Now())...)
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

// forgetKeys empties the set of a pool that is gone: no token of it verifies any more.
func (s *Service) forgetKeys(poolID string) {
	if err := s.keysets.bury(poolID); err != nil {
		s.base.Logger.Error("emptying the key set of a deleted pool", "pool", poolID, "error", err)
	}
}

// Start loads every pool's keys, so that tokens verify from the first request on, and rotates those that are due.
func (s *Service) Start(ctx context.Context) error { return s.RotateKeys(ctx) }

// RotateKeys does what is due at this moment for every pool: publishes a successor, removes what has expired. Doing it
// late, early or twice is harmless.
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
			if err := s.rotatePool(ctx, rec.ID); err != nil {
				return err
			}
		}
	}
}

func (s *Service) rotatePool(ctx context.Context, poolID string) error {
	var changed bool
	for _, use := range []string{UseID, UseAccess} {
		c, err := s.rotateUse(ctx, poolID, use)
		if err != nil {
			return err
		}
		changed = changed || c
	}
	if changed {
		s.pools.drop(poolID)
	}
	p, err := s.Pool(ctx, poolID)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	return s.keysets.publish(poolID, p.keys.published(s.base.Now()))
}

// rotateUse makes the next key of one use when its time has come, and drops expired ones.
func (s *Service) rotateUse(ctx context.Context, poolID, use string) (bool, error) {
	now := s.base.Now()
	ours := func(all []store.SigningKey) (list []store.SigningKey) {
		for _, k := range all {
			if k.Use == use {
				list = append(list, k)
			}
		}
		return list
	}
	var keys []store.SigningKey
	if err := s.base.View(ctx, func(tx store.Tx) error {
		all, err := tx.SigningKeys.List(poolID)
		keys = ours(all)
		return err
	}); err != nil {
		return false, err
	}
	newest := func(keys []store.SigningKey) (n store.SigningKey) {
		for _, k := range keys {
			if k.SignsFrom.After(n.SignsFrom) {
				n = k
			}
		}
		return n
	}
	last := newest(keys)
	due := !now.Before(last.SignsFrom.Add(s.o.KeyRotation - s.o.KeyLead))
	stale := slices.ContainsFunc(keys, func(k store.SigningKey) bool { return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) })
	if len(keys) == 0 || (!due && !stale) {
		return false, nil
	}
	// A key is published KeyLead before it signs, even when the change comes late because the process was down.
	from := last.SignsFrom.Add(s.o.KeyRotation)
	if earliest := now.Add(s.o.KeyLead); from.Before(earliest) {
		from = earliest
	}
	from = from.Truncate(time.Second)
	var next store.SigningKey
	if due {
		var err error
		if next, err = s.newKeyRecord(poolID, use, from); err != nil {
			return false, err
		}
	}
	return true, s.base.Update(ctx, func(tx store.Tx) error {
		all, err := tx.SigningKeys.List(poolID)
		if err != nil {
			return err
		}
		current := ours(all)
		for _, k := range current {
			if !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) {
				if err := tx.SigningKeys.Delete(poolID, k.ID); err != nil {
					return err
				}
			}
		}
		if !due || newest(current).ID != last.ID {
			return nil // nothing due, or another node was first
		}
		last.SignsTo, last.ExpiresAt = from, from.Add(keyAfterlife)
		if err := tx.SigningKeys.Update(last); err != nil {
			return err
		}
		return tx.SigningKeys.Insert(next)
	})
}

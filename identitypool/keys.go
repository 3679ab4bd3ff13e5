package identitypool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// The life of a signing key. The next one is published before it signs, so that whoever fetches keys has it in time; the
// last one stays published as long as a token it signed can live.
const (
	keyOwner     = "identity"
	keyAlgorithm = "RS512"
	keyPurpose   = "identity pool signing key"
	keySigns     = 90 * 24 * time.Hour // how long a key signs
	keyAhead     = 24 * time.Hour      // how long it is published before
	keyAfter     = 25 * time.Hour      // and after; the longest token lives 24 h
)

// keyring is the published keys.
type keyring struct {
	public token.StaticKeys
	all    atomic.Pointer[[]timedKey] // by the time they sign from
	own    atomic.Pointer[token.Verifier]
}

// timedKey is a key and when it signs.
type timedKey struct {
	*token.SigningKey
	from time.Time
}

// signer is the newest key that signs already.
func (k *keyring) signer(now time.Time) *token.SigningKey {
	keys := *k.all.Load()
	for i := len(keys) - 1; i > 0; i-- {
		if !keys[i].from.After(now) {
			return keys[i].SigningKey
		}
	}
	return keys[0].SigningKey
}

// TokenIssuer describes the identity pools as an issuer, for a verifier of web identity tokens. Their tokens are meant for
// whichever pool aud names; trust policies compare it.
func (s *Service) TokenIssuer() token.Issuer {
	return token.Issuer{URL: Issuer, Keys: &s.keys.public, Algorithms: []string{keyAlgorithm}, AnyClient: true, Types: []string{"JWS"}}
}

// PublicKeys are the keys that JWKS shows.
func (s *Service) PublicKeys() []token.PublicKey { return s.keys.public.Keys() }

// RotateKeys reads the keys, makes the next one when its time has come and removes what is over. The host calls it now and
// then, once an hour is plenty; several nodes may.
func (s *Service) RotateKeys(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	records, err := s.keyRecords(ctx)
	if err != nil {
		return err
	}
	if records, err = s.makeNextKey(ctx, records); err != nil {
		return err
	}
	return s.useKeys(records)
}

func (s *Service) keyRecords(ctx context.Context) (records []store.SigningKey, err error) {
	err = s.view(ctx, func(tx store.Tx) error {
		records, err = tx.SigningKeys.List(keyOwner)
		return err
	})
	slices.SortStableFunc(records, func(a, b store.SigningKey) int { return a.SignsFrom.Compare(b.SignsFrom) })
	return records, err
}

// makeNextKey returns the records with the key that is due, if one is, in place.
func (s *Service) makeNextKey(ctx context.Context, records []store.SigningKey) ([]store.SigningKey, error) {
	now := s.o.Now()
	from := now
	if n := len(records); n > 0 {
		from = records[n-1].SignsFrom.Add(keySigns)
		if now.Before(from.Add(-keyAhead)) {
			return s.dropOldKeys(ctx, records)
		}
		from = later(from, now.Add(keyAhead)) // after a long stop, too, it is published before it signs
	}
	key, err := token.GenerateKey(s.o.Rand, keyAlgorithm)
	if err != nil {
		return nil, err
	}
	key.ID = s.o.Region + "-" + strconv.Itoa(nextNumber(records))
	private, err := key.MarshalPrivate()
	if err != nil {
		return nil, err
	}
	sealed, err := s.o.Box.Seal(keyPurpose, private, []byte(key.ID))
	if err != nil {
		return nil, err
	}
	record := store.SigningKey{
		Owner: keyOwner, ID: key.ID, Use: keyOwner, Algorithm: keyAlgorithm, Private: sealed, CreatedAt: now, SignsFrom: from,
	}
	err = s.update(ctx, func(tx store.Tx) error { return tx.SigningKeys.Insert(record) })
	if errors.Is(err, store.ErrExists) {
		return s.keyRecords(ctx) // another node was faster
	}
	return append(records, record), err
}

// dropOldKeys deletes the keys that no living token can have been signed with.
func (s *Service) dropOldKeys(ctx context.Context, records []store.SigningKey) ([]store.SigningKey, error) {
	now, keep := s.o.Now(), records[:0:0]
	var drop []string
	for i, r := range records {
		if i+1 < len(records) && now.After(records[i+1].SignsFrom.Add(keyAfter)) {
			drop = append(drop, r.ID)
		} else {
			keep = append(keep, r)
		}
	}
	if len(drop) == 0 {
		return records, nil
	}
	return keep, s.update(ctx, func(tx store.Tx) error {
		for _, id := range drop {
			if err := ignoreNotFound(tx.SigningKeys.Delete(keyOwner, id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// useKeys opens the keys and publishes them.
func (s *Service) useKeys(records []store.SigningKey) error {
	keys := make([]timedKey, 0, len(records))
	public := make([]token.PublicKey, 0, len(records))
	for _, r := range records {
		private, err := s.o.Box.Open(keyPurpose, r.Private, []byte(r.ID))
		if err != nil {
			return fmt.Errorf("identitypool: signing key %s was sealed under another master key: %w", r.ID, err)
		}
		key, err := token.ParsePrivate(r.ID, r.Algorithm, private)
		if err != nil {
			return err
		}
		keys, public = append(keys, timedKey{key, r.SignsFrom}), append(public, key.Public())
	}
	if err := s.keys.public.Set(public...); err != nil {
		return err
	}
	s.keys.all.Store(&keys)
	if s.keys.own.Load() != nil {
		return nil
	}
	own, err := token.New(token.Options{Issuers: []token.Issuer{s.TokenIssuer()}, Now: s.o.Now})
	if err != nil {
		return err
	}
	s.keys.own.Store(own)
	return nil
}

// verifyOwn verifies a token of the identity pools themselves.
func (s *Service) verifyOwn(ctx context.Context, raw string) (*token.Token, error) {
	t, err := s.keys.own.Load().Verify(ctx, raw)
	if err == nil {
		return t, nil
	}
	if refused, ok := errors.AsType[*token.Error](err); ok && refused.Reason == token.UnknownIssuer {
		return nil, fault.Wrap(fault.NotAuthorized, err, "Invalid login token. Not a Cognito token.")
	}
	return nil, refusedLogin(err, raw, s.o.Now())
}

// nextNumber is one more than the highest number in the ids "<region>-<n>".
func nextNumber(records []store.SigningKey) int {
	highest := 0
	for _, r := range records {
		if n, err := strconv.Atoi(r.ID[strings.LastIndexByte(r.ID, '-')+1:]); err == nil {
			highest = max(highest, n)
		}
	}
	return highest + 1
}

func later(a, b time.Time) time.Time {
	if cmp.Compare(a.UnixNano(), b.UnixNano()) >= 0 {
		return a
	}
	return b
}

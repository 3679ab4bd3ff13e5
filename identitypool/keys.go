package identitypool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// KeyOwner owns the keys of OpenID tokens in the store, and is their use. KeyPurpose is the purpose with which they are sealed.
const (
	KeyOwner   = "identity"
	KeyPurpose = "identity pool signing key"
)

const keyAlgorithm = "RS512"

// The life of a key. It stays published for longer than the longest OpenID token lives, which is 24 hours.
const (
	keyRotation  = 90 * 24 * time.Hour // how long it signs, unless Options say otherwise
	keyLead      = 24 * time.Hour
	keyAfterlife = 25 * time.Hour
)

// newRing returns the ring of the keys that sign the identity pools' own tokens.
func newRing(o Options) (*keyring.Ring, error) {
	if o.NewKey == nil {
		o.NewKey = func(rand io.Reader) (*token.SigningKey, error) { return token.GenerateKey(rand, keyAlgorithm) }
	}
	if o.KeyRotation == 0 {
		o.KeyRotation = keyRotation
	}
	return keyring.New(keyring.Options{
		Store: o.Store, Seal: o.Box, Now: o.Now, Rand: o.Rand, Purpose: KeyPurpose, Rotated: o.Rotated,
		Schedule: keyring.Schedule{Period: o.KeyRotation, Lead: keyLead, Linger: keyAfterlife},
		Bind:     func(_, id, _ string) []byte { return []byte(id) },
		NewKey: func(rand io.Reader, existing []store.SigningKey) (*token.SigningKey, error) {
			made, err := o.NewKey(rand)
			if err != nil {
				return nil, err
			}
			id := o.Regions.First() + "-" + strconv.Itoa(nextNumber(existing))
			return &token.SigningKey{ID: id, Algorithm: keyAlgorithm, Private: made.Private}, nil
		},
	})
}

// nextNumber returns one more than the highest number in the IDs "<region>-<n>".
func nextNumber(records []store.SigningKey) int {
	highest := 0
	for _, r := range records {
		if n, err := strconv.Atoi(r.ID[strings.LastIndexByte(r.ID, '-')+1:]); err == nil {
			highest = max(highest, n)
		}
	}
	return highest + 1
}

// TokenIssuer returns the identity pools as an issuer, for a verifier of web identity tokens. It accepts the tokens of all
// pools: aud names the pool, and trust policies compare it.
func (s *Service) TokenIssuer() token.Issuer {
	return token.Issuer{URL: Issuer, Keys: s.ring.KeySet(KeyOwner), Algorithms: []string{keyAlgorithm}, AnyClient: true, Types: []string{"JWS"}}
}

// PublicKeys returns the keys of the pools' JSON Web Key Set.
func (s *Service) PublicKeys() []token.PublicKey { return s.keys.Load().Published(s.o.Now()) }

// RotateKeys makes the first key or the next one when it is due, deletes those that are no longer needed, and reads them
// again. Call it about once an hour, on every node.
func (s *Service) RotateKeys(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.ring.Ensure(ctx, KeyOwner, KeyOwner); err != nil {
		return available(err)
	}
	if _, err := s.ring.Rotate(ctx, KeyOwner, KeyOwner); err != nil {
		return available(err)
	}
	keys, err := s.ring.Load(ctx, KeyOwner)
	if err != nil {
		return available(err)
	}
	s.keys.Store(keys)
	return nil
}

// sign signs the claims of an OpenID token. The header has AWS's values: RS512 and typ JWS.
func (s *Service) sign(claims []byte, now time.Time) (string, error) {
	key, err := s.keys.Load().Signer(KeyOwner, now)
	if err != nil {
		return "", fmt.Errorf("identitypool: %w", err)
	}
	return key.Sign(claims, "JWS")
}

// verifyOwn verifies an OpenID token of the identity pools themselves.
func (s *Service) verifyOwn(ctx context.Context, raw string) (*token.Token, error) {
	t, err := s.own.Verify(ctx, raw)
	if err == nil {
		return t, nil
	}
	if refused, ok := errors.AsType[*token.Error](err); ok && refused.Reason == token.UnknownIssuer {
		return nil, fault.Wrap(fault.NotAuthorized, err, "Invalid login token. Not a Cognito token.")
	}
	return nil, refusedLogin(err, raw, s.o.Now())
}

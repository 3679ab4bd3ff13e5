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

const (
	keyOwner     = "identity" // owner and use of the keys
	keyAlgorithm = "RS512"
	keyPurpose   = "identity pool signing key"
)

// keySchedule keeps a key published for longer than the longest OpenID token lives, which is 24 hours.
var keySchedule = keyring.Schedule{Period: 90 * 24 * time.Hour, Lead: 24 * time.Hour, Linger: 25 * time.Hour}

// newRing returns the ring of the keys that sign the identity pools' own tokens.
func newRing(o Options) (*keyring.Ring, error) {
	return keyring.New(keyring.Options{
		Store: o.Store, Seal: o.Box, Now: o.Now, Rand: o.Rand, Purpose: keyPurpose, Schedule: keySchedule,
		Bind: func(_, id, _ string) []byte { return []byte(id) },
		NewKey: func(rand io.Reader, existing []store.SigningKey) (*token.SigningKey, error) {
			key, err := token.GenerateKey(rand, keyAlgorithm)
			if err != nil {
				return nil, err
			}
			key.ID = o.Region + "-" + strconv.Itoa(nextNumber(existing))
			return key, nil
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
	return token.Issuer{URL: Issuer, Keys: s.ring.KeySet(keyOwner), Algorithms: []string{keyAlgorithm}, AnyClient: true, Types: []string{"JWS"}}
}

// PublicKeys returns the keys of the pools' JSON Web Key Set.
func (s *Service) PublicKeys() []token.PublicKey { return s.keys.Load().Published(s.o.Now()) }

// RotateKeys makes the first key or the next one when it is due, deletes those that are no longer needed, and reads them
// again. Call it about once an hour, on every node.
func (s *Service) RotateKeys(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.ring.Ensure(ctx, keyOwner, keyOwner); err != nil {
		return available(err)
	}
	if _, err := s.ring.Rotate(ctx, keyOwner, keyOwner); err != nil {
		return available(err)
	}
	keys, err := s.ring.Load(ctx, keyOwner)
	if err != nil {
		return available(err)
	}
	s.keys.Store(keys)
	return nil
}

// sign signs the claims of an OpenID token. The header has AWS's values: RS512 and typ JWS.
func (s *Service) sign(claims []byte, now time.Time) (string, error) {
	key, err := s.keys.Load().Signer(keyOwner, now)
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

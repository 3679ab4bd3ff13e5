package token

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
)

// ErrUnknownKey means that the issuer has no key with the requested ID.
var ErrUnknownKey = errors.New("token: no such key")

// ErrKeysUnavailable means that the issuer's keys are not available now, so whether a key exists is unknown.
var ErrKeysUnavailable = errors.New("token: the issuer's keys are not available")

// KeySet finds verification keys.
type KeySet interface {
	// Lookup returns the key with the ID kid. For "" it returns the only key of a set with one key, whatever its ID: kid
	// is optional in tokens and in keys (RFC 7515 section 4.1.4, RFC 7517 section 4.5). Its errors are or wrap ErrUnknownKey and ErrKeysUnavailable. It may wait
	// for one fetch, at most until ctx is done. The caller must not change the key.
	Lookup(ctx context.Context, kid string) (*PublicKey, error)
	// Generation changes after a key was removed or replaced. Tokens verified under an earlier generation may have been
	// verified with a key that is no longer in the set. It does not block.
	Generation() uint64
}

// StaticKeys is a KeySet in memory, for the pools in this process. Set replaces all keys at once. Lookups take no lock.
// The zero value is ready to use.
type StaticKeys struct {
	keys       atomic.Pointer[map[string]*PublicKey]
	generation atomic.Uint64
}

// Set replaces all keys. It returns an error and changes nothing if a key must not be used or two keys have the same ID.
func (s *StaticKeys) Set(keys ...PublicKey) error {
	next := make(map[string]*PublicKey, len(keys))
	for i := range keys {
		key := keys[i]
		if err := key.checkKey(); err != nil {
			return err
		}
		if next[key.ID] != nil {
			return fmt.Errorf("token: two keys have the ID %q", key.ID)
		}
		key.prepare()
		next[key.ID] = &key
	}
	if was := s.keys.Swap(&next); was != nil && withdrawn(*was, next) {
		s.generation.Add(1)
	}
	return nil
}

// withdrawn reports whether a key of one set is missing in the next, or is another key there.
func withdrawn(from, next map[string]*PublicKey) bool {
	for id, key := range from {
		if same := next[id]; same == nil || !key.equal(same) {
			return true
		}
	}
	return false
}

// Generation implements KeySet.
func (s *StaticKeys) Generation() uint64 { return s.generation.Load() }

// Lookup implements KeySet. It returns ErrKeysUnavailable before the first Set.
func (s *StaticKeys) Lookup(_ context.Context, kid string) (*PublicKey, error) {
	keys := s.keys.Load()
	if keys == nil {
		return nil, ErrKeysUnavailable
	}
	return find(*keys, kid)
}

// find returns the key with the ID, or the only key for "".
func find(keys map[string]*PublicKey, kid string) (*PublicKey, error) {
	if key := keys[kid]; key != nil && (kid != "" || len(keys) == 1) {
		return key, nil
	}
	if kid == "" && len(keys) == 1 {
		for _, key := range keys {
			return key, nil
		}
	}
	return nil, ErrUnknownKey
}

// Keys returns the keys in the order of their IDs.
func (s *StaticKeys) Keys() []PublicKey {
	keys := s.keys.Load()
	if keys == nil {
		return nil
	}
	list := make([]PublicKey, 0, len(*keys))
	for _, id := range slices.Sorted(maps.Keys(*keys)) {
		list = append(list, *(*keys)[id])
	}
	return list
}

package token

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
)

// ErrUnknownKey says that the issuer has no key of that id.
var ErrUnknownKey = errors.New("token: no such key")

// ErrKeysUnavailable says that the issuer's keys cannot be had at present, so that nothing is known about the id.
var ErrKeysUnavailable = errors.New("token: the issuer's keys are not available")

// KeySet finds verification keys.
type KeySet interface {
	// Lookup returns the key of that id, ErrUnknownKey or ErrKeysUnavailable (both possibly wrapped). It may wait for
	// one fetch, never longer than ctx. The key belongs to the set and must not be changed.
	Lookup(ctx context.Context, kid string) (*PublicKey, error)
}

// StaticKeys is a set that its owner replaces as a whole, for the pools in this process. The zero value is empty. Reads
// take no lock.
type StaticKeys struct {
	keys atomic.Pointer[map[string]*PublicKey]
}

// Set replaces the set. A key that fails Check, or two with one id, leave the set as it was.
func (s *StaticKeys) Set(keys ...PublicKey) error {
	next := make(map[string]*PublicKey, len(keys))
	for i := range keys {
		key := keys[i]
		if err := key.Check(); err != nil {
			return err
		}
		if next[key.ID] != nil {
			return fmt.Errorf("token: two keys with the id %q", key.ID)
		}
		key.prepare()
		next[key.ID] = &key
	}
	s.keys.Store(&next)
	return nil
}

// Lookup returns the key or ErrUnknownKey, and ErrKeysUnavailable before the first Set.
func (s *StaticKeys) Lookup(_ context.Context, kid string) (*PublicKey, error) {
	keys := s.keys.Load()
	if keys == nil {
		return nil, ErrKeysUnavailable
	}
	if key := (*keys)[kid]; key != nil {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// Keys returns the set in the order of the ids.
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

package keyring

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
)

// Keys are an owner's keys, ready to sign. They are immutable and safe for concurrent use.
type Keys struct{ list []timedKey } // by SignsFrom

type timedKey struct {
	record store.SigningKey // without Private
	key    *token.SigningKey
}

// Signer returns the key that signs for the use at the given time. If the clock is behind the SignsFrom of all keys, it
// returns the first key, which is published as well. It returns an error if the use has no key.
func (k *Keys) Signer(use string, now time.Time) (*token.SigningKey, error) {
	var first *token.SigningKey
	for _, t := range slices.Backward(k.list) {
		if t.record.Use != use {
			continue
		}
		if !now.Before(t.record.SignsFrom) {
			return t.key, nil
		}
		first = t.key
	}
	if first == nil {
		return nil, fmt.Errorf("keyring: no key signs %s tokens", use)
	}
	return first, nil
}

// Published returns the public keys that verifiers need at the given time: keys that will sign, that sign, or whose
// tokens may still be valid.
func (k *Keys) Published(now time.Time) []token.PublicKey {
	var list []token.PublicKey
	for _, t := range k.list {
		if !expired(&t.record, now) {
			list = append(list, t.key.Public())
		}
	}
	return list
}

// OfUse returns the public keys of a use, also those that are kept although they are published no more. They tell that the owner made a
// token, not that the token is valid.
func (k *Keys) OfUse(use string) []token.PublicKey {
	var list []token.PublicKey
	for _, t := range k.list {
		if t.record.Use == use {
			list = append(list, t.key.Public())
		}
	}
	return list
}

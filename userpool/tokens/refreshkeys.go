package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/userpool"
)

// The refresh tokens of a pool have keys that follow from the master key and the pool's id. A pool that came from another Sluice
// brings that one's keys along, so that its refresh tokens stay valid. They are sealed in the pool's record. They open no tokens of
// other pools.
const (
	purposeRefreshOf  = "refresh token of "      // and the pool's id
	purposeOriginKeys = "keys of refresh tokens" // the additional data is the pool's id
)

// maxOriginKeys is how many keys of other Sluices a pool can have.
const maxOriginKeys = 64

// RefreshKeys returns the keys of a pool's refresh tokens: those of the box, and those of the Sluices that the pool came from, which
// its record keeps sealed.
func RefreshKeys(box *seal.Box, poolID string, sealed []byte) ([]seal.PurposeKey, error) {
	keys := box.PurposeKeys(purposeRefreshOf + poolID)
	more, err := originKeys(box, poolID, sealed)
	for _, k := range more {
		if !slices.ContainsFunc(keys, func(known seal.PurposeKey) bool { return known.ID == k.ID }) {
			keys = append(keys, k)
		}
	}
	return keys, err
}

// SealRefreshKeys returns what the record of a pool keeps of the keys that RefreshKeys returned in another Sluice. It is nil without keys.
func SealRefreshKeys(box *seal.Box, poolID string, keys []seal.PurposeKey) ([]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if len(keys) > maxOriginKeys {
		return nil, fmt.Errorf("tokens: pool %s has %d keys of refresh tokens; at most %d are kept", poolID, len(keys), maxOriginKeys)
	}
	for i := range keys {
		if !keys[i].Valid() {
			return nil, errors.New("tokens: a refresh token key has the wrong length")
		}
	}
	data, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("tokens: keys of refresh tokens: %w", err)
	}
	return box.Seal(purposeOriginKeys, data, []byte(poolID))
}

func originKeys(box *seal.Box, poolID string, sealed []byte) (keys []seal.PurposeKey, err error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	data, err := box.Open(purposeOriginKeys, sealed, []byte(poolID))
	if err == nil {
		err = json.Unmarshal(data, &keys)
	}
	if err != nil {
		return nil, fmt.Errorf("tokens: keys of refresh tokens of pool %s: %w", poolID, err)
	}
	return keys, nil
}

// refreshSeal returns what seals and opens the refresh tokens of a pool.
func (s *Service) refreshSeal(p *userpool.Pool) (*seal.Use, error) {
	more, err := originKeys(s.base.Seal, p.ID, p.SealedKeys)
	if err != nil {
		return nil, err
	}
	return s.base.Seal.ForWith(purposeRefreshOf+p.ID, more), nil
}

// OriginKeysSeal returns the purpose and the additional data with which a pool's keys of other Sluices are sealed.
func OriginKeysSeal(poolID string) (purpose string, additional []byte) {
	return purposeOriginKeys, []byte(poolID)
}

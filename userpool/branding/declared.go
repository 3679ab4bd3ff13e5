package branding

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/store"
)

// Check returns the error that Create would return for the input with any content of the store.
func (in Input) Check() error {
	_, err := in.check()
	return err
}

// Ensure makes the style of a declared app client what the configuration says. Nothing given is the default look.
func (s *Service) Ensure(ctx context.Context, poolID, clientID string, in Input) error {
	if in.Settings == nil && len(in.Assets) == 0 {
		in.Provided = true
	}
	assets, err := in.check()
	if err != nil {
		return err
	}
	id, err := s.base.UUID()
	if err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		now := s.base.Now()
		want := store.Branding{ID: id, PoolID: poolID, ClientID: clientID, Provided: in.Provided, Settings: in.Settings, Declared: true,
			CreatedAt: now, ModifiedAt: now}
		have, err := tx.Brandings.OfClient(clientID)
		if errors.Is(err, store.ErrNotFound) {
			if err := tx.Brandings.Insert(want); err != nil {
				return err
			}
			_, err = putAssets(tx, &want, assets)
			return err
		}
		if err != nil {
			return err
		}
		names, err := tx.Brandings.AssetNames(have.ID)
		if err != nil || have.Declared && have.Provided == want.Provided && sameJSON(have.Settings, want.Settings) && sameAssets(names, assets) {
			return err // a reload with the same declaration is not a change
		}
		want.ID, want.CreatedAt = have.ID, have.CreatedAt
		if err := errors.Join(tx.Brandings.Update(want), tx.Brandings.DeleteAssets(have.ID)); err != nil {
			return err
		}
		_, err = putAssets(tx, &want, assets)
		return err
	})
	s.styles.drop(clientID)
	return err
}

func sameJSON(a, b json.RawMessage) bool { return bytes.Equal(a, b) }

// sameAssets reports whether the stored assets are the declared ones.
func sameAssets(kept, declared []store.BrandingAsset) bool {
	if len(kept) != len(declared) {
		return false
	}
	for _, a := range declared {
		if !slices.ContainsFunc(kept, func(b store.BrandingAsset) bool { return keyOf(a) == keyOf(b) && a.Hash == b.Hash }) {
			return false
		}
	}
	return true
}

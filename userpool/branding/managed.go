package branding

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Input is what Create and Update set. Either Provided is true, or one of the others is set, or Provided and Assets.
type Input struct {
	Provided bool            // the default look, with the images in Assets
	Settings json.RawMessage // nil = not given
	Assets   []Asset         // nil = not given
}

// Description is a style as the API has it.
type Description struct {
	store.Branding
	Assets []store.BrandingAsset // ordered by category, color mode and resource
}

// Source of the text: cdk-preflight, measured on AWS.
var errValues = fault.New(fault.InvalidParameter, "useCognitoProvidedValues or settings should be specified (but not both)")

// check checks the input, and returns the records of its images.
func (in *Input) check() ([]store.BrandingAsset, error) {
	if string(in.Settings) == "null" {
		in.Settings = nil
	}
	if in.Provided && in.Settings != nil {
		return nil, errValues
	}
	if in.Settings != nil {
		if err := checkSettings(in.Settings); err != nil {
			return nil, err
		}
	}
	return records(in.Assets)
}

// Create makes the style of an app client.
func (s *Service) Create(ctx context.Context, poolID, clientID string, in Input) (*Description, error) {
	assets, err := in.check()
	if err != nil {
		return nil, err
	}
	if !in.Provided && in.Settings == nil && len(assets) == 0 {
		return nil, errValues
	}
	if _, _, err := s.o.Pools.ClientOf(ctx, poolID, clientID); err != nil {
		return nil, err
	}
	id, err := s.base.UUID()
	if err != nil {
		return nil, err
	}
	d := &Description{Branding: store.Branding{ID: id, PoolID: poolID, ClientID: clientID, Provided: in.Provided, Settings: in.Settings,
		CreatedAt: s.base.Now()}}
	d.ModifiedAt = d.CreatedAt
	err = s.base.Update(ctx, func(tx store.Tx) (err error) {
		if err := tx.Brandings.Insert(d.Branding); err != nil {
			return err
		}
		d.Assets, err = putAssets(tx, &d.Branding, assets)
		return err
	})
	s.styles.drop(clientID)
	switch {
	case errors.Is(err, store.ErrExists):
		return nil, fault.Wrap(fault.ManagedLoginBrandingExists, err, "A managed login branding style already exists for this app client.")
	case errors.Is(err, store.ErrNotFound): // the client was deleted meanwhile
		return nil, fault.Wrap(fault.ResourceNotFound, err, "User pool client %s does not exist.", clientID)
	}
	return d, err
}

// putAssets writes images of a style and returns all that it has then.
func putAssets(tx store.Tx, b *store.Branding, assets []store.BrandingAsset) ([]store.BrandingAsset, error) {
	for _, a := range assets {
		a.BrandingID, a.PoolID = b.ID, b.PoolID
		if err := tx.Brandings.PutAsset(a); err != nil {
			return nil, err
		}
	}
	all, err := tx.Brandings.Assets(b.ID)
	if err == nil && len(all) > maxAssets {
		err = fault.New(fault.InvalidParameter, "A style has at most %d assets.", maxAssets)
	}
	return all, err
}

// Update changes a style. Settings are merged into those that there are, and an image replaces the one of its category, color mode and
// identity provider. Provided discards all of both, and leaves the images in Assets.
//
// Source: TestAccCognitoIDPManagedLoginBranding_asset of terraform-provider-aws.
func (s *Service) Update(ctx context.Context, poolID, id string, in Input) (*Description, error) {
	assets, err := in.check()
	if err != nil {
		return nil, err
	}
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var d Description
	err = s.base.Update(ctx, func(tx store.Tx) (err error) {
		if d.Branding, err = find(tx, poolID, id); err != nil {
			return err
		}
		if in.Provided {
			d.Settings, d.Provided = nil, true
			if err := tx.Brandings.DeleteAssets(id); err != nil {
				return err
			}
		}
		if in.Settings != nil || len(assets) > 0 && !in.Provided {
			d.Provided = false
		}
		if d.Settings, err = merge(d.Settings, in.Settings); err != nil {
			return err
		}
		if err := checkSettings(d.Settings); len(d.Settings) > 0 && err != nil {
			return err // together they are too large
		}
		d.ModifiedAt = s.base.Now()
		if err := tx.Brandings.Update(d.Branding); err != nil {
			return err
		}
		d.Assets, err = putAssets(tx, &d.Branding, assets)
		return err
	})
	s.styles.drop(d.ClientID)
	return &d, err
}

// find returns a style of the pool that is not a draft.
func find(tx store.Tx, poolID, id string) (store.Branding, error) {
	rec, err := tx.Brandings.Get(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (rec.PoolID != poolID || rec.Draft) {
		return store.Branding{}, fault.New(fault.ResourceNotFound, "Managed login branding %s does not exist.", id)
	}
	return rec, err
}

// Describe returns a style. If merged is true, its settings are complete: defaults fill in missing ones.
func (s *Service) Describe(ctx context.Context, poolID, id string, merged bool) (*Description, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	return s.describe(ctx, merged, func(tx store.Tx) (store.Branding, error) { return find(tx, poolID, id) })
}

// DescribeByClient is Describe for the style of an app client.
func (s *Service) DescribeByClient(ctx context.Context, poolID, clientID string, merged bool) (*Description, error) {
	if _, _, err := s.o.Pools.ClientOf(ctx, poolID, clientID); err != nil {
		return nil, err
	}
	return s.describe(ctx, merged, func(tx store.Tx) (store.Branding, error) {
		rec, err := tx.Brandings.OfClient(clientID)
		if errors.Is(err, store.ErrNotFound) {
			err = fault.New(fault.ResourceNotFound, "The app client has no managed login branding.")
		}
		return rec, err
	})
}

func (s *Service) describe(ctx context.Context, merged bool, get func(store.Tx) (store.Branding, error)) (*Description, error) {
	d := new(Description)
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		if d.Branding, err = get(tx); err != nil {
			return err
		}
		d.Assets, err = tx.Brandings.Assets(d.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if merged {
		d.Settings, err = merge(defaults, d.Settings)
	}
	return d, err
}

// Delete deletes a style.
func (s *Service) Delete(ctx context.Context, poolID, id string) error {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return err
	}
	var rec store.Branding
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = find(tx, poolID, id); err != nil {
			return err
		}
		return tx.Brandings.Delete(id)
	})
	s.styles.drop(rec.ClientID)
	return err
}

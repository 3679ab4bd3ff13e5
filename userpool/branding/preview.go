package branding

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const (
	purposePreview  = "branding preview"
	maxPreviewToken = 1024
	// PreviewFor is how long a preview can be seen.
	PreviewFor = time.Hour
	// maxDrafts is how many drafts a pool has at a time; the oldest makes way for the next.
	maxDrafts = 20
)

// preview is what the token of a preview holds.
type preview struct {
	Client  string    `json:"c"`
	Version int       `json:"v"`
	Draft   string    `json:"d,omitempty"` // "" = the style that users see
	Until   time.Time `json:"u"`
}

// Preview returns a token with which Previewed shows the style of an app client, or a draft of one, for PreviewFor. Users do not see
// drafts. version is that of the pages; 0 is that of the pool's domain.
func (s *Service) Preview(ctx context.Context, poolID, clientID string, version int, draft *Input) (string, error) {
	if _, _, err := s.o.Pools.ClientOf(ctx, poolID, clientID); err != nil {
		return "", err
	}
	if version == 0 {
		style, err := s.StyleFor(ctx, poolID, clientID)
		if err != nil {
			return "", err
		}
		version = style.Version
	}
	p := preview{Client: clientID, Version: version, Until: s.base.Now().Add(PreviewFor)}
	if draft != nil {
		var err error
		if p.Draft, err = s.keepDraft(ctx, poolID, clientID, p.Until, *draft); err != nil {
			return "", err
		}
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	return s.base.Seal.SealToken(purposePreview, raw, []byte(poolID))
}

func (s *Service) keepDraft(ctx context.Context, poolID, clientID string, until time.Time, in Input) (string, error) {
	assets, err := in.check()
	if err != nil {
		return "", err
	}
	id, err := s.base.UUID()
	if err != nil {
		return "", err
	}
	now := s.base.Now()
	rec := store.Branding{ID: id, PoolID: poolID, ClientID: clientID, Draft: true, Provided: in.Provided, Settings: in.Settings,
		CreatedAt: now, ModifiedAt: now, ExpiresAt: until}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		drafts, err := tx.Brandings.Drafts(poolID)
		if err != nil {
			return err
		}
		for len(drafts) >= maxDrafts {
			if err := tx.Brandings.Delete(drafts[0].ID); err != nil {
				return err
			}
			drafts = drafts[1:]
		}
		if err := tx.Brandings.Insert(rec); err != nil {
			return err
		}
		_, err = putAssets(tx, &rec, assets)
		return err
	})
	return id, err
}

// errPreview is the error for every token that shows nothing.
var errPreview = fault.New(fault.ResourceNotFound, "This preview has expired. Ask for a new one.")

// Previewed returns the style that the token of a preview shows, with a style sheet that the caller serves at its own path.
func (s *Service) Previewed(ctx context.Context, poolID, token string) (*Style, error) {
	raw, err := s.base.Seal.OpenToken(purposePreview, token, []byte(poolID), maxPreviewToken)
	if err != nil {
		return nil, errPreview
	}
	var p preview
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, errPreview
	}
	if !s.base.Now().Before(p.Until) {
		return nil, errPreview
	}
	if p.Draft == "" || p.Version == 1 {
		return s.StyleOf(ctx, poolID, p.Client, p.Version)
	}
	var style *Style
	err = s.base.View(ctx, func(tx store.Tx) error {
		b, err := tx.Brandings.Get(p.Draft)
		if err != nil {
			return err
		}
		assets, err := tx.Brandings.AssetNames(b.ID)
		if err != nil {
			return err
		}
		style, err = managed(b.Settings, assets, p.Client)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errPreview
	}
	return style, err
}

// Sweep deletes drafts that can no longer be seen.
func (s *Service) Sweep(ctx context.Context) error {
	return s.base.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Brandings.DeleteExpired(s.base.Now(), 100)
		return err
	})
}

package branding

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Limits of SetUICustomization.
const (
	maxLogo     = 100 << 10 // AWS: 100 KB
	maxClassic  = 135 << 10 // AWS: CSS and image, the latter in Base64
	versionForm = "20060102150405"
)

// SetUICustomization sets the classic look of an app client, or of all clients without one: store.AllClients, or no clientID. What is
// empty is removed: AWS sets CSS and image together only.
func (s *Service) SetUICustomization(ctx context.Context, poolID, clientID, css string, image []byte) (*store.UICustomization, error) {
	clientID, err := s.classicClient(ctx, poolID, clientID)
	if err != nil {
		return nil, err
	}
	now := s.base.Now()
	rec := store.UICustomization{PoolID: poolID, ClientID: clientID, CSS: css, CreatedAt: now, ModifiedAt: now}
	if err := dress(&rec, css, image, now); err != nil {
		return nil, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if css == "" && len(image) == 0 {
			return tx.UICustomizations.Delete(poolID, clientID)
		}
		old, err := tx.UICustomizations.Get(poolID, clientID)
		if err == nil {
			rec.CreatedAt = old.CreatedAt
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.UICustomizations.Put(rec)
	})
	s.styles.clear() // the pool's look is that of many clients
	switch {
	case errors.Is(err, store.ErrNotFound): // the client was deleted meanwhile
		return nil, fault.Wrap(fault.ResourceNotFound, err, "User pool client %s does not exist.", clientID)
	case css == "" && len(image) == 0:
		return &store.UICustomization{PoolID: poolID, ClientID: clientID}, err
	}
	return &rec, err
}

// dress checks CSS and image, and sets what follows from them.
func dress(rec *store.UICustomization, css string, image []byte, now time.Time) error {
	if _, err := cleanCSS(css); err != nil {
		return err
	}
	if css != "" {
		rec.Version = now.Format(versionForm)
	}
	if len(image) == 0 {
		return nil
	}
	if len(image) > maxLogo || len(css)+len(image)*4/3 > maxClassic {
		return fault.New(fault.InvalidParameter, "ImageFile must not be larger than %d bytes, nor the request than %d.", maxLogo, maxClassic)
	}
	for _, extension := range []string{"PNG", "JPEG"} {
		if isImage(image, extension) {
			rec.Image, rec.ImageType, rec.ImageHash = image, extension, hashOf(image)
			return nil
		}
	}
	return fault.New(fault.InvalidParameter, "ImageFile must be a PNG or JPEG file.")
}

// classicClient checks that the client exists, and returns its key.
func (s *Service) classicClient(ctx context.Context, poolID, clientID string) (string, error) {
	if clientID == "" || clientID == store.AllClients {
		_, err := s.o.Pools.Pool(ctx, poolID)
		return store.AllClients, err
	}
	_, _, err := s.o.Pools.ClientOf(ctx, poolID, clientID)
	return clientID, err
}

// UICustomization returns the classic look of an app client: its own, or that of the pool, or an empty one.
func (s *Service) UICustomization(ctx context.Context, poolID, clientID string) (*store.UICustomization, error) {
	clientID, err := s.classicClient(ctx, poolID, clientID)
	if err != nil {
		return nil, err
	}
	var rec store.UICustomization
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = classicOf(tx, poolID, clientID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return &store.UICustomization{PoolID: poolID, ClientID: clientID}, nil
	}
	return &rec, err
}

// classicOf returns the classic look of a client, or that of its pool.
func classicOf(tx store.Tx, poolID, clientID string) (store.UICustomization, error) {
	rec, err := tx.UICustomizations.Get(poolID, clientID)
	if errors.Is(err, store.ErrNotFound) && clientID != store.AllClients {
		rec, err = tx.UICustomizations.Get(poolID, store.AllClients)
	}
	return rec, err
}

// ImagePath returns the path of the image of a classic look, below the place of the pool's pages; "" without an image.
func ImagePath(u *store.UICustomization) string {
	if u.ImageHash == "" {
		return ""
	}
	return imagePath(u.ImageHash, u.ImageType)
}

// classic returns the classic style.
func classic(u *store.UICustomization, clientID string) (*Style, error) {
	s := &Style{Version: 1, Scheme: Light, Options: defaultOptions(), Images: map[string]Image{}}
	if path := ImagePath(u); path != "" {
		s.Images[FormLogo] = Image{Light: path, Dark: path}
		s.Options.FormLogo.Shown = true
	}
	css, err := servedCSS(u.CSS)
	if err != nil {
		return nil, err
	}
	return s.dressed(css, clientID), nil
}

package branding

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// ServiceOptions are what New needs. Base and Pools are required.
type ServiceOptions struct {
	Base  *userpool.Base    // the store with the styles
	Pools *userpool.Service // finds pools and app clients
	// Version returns the version of the login pages at the domain of a pool: 1, 2, or 0 if the pool has no domain. Nil means that
	// no pool has a domain.
	Version func(ctx context.Context, poolID string) (int, error)
}

// Service keeps styles. Its methods may be called from any goroutine.
type Service struct {
	o      ServiceOptions
	base   *userpool.Base
	styles styles
}

// New returns a Service, or an error that names the required option that is missing.
func New(o ServiceOptions) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("branding: ServiceOptions.Base and Pools are required")
	}
	return &Service{o: o, base: o.Base, styles: styles{known: bounded.New[string, *Style](maxStyles)}}, nil
}

// StyleFor returns how the login pages of an app client look. The pages of an unknown client, or of none, have the default look.
// A pool without a domain has the pages of managed login. Changes by other processes appear after Changed, or styleFor.
func (s *Service) StyleFor(ctx context.Context, poolID, clientID string) (*Style, error) {
	version := 2
	if s.o.Version != nil {
		v, err := s.o.Version(ctx, poolID)
		if err != nil {
			return nil, err
		}
		if v != 0 {
			version = v
		}
	}
	return s.StyleOf(ctx, poolID, clientID, version)
}

// StyleOf is StyleFor with another version of the pages than that of the pool's domain.
func (s *Service) StyleOf(ctx context.Context, poolID, clientID string, version int) (*Style, error) {
	plain := &Style{Version: version, Scheme: Dynamic, Options: defaultOptions()}
	if version == 1 {
		plain.Scheme = Light
	}
	if clientID == "" {
		return plain, nil
	}
	_, _, err := s.o.Pools.ClientOf(ctx, poolID, clientID)
	if fault.Is(err, fault.ResourceNotFound) {
		return plain, nil
	}
	if err != nil {
		return nil, err
	}
	return s.styles.get(version, clientID, s.base.Now(), func() (style *Style, err error) {
		err = s.base.View(ctx, func(tx store.Tx) error {
			style, err = s.load(tx, poolID, clientID, version)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return plain, nil
		}
		return style, err
	})
}

func (s *Service) load(tx store.Tx, poolID, clientID string, version int) (*Style, error) {
	if version == 1 {
		u, err := classicOf(tx, poolID, clientID)
		if err != nil {
			return nil, err
		}
		return classic(&u, clientID)
	}
	b, err := tx.Brandings.OfClient(clientID)
	if err != nil {
		return nil, err
	}
	assets, err := tx.Brandings.AssetNames(b.ID)
	if err != nil {
		return nil, err
	}
	return managed(b.Settings, assets, clientID)
}

// Picture is an image as browsers get it.
type Picture struct {
	Extension string // "PNG", "SVG" …
	Bytes     []byte // of the file
}

// Picture returns the image of a pool with the hash, which Style has in its paths, or fault.ResourceNotFound.
func (s *Service) Picture(ctx context.Context, poolID, hash string) (*Picture, error) {
	var p Picture
	err := s.base.View(ctx, func(tx store.Tx) error {
		a, err := tx.Brandings.AssetByHash(poolID, hash)
		if err == nil {
			p = Picture{a.Extension, a.Bytes}
			if a.Served != nil {
				p.Bytes = a.Served
			}
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		u, err := tx.UICustomizations.ByImage(poolID, hash)
		p = Picture{u.ImageType, u.Image}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.New(fault.ResourceNotFound, "There is no such image.")
	}
	return &p, err
}

// Bounds of the styles in memory. A classic style sheet has up to 128 KiB.
const (
	maxStyles = 512
	styleFor  = 10 * time.Second
)

// styles keeps the styles of clients that were used lately. A load that began before a drop is not kept, so that a reader cannot
// bring back what a writer has replaced.
type styles struct {
	known *bounded.Map[string, *Style]

	mu    sync.Mutex
	drops uint64 // counts drops
}

func styleKey(version int, clientID string) string { return strconv.Itoa(version) + " " + clientID }

func (c *styles) get(version int, clientID string, now time.Time, load func() (*Style, error)) (*Style, error) {
	key := styleKey(version, clientID)
	if style, ok := c.known.Get(key, now); ok {
		return style, nil
	}
	c.mu.Lock()
	drops := c.drops
	c.mu.Unlock()
	style, err := load()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops == drops {
		c.known.Put(key, style, now.Add(styleFor), now)
	}
	return style, nil
}

func (c *styles) drop(clientID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.known.Delete(styleKey(1, clientID))
	c.known.Delete(styleKey(2, clientID))
}

func (c *styles) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.known.Clear()
}

// Changed drops all styles from memory, after another process may have changed some.
func (s *Service) Changed() { s.styles.clear() }

package masterkey

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/store"
)

// Try reads sources and returns the error that Use would return. It makes a first key, but puts nothing into effect.
func (k *Keeper) Try(ctx context.Context, sources []Source) error {
	k.switching.Lock()
	k.tried = true
	k.switching.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	old, keys, bySrc, from := k.o.Sources, k.keys, k.bySrc, k.from
	defer func() { k.o.Sources, k.keys, k.bySrc, k.from = old, keys, bySrc, from }()
	k.o.Sources = sources
	if err := k.read(ctx); err != nil {
		return err
	}
	if seals := k.Box.Keys()[0].ID(); !slices.Contains(ids(k.keys), seals) {
		return missing(seals, k.keys, k.names())
	}
	return k.o.Store.View(ctx, func(tx store.Tx) error {
		rec, _, err := load(tx)
		if err != nil {
			return err
		}
		return rec.check(k.keys, k.names())
	})
}

// Use reads other sources from now on: a reload changed the settings. On an error everything stays as it was, and the keeper tries again
// until it succeeds or is told to use others.
func (k *Keeper) Use(ctx context.Context, sources []Source) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next = sources
	return k.useNext(ctx)
}

// Begin adds the sources of a configuration, which owner identifies. They are used when the configurations that began before have ended: a
// key that sealed for a configuration that does not start in the end would be one that the others do not have. If the last one ended after
// Try, they are used at once. The keeper tries again, and logs it, if they cannot be.
func (k *Keeper) Begin(ctx context.Context, owner any, sources []Source) {
	k.switching.Lock()
	defer k.switching.Unlock()
	before := k.configured.Oldest()
	k.configured.Begin(owner, &sources)
	if k.configured.Oldest() != before && k.tried {
		_ = k.Use(ctx, sources)
	}
}

// End forgets the sources of a configuration, and uses those of the next one if it was the oldest.
func (k *Keeper) End(ctx context.Context, owner any) error {
	k.switching.Lock()
	defer k.switching.Unlock()
	before := k.configured.Oldest()
	k.configured.End(owner)
	if next := k.configured.Oldest(); next != before {
		return k.Use(ctx, *next)
	}
	return nil
}

// useNext reads the next sources from now on. The caller holds the lock.
func (k *Keeper) useNext(ctx context.Context) error {
	old, sources := k.o.Sources, k.next
	k.o.Sources = sources
	err := k.reread(ctx)
	if err == nil {
		err = k.write(ctx, false)
	}
	if err != nil {
		k.o.Sources = old
		return errors.Join(err, k.reread(ctx))
	}
	k.next = nil
	return nil
}

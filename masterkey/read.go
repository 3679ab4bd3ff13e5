package masterkey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// read reads the keys of all sources. The caller holds the lock.
func (k *Keeper) read(ctx context.Context) error {
	bySrc := make([][]seal.Key, len(k.o.Sources))
	for i, s := range k.o.Sources {
		var err error
		if bySrc[i], err = s.Keys(ctx); err != nil {
			return err
		}
	}
	if len(bySrc[0]) == 0 {
		made, err := k.makeFirst(ctx, slices.Concat(bySrc...))
		if err != nil {
			return err
		}
		bySrc[0] = made
	}
	if err := k.judge(bySrc); err != nil {
		for _, w := range k.wrapped() {
			w.forget()
		}
		return err
	}
	var keys []seal.Key
	from := map[string]string{}
	for i, list := range bySrc {
		seen := map[string]bool{}
		for _, key := range list {
			if seen[key.ID()] {
				return fmt.Errorf("master key: %s has key %s twice; remove one of them", k.o.Sources[i], key.ID())
			}
			seen[key.ID()] = true
			if _, ok := from[key.ID()]; !ok { // two sources may have the same key, while the operator moves it
				keys, from[key.ID()] = append(keys, key), k.o.Sources[i].String()
			}
		}
	}
	k.keys, k.bySrc, k.from = keys, bySrc, from
	return nil
}

// makeFirst makes the first key of the first source, which has none. A new key next to the secrets of another one could open none
// of them, so the store must be without secrets, or others must be the keys that it needs.
func (k *Keeper) makeFirst(ctx context.Context, others []seal.Key) ([]seal.Key, error) {
	keeping, ok := k.o.Sources[0].(Keeping)
	if !ok {
		return nil, fmt.Errorf("master key: %s contains no key", k.o.Sources[0])
	}
	if w, ok := keeping.(*Wrapped); ok && len(w.Trust) > 0 {
		return nil, fmt.Errorf("%w: trust in master_key names keys, and the store has none; is it the right store? For a new one, leave trust out until "+
			"its first key is made", ErrMissing)
	}
	if k.Box == nil {
		k.setVoucher(others)
	} else { // a key that a failed reload leaves in the store is one that the keys in use vouch for
		k.setVoucher(k.Box.Keys())
	}
	err := k.o.Store.View(ctx, func(tx store.Tx) error {
		rec, found, err := load(tx)
		if err != nil {
			return err
		}
		sample, err := k.o.Sample(tx)
		switch {
		case err != nil:
			return err
		case !found && len(sample) == 0:
			return nil
		case len(others) == 0:
			return fmt.Errorf("%w: %s is missing, but the store exists, and only its own key opens its secrets; "+
				"restore the file, or set SLUICE_MASTER_KEY or master_key to where the key is now", ErrMissing, k.o.Sources[0])
		}
		return rec.check(others, k.names())
	})
	if errors.Is(err, ErrMissing) {
		if keys, again := keeping.Keys(ctx); again == nil && len(keys) > 0 {
			return keys, nil // another process has made key and store since
		}
	}
	if err != nil {
		return nil, err
	}
	made, err := keeping.Make(ctx, true)
	if err != nil {
		return nil, err
	}
	return []seal.Key{made}, nil
}

// names lists the sources.
func (k *Keeper) names() string {
	list := make([]string, len(k.o.Sources))
	for i, s := range k.o.Sources {
		list[i] = s.String()
	}
	return strings.Join(list, " and ")
}

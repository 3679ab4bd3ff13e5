package masterkey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// State is the master keys of a store, for people.
type State struct {
	Seals     string // the ID of the key that seals
	First     string // the ID of the key that is to seal, as far as this process knows
	Keys      []KeyState
	Processes []Process // that live, with this one if it is not a guest
}

// KeyState is one master key.
type KeyState struct {
	ID          string    // 8 hexadecimal digits; see seal.Key.ID
	Fingerprint string    // of the key, for trust in master_key; "" if this process does not have it
	Source      string    // where this process has it from; "" if it does not have it
	Recorded    bool      // the store may need it; else it opens only tokens that other Sluices sealed, or nothing
	Since       time.Time // when the store saw it first; zero if it is not recorded
	SealsTo     time.Time // when it stopped sealing; zero if it seals or never sealed
}

// Waiting returns the names of the processes whose first key is not the one that is to seal.
func (s *State) Waiting() (names []string) {
	for _, p := range s.Processes {
		if len(p.Keys) == 0 || p.Keys[0] != s.First {
			names = append(names, p.Name)
		}
	}
	return names
}

// State reads the sources and the record again.
func (k *Keeper) State(ctx context.Context) (*State, error) {
	if err := k.Refresh(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var rec record
	err := k.o.Store.View(ctx, func(tx store.Tx) (err error) {
		rec, _, err = load(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s := &State{Seals: rec.Seals, First: k.keys[0].ID()}
	for _, key := range k.keys {
		s.Keys = append(s.Keys, KeyState{ID: key.ID(), Fingerprint: key.Fingerprint(), Source: k.from[key.ID()]})
	}
	for _, known := range rec.Keys {
		i := slices.IndexFunc(s.Keys, func(ks KeyState) bool { return ks.ID == known.ID })
		if i < 0 {
			i, s.Keys = len(s.Keys), append(s.Keys, KeyState{ID: known.ID})
		}
		s.Keys[i].Recorded, s.Keys[i].Since, s.Keys[i].SealsTo = true, known.Since, known.SealsTo
	}
	for _, p := range rec.Processes {
		s.Processes = append(s.Processes, p)
	}
	slices.SortFunc(s.Processes, func(a, b Process) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// Rotate makes a new key in the first source. Every process opens with it as soon as it has read it, and seals with it as soon as all
// have; see State.Waiting. A source that Sluice cannot change is an error that says what to do.
func (k *Keeper) Rotate(ctx context.Context) (id string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	keeping, ok := k.o.Sources[0].(Keeping)
	if !ok {
		return "", fmt.Errorf("master key: Sluice cannot change %s; put a new key (openssl rand -base64 32) before the old one there, "+
			"and restart the processes one after the other: they seal with the new key when the last one has it", k.o.Sources[0])
	}
	if seals := k.Box.Keys()[0].ID(); k.keys[0].ID() != seals {
		return "", fmt.Errorf("master key: key %s is new already, and %s still seals, because a process does not have the new one; "+
			"sluice keys list shows which; restart it", k.keys[0].ID(), seals)
	}
	k.setVoucher(k.Box.Keys())
	made, err := keeping.Make(ctx, false)
	if err != nil {
		return "", err
	}
	if err := k.reread(ctx); err != nil {
		return "", err
	}
	return made.ID(), k.write(ctx, false)
}

// Forget takes a key off the record and out of the sources that Sluice can change, so that no process needs it any more. The caller has
// made sure that nothing does.
func (k *Keeper) Forget(ctx context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.keepsTrust(id); err != nil {
		return err
	}
	err := k.o.Store.Update(ctx, func(tx store.Tx) error {
		rec, found, err := load(tx)
		switch {
		case err != nil:
			return err
		case !found:
			return errors.New("master key: the store has no record of master keys")
		case rec.Seals == id:
			return fmt.Errorf("master key: key %s seals; rotate first (sluice keys rotate master)", id)
		}
		for purpose, sealed := range rec.Pinned {
			if of, _ := seal.KeyID(sealed); formatID(of) == id {
				return fmt.Errorf("master key: key %s has sealed the pinned key %q; first: sluice keys reseal", id, purpose)
			}
		}
		rec.Keys = slices.DeleteFunc(rec.Keys, func(known Known) bool { return known.ID == id })
		return rec.save(tx)
	})
	if err != nil {
		return err
	}
	for i, s := range k.o.Sources {
		keeping, ok := s.(Keeping)
		if ok && slices.Contains(ids(k.bySrc[i]), id) {
			if err := keeping.Remove(ctx, id); err != nil {
				return err
			}
		}
	}
	if err := k.reread(ctx); err != nil {
		return err
	}
	return k.write(ctx, false)
}

// Reseal seals what the record itself keeps sealed with the key that seals now. It returns how many texts it resealed, and how many
// there are by the ID of their key.
func (k *Keeper) Reseal(ctx context.Context, dry bool) (done int, byKey map[string]int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	err = k.o.Store.Update(ctx, func(tx store.Tx) error {
		done, byKey = 0, map[string]int{}
		rec, _, err := load(tx)
		if err != nil {
			return err
		}
		for purpose, sealed := range rec.Pinned {
			id, _ := seal.KeyID(sealed)
			if formatID(id) != rec.Seals && !dry {
				key, err := k.Box.Open(purposePinned, sealed, []byte(purpose))
				if err != nil {
					return fmt.Errorf("master key: the pinned key %q does not open: %w", purpose, err)
				}
				if sealed, err = k.Box.Seal(purposePinned, key, []byte(purpose)); err != nil {
					return err
				}
				rec.Pinned[purpose] = sealed
				id, _ = seal.KeyID(sealed)
				done++
			}
			byKey[formatID(id)]++
		}
		if done == 0 {
			return nil
		}
		return rec.save(tx)
	})
	return done, byKey, err
}

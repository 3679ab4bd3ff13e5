package masterkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// setting is the name of the record in store.Settings.
const setting = "master-keys"

// Purposes of the seal.Box.
const (
	purposeCheck  = "check of a master key" // the additional data is the key's ID
	purposePinned = "key of pinned MACs"    // the additional data is the purpose
)

// record is what the store remembers of master keys.
type record struct {
	Seals     string             `json:"seals"`               // the ID of the key that all processes seal with
	Keys      []Known            `json:"keys"`                // that the store may need
	Processes map[string]Process `json:"processes,omitempty"` // that live, by a random id
	Pinned    map[string][]byte  `json:"pinned,omitempty"`    // sealed keys of pinned MACs, by purpose
}

// Known is a master key that the store may need.
type Known struct {
	ID      string    `json:"id"`                // 8 hexadecimal digits; see seal.Key.ID
	Since   time.Time `json:"since"`             // when the store saw it first
	Source  string    `json:"source"`            // where the process that saw it had it from
	SealsTo time.Time `json:"seals_to,omitzero"` // when it stopped sealing; zero while it seals or has never sealed
	Check   []byte    `json:"check"`             // a sealed text, which only this key opens
}

// Process is a process that lives on the store.
type Process struct {
	Name string   `json:"name"` // host and process id
	Keys []string `json:"keys"` // IDs of its master keys, in the order of its sources
	Beat int64    `json:"beat"` // changes as long as the process lives
}

// ErrMissing means that a process lacks a master key of its store.
var ErrMissing = errors.New("master key: the store needs a key that this process does not have")

// load reads the record; found is false if the store has none.
func load(tx store.Tx) (rec record, found bool, err error) {
	text, err := tx.Settings.Get(setting)
	if errors.Is(err, store.ErrNotFound) {
		return record{Processes: map[string]Process{}, Pinned: map[string][]byte{}}, false, nil
	}
	if err != nil {
		return rec, false, err
	}
	if err := json.Unmarshal(text, &rec); err != nil {
		return rec, false, fmt.Errorf("master key: the setting %q of the store is corrupt: %w", setting, err)
	}
	if rec.Processes == nil {
		rec.Processes = map[string]Process{}
	}
	if rec.Pinned == nil {
		rec.Pinned = map[string][]byte{}
	}
	return rec, true, nil
}

func (r *record) save(tx store.Tx) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	return tx.Settings.Put(setting, text)
}

// check returns ErrMissing if one of the record's keys is not among keys. from names the sources.
func (r *record) check(keys []seal.Key, from string) error {
	for _, known := range r.Keys {
		i := slices.IndexFunc(keys, func(k seal.Key) bool { return k.ID() == known.ID })
		if i < 0 {
			return missing(known.ID, keys, from)
		}
		if err := opens(keys[i], known); err != nil {
			return err
		}
	}
	return nil
}

func missing(id string, keys []seal.Key, from string) error {
	has := "has none"
	if len(keys) > 0 {
		has = "has " + strings.Join(ids(keys), ", ")
	}
	return fmt.Errorf("%w: secrets in the store are sealed with master key %s, and %s %s; give this process that key too "+
		"(a copy of the other processes' master.key, or the same SLUICE_MASTER_KEY or master_key), or name the right data_dir; "+
		"after a rotation, sluice keys retire says when a key is no longer needed", ErrMissing, id, from, has)
}

// opens checks a key against its check value.
func opens(key seal.Key, known Known) error {
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}})
	if err != nil {
		return err
	}
	if _, err := box.Open(purposeCheck, known.Check, []byte(known.ID)); err != nil {
		return fmt.Errorf("master key: key %s is not the one that the store was sealed with, though its id is the same; "+
			"restore the right key", known.ID)
	}
	return nil
}

// know adds a key to those that the store may need.
func (k *Keeper) know(r *record, key seal.Key, source string) error {
	if slices.ContainsFunc(r.Keys, func(known Known) bool { return known.ID == key.ID() }) {
		return nil
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}, Rand: k.o.Rand})
	if err != nil {
		return err
	}
	known := Known{ID: key.ID(), Since: k.o.Now().UTC(), Source: source}
	if known.Check, err = box.Seal(purposeCheck, []byte(known.ID), []byte(known.ID)); err != nil {
		return err
	}
	r.Keys = append(r.Keys, known)
	return nil
}

// promote makes the first key of all processes the one that seals, if they agree. It reports whether the record changed.
func (k *Keeper) promote(r *record, keys []seal.Key) (bool, error) {
	first := keys[0]
	if r.Seals == first.ID() {
		return false, nil
	}
	for _, p := range r.Processes {
		if len(p.Keys) == 0 || p.Keys[0] != first.ID() {
			return false, nil
		}
	}
	if err := k.know(r, first, k.from[first.ID()]); err != nil {
		return false, err
	}
	for i := range r.Keys {
		switch r.Keys[i].ID {
		case r.Seals:
			r.Keys[i].SealsTo = k.o.Now().UTC()
		case first.ID():
			r.Keys[i].SealsTo = time.Time{}
		}
	}
	r.Seals = first.ID()
	return true, nil
}

// pins returns the keys of pinned MACs. It adds those that are missing to the record, as they follow from the key that seals.
func (k *Keeper) pins(r *record) (map[string][]byte, error) {
	box, err := seal.New(seal.Options{Keys: ordered(k.keys, r.Seals), Rand: k.o.Rand})
	if err != nil {
		return nil, err
	}
	pins := map[string][]byte{}
	for _, purpose := range k.o.Pinned {
		sealed, ok := r.Pinned[purpose]
		if !ok {
			if sealed, err = box.Seal(purposePinned, box.MACKey(purpose), []byte(purpose)); err != nil {
				return nil, err
			}
			r.Pinned[purpose] = sealed
		}
		if pins[purpose], err = box.Open(purposePinned, sealed, []byte(purpose)); err != nil {
			return nil, fmt.Errorf("master key: the pinned key %q does not open: %w", purpose, err)
		}
	}
	return pins, nil
}

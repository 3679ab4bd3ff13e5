package rotation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
)

const (
	lookEvery = 10 * time.Minute // how often a process looks whether something is due
	// settle is how long after a change of the key that seals the store is resealed: a process that is slow may seal with the old key
	// until it has read the record.
	settle = 10 * time.Minute
	// patience is how long processes may take to get a new key before that is reported.
	patience = time.Hour
)

// setting is the name of the setting that says which master key the whole store was sealed with last.
const setting = "master-keys/resealed"

// Options are what New needs. Log may be nil, the others are required.
type Options struct {
	Store  store.Store       // remembers with which key it was resealed last
	Keys   *masterkey.Keeper // the master keys of this process; its Rotate makes the next one
	Leases *lease.Keeper     // let one process of the store do the work
	Every  time.Duration     // how long a master key seals
	// Reseal seals everything that the store keeps sealed with the key that seals now, and returns how many values it resealed. It
	// may be interrupted, run again, and run while processes write.
	Reseal func(ctx context.Context) (int, error)
	Now    func() time.Time // decides when a key is due
	Log    *slog.Logger     // gets failures, and what was replaced; nil discards
	Made   func(id string)  // is called when there is another master key; must return at once; may be nil

	// Resealed is called when everything in the store is sealed with the key; must return at once; may be nil.
	Resealed func(id string, values int)
}

// Schedule replaces the master keys of a store.
type Schedule struct {
	o       Options
	tracker health.Tracker
}

// New returns a Schedule, or an error if an option is missing.
func New(o Options) (*Schedule, error) {
	if o.Store == nil || o.Keys == nil || o.Leases == nil || o.Every <= 0 || o.Reseal == nil || o.Now == nil {
		return nil, errors.New("rotation: Store, Keys, Leases, Every, Reseal and Now are required")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Made == nil {
		o.Made = func(string) {}
	}
	if o.Resealed == nil {
		o.Resealed = func(string, int) {}
	}
	return &Schedule{o: o}, nil
}

// Run looks at once and then every ten minutes, until ctx ends.
func (s *Schedule) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.Look(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Error("replacing the master key; the one from before is used on", "error", err, "again_in", lookEvery.String())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Status is degraded while a key that is due cannot be replaced.
func (s *Schedule) Status(now time.Time) health.Status { return s.tracker.Status(now, 0) }

// Look does what is due, unless another process does it or did it a moment ago: it makes the next key, or reseals the store.
func (s *Schedule) Look(ctx context.Context) error {
	_, err := s.o.Leases.Do(ctx, "master keys", lookEvery/2, s.work)
	if ctx.Err() == nil {
		s.tracker.Done(s.o.Now(), err)
	}
	return err
}

func (s *Schedule) work(ctx context.Context) error {
	state, err := s.o.Keys.State(ctx)
	if err != nil {
		return err
	}
	seals := keyOf(state, state.Seals)
	age := s.o.Now().Sub(seals.Since)
	switch {
	case state.First != state.Seals:
		return waiting(state, age >= s.o.Every+patience)
	case age >= s.o.Every:
		return s.rotate(ctx, seals)
	}
	return s.reseal(ctx, state)
}

// waiting is the error for processes that do not get a new key, once they had time for it.
func waiting(state *masterkey.State, late bool) error {
	names := state.Waiting()
	if !late || len(names) == 0 {
		return nil
	}
	return fmt.Errorf("master key %s is new and cannot seal yet, because these processes do not have it as their first key: %s; give it to them "+
		"(the same file, or master_key kms or vault), or stop them", state.First, strings.Join(names, ", "))
}

func (s *Schedule) rotate(ctx context.Context, seals masterkey.KeyState) error {
	if err := s.mine(ctx); err != nil {
		return err
	}
	id, err := s.o.Keys.Rotate(ctx)
	if err != nil {
		return err
	}
	s.o.Made(id)
	s.o.Log.Info("created the next master key; it seals as soon as every process has it", "key", id, "before", seals.ID, "since", seals.Since)
	return nil
}

// mine returns lease.ErrLost if another process does the work by now.
func (s *Schedule) mine(ctx context.Context) error {
	return s.o.Store.View(ctx, func(tx store.Tx) error { return lease.Check(ctx, tx) })
}

// reseal reseals the store if that has not been done with the current sealing key.
func (s *Schedule) reseal(ctx context.Context, state *masterkey.State) error {
	var done string
	err := s.o.Store.View(ctx, func(tx store.Tx) error {
		text, err := tx.Settings.Get(setting)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		done = string(text)
		return err
	})
	if err != nil || done == state.Seals || len(state.Keys) < 2 {
		return err
	}
	if last := lastSealed(state); s.o.Now().Sub(last) < settle && !last.After(s.o.Now()) {
		return nil
	}
	began := s.o.Now()
	n, err := s.o.Reseal(ctx)
	if err != nil {
		return fmt.Errorf("resealing the store with master key %s: %w", state.Seals, err)
	}
	s.o.Log.Info("resealed the store", "key", state.Seals, "values", n, "took", s.o.Now().Sub(began).String())
	err = s.o.Store.Update(ctx, func(tx store.Tx) error {
		if err := lease.Check(ctx, tx); err != nil {
			return err
		}
		return tx.Settings.Put(setting, []byte(state.Seals))
	})
	if err == nil {
		s.o.Resealed(state.Seals, n)
	}
	return err
}

// lastSealed returns when the last of the older keys stopped sealing; zero if that is not known.
func lastSealed(state *masterkey.State) (last time.Time) {
	for _, k := range state.Keys {
		if k.ID != state.Seals && k.SealsTo.After(last) {
			last = k.SealsTo
		}
	}
	return last
}

func keyOf(state *masterkey.State, id string) masterkey.KeyState {
	if i := slices.IndexFunc(state.Keys, func(k masterkey.KeyState) bool { return k.ID == id }); i >= 0 {
		return state.Keys[i]
	}
	return masterkey.KeyState{}
}

package masterkey

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sluicegate/sluice/node/overlap"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// The pace of a Keeper.
const (
	// Every is how often a Keeper looks for changes of its sources and of the record, unless Options say otherwise.
	Every = 2 * time.Second
	// Beat is how often it tells the store that the process lives.
	Beat = 20 * time.Second
	// Dead is how long the others wait for a process that does not.
	Dead = 70 * time.Second
)

// Options are what Open needs. Store and Sources are required.
type Options struct {
	Store   store.Store // has the record of keys and processes, as a setting
	Sources []Source    // all keys open; the first key of the first source is to seal
	// Sample returns sealed texts of the store, for stores that have no record yet because an older release made them. None means that
	// nothing in the store is sealed. nil = none.
	Sample func(tx store.Tx) ([][]byte, error)
	// Pinned are the purposes of seal.Box.PinnedMAC.
	Pinned []string

	// TrustFile is where the fingerprints of the wrapped keys are kept that earlier starts trusted; "" = nowhere. See Wrapped.Trust.
	TrustFile string

	// Guest is set for a command, which ends soon: it is no process of the record, so that none waits for it.
	Guest bool

	Name  string           // of the process in lists; "" = host and process id
	Now   func() time.Time // nil = time.Now
	Rand  io.Reader        // nil = crypto/rand
	Log   *slog.Logger     // nil = silent
	Every time.Duration    // 0 = Every
	Dead  time.Duration    // 0 = Dead
}

// Keeper has the master keys of a process. Its methods may be called from any goroutine.
type Keeper struct {
	Box *seal.Box // seals with the key that all processes of the store seal with
	o   Options
	id  string // of the process, in the record

	configured overlap.Values[[]Source]
	switching  sync.Mutex // held while a configuration begins or ends
	tried      bool       // a configuration found the keeper open, whose sources may be others; guarded by switching

	mu      sync.Mutex        // guards what follows, and is held while sources are read
	next    []Source          // that Use could not put into effect yet; nil for none
	keys    []seal.Key        // of the sources, in their order
	bySrc   [][]seal.Key      // the same, by source
	from    map[string]string // ID of a key → the source that has it
	beat    int64
	beaten  time.Time            // of the last beat
	others  map[string]seenAlive // by the id of a process
	problem string               // that was logged last

	stop context.CancelFunc
	done sync.WaitGroup
}

// seenAlive is when the beat of a process changed last, by the clock of this process.
type seenAlive struct {
	beat int64
	at   time.Time
}

// Open reads the keys, compares them with the record of the store, and keeps following both until Close. A source without keys makes
// one if the store holds no secrets. A process that lacks a key of its store gets ErrMissing.
func Open(ctx context.Context, o Options) (*Keeper, error) {
	if o.Store == nil || len(o.Sources) == 0 {
		return nil, errors.New("masterkey: Store and Sources are required")
	}
	k := &Keeper{o: o.withDefaults(), others: map[string]seenAlive{}}
	var id [8]byte
	if _, err := io.ReadFull(rand.Reader, id[:]); err != nil {
		return nil, fmt.Errorf("master key: reading random bytes: %w", err)
	}
	k.id = hex.EncodeToString(id[:])
	if err := k.read(ctx); err != nil {
		return nil, err
	}
	var err error
	if k.Box, err = seal.New(seal.Options{Keys: k.keys, Rand: k.o.Rand}); err != nil {
		return nil, fmt.Errorf("master key: %s: %w", k.names(), err)
	}
	if err := k.write(ctx, true); err != nil {
		return nil, err
	}
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	k.done.Go(func() { k.follow(ctx) })
	return k, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Every <= 0 {
		o.Every = Every
	}
	if o.Dead <= 0 {
		o.Dead = Dead
	}
	if o.Sample == nil {
		o.Sample = func(store.Tx) ([][]byte, error) { return nil, nil }
	}
	if o.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		o.Name = fmt.Sprintf("%s:%d", host, os.Getpid())
	}
	return o
}

// Close ends the following and takes the process off the record.
func (k *Keeper) Close() error {
	k.stop()
	k.done.Wait()
	if k.o.Guest {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := k.o.Store.Update(ctx, func(tx store.Tx) error {
		rec, found, err := load(tx)
		if err != nil || !found {
			return err
		}
		delete(rec.Processes, k.id)
		return rec.save(tx)
	})
	if err != nil { // the others find out by themselves
		k.o.Log.Warn("taking this process off the record of master keys", "error", err)
	}
	return nil
}

func (k *Keeper) follow(ctx context.Context) {
	tick := time.NewTicker(k.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := k.Refresh(ctx)
		k.mu.Lock()
		switch {
		case err == nil:
			k.problem = ""
		case ctx.Err() == nil && err.Error() != k.problem:
			k.problem = err.Error()
			k.o.Log.Error("master keys are not up to date; those from before are used on", "error", err)
		}
		k.mu.Unlock()
	}
}

// Refresh reads sources that changed, and the record. Keys that it adds open from then on, whether or not the store can be reached.
func (k *Keeper) Refresh(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var problem error
	if k.next != nil {
		problem = k.useNext(ctx)
	}
	changed := slices.ContainsFunc(k.o.Sources, func(s Source) bool { return s.Changed(ctx) })
	if changed {
		if err := k.reread(ctx); err != nil {
			changed, problem = false, errors.Join(problem, err)
		}
	}
	due := changed || !k.o.Guest && time.Since(k.beaten) >= min(Beat, k.o.Dead/4)
	if !due {
		var rec record
		err := k.o.Store.View(ctx, func(tx store.Tx) (err error) {
			rec, _, err = load(tx)
			return err
		})
		if err != nil {
			return errors.Join(problem, err)
		}
		due = k.stale(&rec)
		if !due {
			return errors.Join(problem, k.apply(&rec))
		}
	}
	return errors.Join(problem, k.write(ctx, false))
}

// reread reads the sources while the process runs. It does not accept keys among which one is missing that the box seals with. The
// caller holds the lock.
func (k *Keeper) reread(ctx context.Context) error {
	keys, bySrc, from := k.keys, k.bySrc, k.from
	err := k.read(ctx)
	if err == nil {
		seals := k.Box.Keys()[0]
		if !slices.Contains(ids(k.keys), seals.ID()) {
			err = missing(seals.ID(), k.keys, k.names())
		} else {
			err = k.Box.Replace(ordered(k.keys, seals.ID()))
		}
	}
	if err != nil {
		k.keys, k.bySrc, k.from = keys, bySrc, from
	}
	return err
}

// write joins the record or renews the membership of the process, and applies the record. The caller holds the lock.
func (k *Keeper) write(ctx context.Context, first bool) error {
	var rec record
	var pins map[string][]byte
	err := k.o.Store.Update(ctx, func(tx store.Tx) (err error) {
		var found bool
		if rec, found, err = load(tx); err != nil {
			return err
		}
		if !found {
			if err := k.begin(tx, &rec); err != nil {
				return err
			}
		}
		if err := rec.check(k.keys, k.names()); err != nil {
			return err
		}
		k.bury(&rec)
		if !k.o.Guest {
			rec.Processes[k.id] = Process{Name: k.o.Name, Keys: ids(k.keys), Beat: k.beat + 1}
		}
		if _, err := k.promote(&rec, k.keys); err != nil {
			return err
		}
		if pins, err = k.pins(&rec); err != nil {
			return err
		}
		return rec.save(tx)
	})
	if err == nil { // only what is in the store is in effect
		err = k.apply(&rec)
	}
	for purpose, key := range pins {
		if err == nil {
			err = k.Box.Pin(purpose, key)
		}
	}
	if err != nil {
		if !first || errors.Is(err, ErrMissing) {
			return err
		}
		return fmt.Errorf("master key: reading the record of the store: %w", err)
	}
	k.beat, k.beaten = k.beat+1, time.Now()
	return k.settle(ctx)
}

// begin fills the record of a store that has none.
func (k *Keeper) begin(tx store.Tx, rec *record) error {
	sample, err := k.o.Sample(tx)
	if err != nil {
		return err
	}
	for _, sealed := range sample {
		if id, ok := seal.KeyID(sealed); ok && !slices.Contains(ids(k.keys), formatID(id)) {
			return missing(formatID(id), k.keys, k.names())
		}
	}
	for _, key := range k.keys { // each may have sealed something in an existing store
		if len(sample) > 0 || key.ID() == k.keys[0].ID() {
			if err := k.know(rec, key, k.from[key.ID()]); err != nil {
				return err
			}
		}
	}
	rec.Seals = k.keys[0].ID()
	return nil
}

// stale reports whether the record has something to change for this process: it is not in it, others have died, or all agree on
// another key.
func (k *Keeper) stale(rec *record) bool {
	own, ok := rec.Processes[k.id]
	if !k.o.Guest && (!ok || !slices.Equal(own.Keys, ids(k.keys))) {
		return true
	}
	trial := record{Seals: rec.Seals, Processes: map[string]Process{}}
	dead := k.dead(rec)
	for id, p := range rec.Processes {
		if !slices.Contains(dead, id) {
			trial.Processes[id] = p
		}
	}
	changed, err := k.promote(&trial, k.keys)
	return changed || err != nil || len(dead) > 0
}

// dead notes the beats of the other processes and returns the ids of those that have been without one for too long.
func (k *Keeper) dead(rec *record) (list []string) {
	for id := range k.others {
		if _, ok := rec.Processes[id]; !ok {
			delete(k.others, id)
		}
	}
	for id, p := range rec.Processes {
		if id == k.id {
			continue
		}
		if seen, ok := k.others[id]; !ok || seen.beat != p.Beat {
			k.others[id] = seenAlive{p.Beat, time.Now()}
		} else if time.Since(seen.at) >= k.o.Dead {
			list = append(list, id)
		}
	}
	return list
}

func (k *Keeper) bury(rec *record) {
	for _, id := range k.dead(rec) {
		delete(rec.Processes, id)
	}
}

// apply makes the box seal as the record says.
func (k *Keeper) apply(rec *record) error {
	if rec.Seals == "" || k.Box.Keys()[0].ID() == rec.Seals {
		return nil
	}
	if !slices.Contains(ids(k.keys), rec.Seals) {
		return missing(rec.Seals, k.keys, k.names())
	}
	k.o.Log.Warn("another master key seals from now on", "key", rec.Seals, "before", k.Box.Keys()[0].ID(), "source", k.from[rec.Seals])
	return k.Box.Replace(ordered(k.keys, rec.Seals))
}

// ordered returns the keys with the one that seals first.
func ordered(keys []seal.Key, seals string) []seal.Key {
	sorted := slices.Clone(keys)
	slices.SortStableFunc(sorted, func(a, b seal.Key) int {
		switch {
		case a.ID() == seals && b.ID() != seals:
			return -1
		case b.ID() == seals && a.ID() != seals:
			return 1
		}
		return 0
	})
	return sorted
}

func formatID(id uint32) string { return fmt.Sprintf("%08x", id) }

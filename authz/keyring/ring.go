package keyring

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// Options are the dependencies of a Ring. All fields are required unless they say otherwise.
type Options struct {
	Store store.Store      // keeps the keys, private ones sealed
	Seal  *seal.Box        // seals private keys
	Now   func() time.Time // the clock that decides which key signs
	Rand  io.Reader        // crypto/rand.Reader outside of tests

	// NewKey makes a key. Its ID must differ from those of existing, the owner's keys of every use.
	NewKey func(rand io.Reader, existing []store.SigningKey) (*token.SigningKey, error)

	// Purpose is the seal.Box purpose of private keys. Bind returns the additional data that ties a sealed key to its
	// record; nil means owner, ID and use, one per line.
	Purpose string
	Bind    func(owner, id, use string) []byte

	// Rotated is called with the record of each key that follows another one, after it is stored; the first key of a use follows none. It
	// must return at once. It may be nil.
	Rotated func(store.SigningKey)

	Schedule
}

// Schedule is the life of a key. The package comment has a drawing.
type Schedule struct {
	Period time.Duration // how long a key signs
	Lead   time.Duration // how long a key is published before it signs; shorter than Period
	Linger time.Duration // how long a key is published after it signed; longer than any token is valid

	// Kept is how long the keys of a use are kept after that, published no more; see Keys.OfUse. A use that is missing keeps none.
	Kept map[string]time.Duration
}

// maxKept is the most keys of a use that are kept although they are published no more.
const maxKept = 10

// Ring makes, stores, rotates and publishes signing keys. It is safe for concurrent use.
type Ring struct {
	o    Options
	sets sets
}

// New returns a Ring, or an error if an option is missing or the schedule is invalid.
func New(o Options) (*Ring, error) {
	if o.Store == nil || o.Seal == nil || o.Now == nil || o.Rand == nil || o.NewKey == nil || o.Purpose == "" {
		return nil, errors.New("keyring: Store, Seal, Now, Rand, NewKey and Purpose are required")
	}
	if o.Lead <= 0 || o.Period <= o.Lead || o.Linger <= 0 {
		return nil, errors.New("keyring: Lead and Linger must be positive and Lead must be shorter than Period")
	}
	if o.Bind == nil {
		o.Bind = Bind
	}
	if o.Rotated == nil {
		o.Rotated = func(store.SigningKey) {}
	}
	return &Ring{o: o, sets: sets{byOwner: map[string]*token.StaticKeys{}, withdrawn: map[string]bool{}}}, nil
}

// Bind is the default of Options.Bind.
func Bind(owner, id, use string) []byte { return []byte(owner + "\n" + id + "\n" + use) }

// First returns the record of a key that signs from now on. Use it to insert the first keys of an owner in the
// transaction that creates the owner.
func (r *Ring) First(owner, use string) (store.SigningKey, error) {
	return r.newRecord(owner, use, r.o.Now(), nil)
}

// Ensure makes a key that signs at once if the owner has no key for the use.
func (r *Ring) Ensure(ctx context.Context, owner, use string) error {
	_, line, err := r.read(ctx, owner, use)
	if err != nil || len(line) > 0 {
		return err
	}
	first, err := r.First(owner, use)
	if err != nil {
		return err
	}
	return r.o.Store.Update(ctx, func(tx store.Tx) error {
		all, err := tx.SigningKeys.List(owner)
		if err != nil || len(lineOf(all, use, r.o.Linger)) > 0 {
			return err // another process was first
		}
		return tx.SigningKeys.Insert(first)
	})
}

// Rotate makes a successor Lead before a key stops signing, and deletes keys whose Linger has passed, or the time in Kept. It may be called
// early, late, repeatedly, and by several processes. It makes no key for a use without keys.
//
// changed reports whether the keys in the store may differ from those read before; call Load or Open again then.
func (r *Ring) Rotate(ctx context.Context, owner string, uses ...string) (changed bool, err error) {
	for _, use := range uses {
		did, err := r.rotate(ctx, owner, use)
		if err != nil {
			return changed, err
		}
		changed = changed || did
	}
	return changed, nil
}

func (r *Ring) rotate(ctx context.Context, owner, use string) (bool, error) {
	now := r.o.Now()
	all, line, err := r.read(ctx, owner, use)
	if err != nil || len(line) == 0 {
		return false, err
	}
	last := line[len(line)-1]
	due := !now.Before(last.SignsFrom.Add(r.o.Period - r.o.Lead))
	if !due && len(r.over(line, now)) == 0 {
		return false, nil
	}
	var next store.SigningKey
	if due {
		// If the rotation is late, the key is still published Lead before it signs.
		from := last.SignsFrom.Add(r.o.Period)
		if earliest := now.Add(r.o.Lead); from.Before(earliest) {
			from = earliest
		}
		if next, err = r.newRecord(owner, use, from, all); err != nil {
			return false, err
		}
	}
	made := false
	err = r.o.Store.Update(ctx, func(tx store.Tx) error {
		made = false
		all, err := tx.SigningKeys.List(owner)
		if err != nil {
			return err
		}
		line := lineOf(all, use, r.o.Linger)
		for _, k := range r.over(line, now) {
			if err := tx.SigningKeys.Delete(owner, k.ID); err != nil {
				return err
			}
		}
		if !due || len(line) == 0 || line[len(line)-1].ID != last.ID {
			return nil // another process was first, or the owner is gone
		}
		made = true
		return r.succeed(tx, line[len(line)-1], next)
	})
	if err == nil && made {
		r.o.Rotated(next)
	}
	return true, err
}

// over returns the keys of a line that are no longer kept.
func (r *Ring) over(line []store.SigningKey, now time.Time) (list []store.SigningKey) {
	kept := 0
	for _, k := range slices.Backward(line) {
		if !expired(&k, now) {
			continue
		}
		if kept++; kept > maxKept || !now.Before(k.ExpiresAt.Add(r.o.Kept[k.Use])) {
			list = append(list, k)
		}
	}
	return list
}

// read returns all keys of the owner and the line of keys of one use.
func (r *Ring) read(ctx context.Context, owner, use string) (all, line []store.SigningKey, err error) {
	err = r.o.Store.View(ctx, func(tx store.Tx) error {
		all, err = tx.SigningKeys.List(owner)
		return err
	})
	return all, lineOf(all, use, r.o.Linger), err
}

// Load reads, opens and publishes the owner's keys.
func (r *Ring) Load(ctx context.Context, owner string) (*Keys, error) {
	var records []store.SigningKey
	err := r.o.Store.View(ctx, func(tx store.Tx) (err error) {
		records, err = tx.SigningKeys.List(owner)
		return err
	})
	if err != nil {
		return nil, err
	}
	keys, err := r.Open(records)
	if err != nil {
		return nil, err
	}
	return keys, r.Publish(owner, keys)
}

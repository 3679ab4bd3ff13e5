package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/sluicegate/sluice/store"
)

// ErrLost is returned by Check when the lease has ended or another process has it. What the transaction wrote must not be kept.
var ErrLost = errors.New("lease: lost to another process, which continues the work")

// Options are what New needs. Life may be 0.
type Options struct {
	Store store.Store      // keeps the leases, among the settings
	Now   func() time.Time // the clock of leases; those of the processes may differ by a minute
	Rand  io.Reader        // makes the id of the process
	Life  time.Duration    // how long a lease lasts that is not renewed; default two minutes
}

// Keeper takes leases for one process. Its methods may be called from any goroutine.
type Keeper struct {
	o      Options
	holder string
}

// New returns a Keeper, or an error that names the option that is missing.
func New(o Options) (*Keeper, error) {
	if o.Store == nil || o.Now == nil || o.Rand == nil {
		return nil, errors.New("lease: Options.Store, Now and Rand are required")
	}
	if o.Life == 0 {
		o.Life = 2 * time.Minute
	}
	holder, err := uuid.NewRandomFromReader(o.Rand)
	if err != nil {
		return nil, fmt.Errorf("lease: reading random bytes: %w", err)
	}
	return &Keeper{o: o, holder: holder.String()}, nil
}

// leaseSlack is how far the clocks of processes may differ.
const leaseSlack = time.Minute

// record is a lease in the store. Times are milliseconds since 1970.
type record struct {
	Holder string `json:"holder,omitempty"` // "" = not leased
	Turn   uint64 `json:"turn"`             // counts leases
	Until  int64  `json:"until,omitempty"`
	Done   int64  `json:"done,omitempty"` // when the work was last done
}

// held is a lease that this process took.
type held struct {
	name   string
	holder string
	turn   uint64
}

// Do runs the work of a name if it was not done for the time every, and no other process is at it. ran says whether it did. The
// context of work has the lease, for Check, and ends when the lease is lost. If work fails, it is due at once, here or elsewhere.
func (k *Keeper) Do(ctx context.Context, name string, every time.Duration, work func(context.Context) error) (ran bool, err error) {
	h, err := k.take(ctx, name, every)
	if h == nil || err != nil {
		return false, err
	}
	working, stop := context.WithCancel(context.WithValue(ctx, key{}, h))
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		k.renew(working, h, stop)
	}()
	err = work(working)
	stop()
	<-renewed
	// The lease is released even if ctx is done, so that another process need not wait.
	ended, cancel := context.WithTimeout(context.WithoutCancel(ctx), k.o.Life/2)
	defer cancel()
	return true, errors.Join(err, k.release(ended, h, err == nil))
}

// take takes the lease. It returns nil if the work is not due or another process is at it.
func (k *Keeper) take(ctx context.Context, name string, every time.Duration) (h *held, err error) {
	now := k.o.Now()
	free := func(r record) bool {
		// A lease that ends later than any that is taken now was taken by a clock that was wrong.
		left := r.Until - now.UnixMilli()
		busy := r.Holder != "" && left > 0 && left <= leaseSlack.Milliseconds()+k.o.Life.Milliseconds()
		since := now.UnixMilli() - r.Done
		// Work that was done in the future was done by a clock that was wrong.
		return !busy && (since >= every.Milliseconds() || since < -every.Milliseconds())
	}
	var seen record
	if err := k.o.Store.View(ctx, func(tx store.Tx) (err error) {
		seen, err = read(tx, name)
		return err
	}); err != nil || !free(seen) {
		return nil, err
	}
	err = k.o.Store.Update(ctx, func(tx store.Tx) error {
		h = nil
		r, err := read(tx, name)
		if err != nil || !free(r) {
			return err
		}
		r.Holder, r.Turn, r.Until = k.holder, r.Turn+1, now.Add(k.o.Life).UnixMilli()
		h = &held{name, k.holder, r.Turn}
		return write(tx, name, r)
	})
	return h, err
}

// renew renews the lease until ctx is done. It calls lost when it is lost, or could not be renewed for its life.
func (k *Keeper) renew(ctx context.Context, h *held, lost func()) {
	tick := time.NewTicker(k.o.Life / 4)
	defer tick.Stop()
	for last := k.o.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := k.o.Now()
		err := k.change(ctx, h, func(r *record) { r.Until = now.Add(k.o.Life).UnixMilli() })
		if err == nil {
			last = now
		}
		if errors.Is(err, ErrLost) || now.Sub(last) >= k.o.Life {
			lost()
			return
		}
	}
}

// release releases the lease. A lost lease is not an error: the process that has it does the work.
func (k *Keeper) release(ctx context.Context, h *held, done bool) error {
	err := k.change(ctx, h, func(r *record) {
		r.Holder, r.Until = "", 0
		if done {
			r.Done = k.o.Now().UnixMilli()
		}
	})
	if errors.Is(err, ErrLost) {
		return nil
	}
	return err
}

// change changes the record of a lease that this process still has.
func (k *Keeper) change(ctx context.Context, h *held, with func(*record)) error {
	return k.o.Store.Update(ctx, func(tx store.Tx) error {
		r, err := h.check(tx)
		if err != nil {
			return err
		}
		with(&r)
		return write(tx, h.name, r)
	})
}

type key struct{}

// Check returns ErrLost if ctx is that of work whose lease was lost. Transactions of such work begin with it. It returns nil for any
// other ctx.
func Check(ctx context.Context, tx store.Tx) error {
	h, ok := ctx.Value(key{}).(*held)
	if !ok {
		return nil
	}
	_, err := h.check(tx)
	return err
}

// check returns the record if the lease is still held. The clock does not matter: a lease that has ended is held until another
// process takes it.
func (h *held) check(tx store.Tx) (record, error) {
	r, err := read(tx, h.name)
	if err == nil && (r.Turn != h.turn || r.Holder != h.holder) {
		err = ErrLost
	}
	return r, err
}

func setting(name string) string { return "lease/" + name }

func read(tx store.Tx, name string) (r record, err error) {
	raw, err := tx.Settings.Get(setting(name))
	if errors.Is(err, store.ErrNotFound) {
		return record{}, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	return r, err
}

func write(tx store.Tx, name string, r record) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return tx.Settings.Put(setting(name), raw)
}

// Checked returns a store whose Updates call Check first: those of work whose lease is lost return ErrLost and write nothing.
func Checked(s store.Store) store.Store { return checked{s} }

type checked struct{ store.Store }

// Update implements store.Store.
func (c checked) Update(ctx context.Context, fn func(tx store.Tx) error) error {
	return c.Store.Update(ctx, func(tx store.Tx) error {
		if err := Check(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
}

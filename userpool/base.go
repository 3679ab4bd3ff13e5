package userpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
)

// Base holds what every package of user pools needs. All packages of one process share one Base; make it with NewBase.
type Base struct {
	// The store, what seals secrets in it, and the clock. All are required.
	Store  store.Store
	Seal   *seal.Box
	Now    func() time.Time
	Rand   io.Reader    // crypto/rand.Reader outside of tests
	Logger *slog.Logger // nil discards

	// Shared is the clock of all processes on the store, for locks and leases; nil = Now.
	Shared func() time.Time

	// Told is called with events of users and keys, after they are stored. It must return at once. It may be nil.
	Told func(Event)
}

// Event is something that happened in a pool, for those who run it.
type Event struct {
	// What happened, and in which pool. For keys, PoolID is the owner of the key.
	Kind   EventKind
	PoolID string

	Sub      string        // the user; "" for KeyRotated
	Failures int           // wrong passwords in a row, for UserLocked
	Lock     time.Duration // how long the user is locked, for UserLocked
	KeyID    string        // the new key, for KeyRotated; the master key, for StoreResealed
	Use      string        // what the key is for, for KeyRotated
	Values   int           // how many values were resealed, for StoreResealed
}

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	UserSignedUp  EventKind = "user_signed_up"  // by themselves, or by the first sign-in with an identity provider
	UserConfirmed EventKind = "user_confirmed"  // by code, link, function, or administrator
	UserLocked    EventKind = "user_locked"     // by wrong passwords
	UserDisabled  EventKind = "user_disabled"   // by an administrator
	UserSignedOut EventKind = "user_signed_out" // everywhere
	KeyRotated    EventKind = "key_rotated"     // there is another signing key, or master key
	StoreResealed EventKind = "store_resealed"  // everything in the store is sealed with the latest master key
)

// NewBase returns b with defaults filled in, or an error that names the required field that is missing. The clock of the
// result is in UTC and has milliseconds, as the times that the store returns.
func NewBase(b Base) (*Base, error) {
	switch {
	case b.Store == nil:
		return nil, errors.New("userpool: Base.Store is required")
	case b.Seal == nil:
		return nil, errors.New("userpool: Base.Seal is required")
	case b.Now == nil || b.Rand == nil:
		return nil, errors.New("userpool: Base.Now and Base.Rand are required")
	}
	if b.Logger == nil {
		b.Logger = slog.New(slog.DiscardHandler)
	}
	if b.Told == nil {
		b.Told = func(Event) {}
	}
	if b.Shared == nil {
		b.Shared = b.Now
	}
	b.Now, b.Shared = inStore(b.Now), inStore(b.Shared)
	return &b, nil
}

// inStore returns a clock whose times are as the store returns them.
func inStore(now func() time.Time) func() time.Time {
	return func() time.Time { return now().UTC().Truncate(time.Millisecond) }
}

// View runs fn on a snapshot of the store. An outage is a fault of kind Unavailable.
func (b *Base) View(ctx context.Context, fn func(store.Tx) error) error {
	return storeError(b.Store.View(ctx, fn))
}

// Update runs fn in a transaction, possibly more than once: see store.Store. An outage is a fault of kind Unavailable. In work that
// one process does for all, it returns lease.ErrLost if that is another process now.
func (b *Base) Update(ctx context.Context, fn func(store.Tx) error) error {
	return storeError(b.Store.Update(ctx, func(tx store.Tx) error {
		if err := lease.Check(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	}))
}

// storeError converts an outage to a fault of kind Unavailable. Callers translate ErrNotFound and conflicts themselves; one
// that they leave untranslated is a bug and stays internal.
func storeError(err error) error {
	if errors.Is(err, store.ErrUnavailable) && fault.KindOf(err) == fault.Internal {
		return fault.Wrap(fault.Unavailable, err, "The service is not available. Try again.")
	}
	return err
}

// Random returns n random bytes.
func (b *Base) Random(n int) ([]byte, error) {
	out := make([]byte, n)
	if _, err := io.ReadFull(b.Rand, out); err != nil {
		return nil, fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return out, nil
}

// RandomText returns n characters of the alphabet, each equally likely. The alphabet has at most 256 bytes of ASCII.
func (b *Base) RandomText(alphabet string, n int) (string, error) {
	limit := 256 - 256%len(alphabet) // bytes from limit on would favour the first letters
	out := make([]byte, 0, n)
	for len(out) < n {
		raw, err := b.Random(n)
		if err != nil {
			return "", err
		}
		for _, c := range raw {
			if int(c) < limit && len(out) < n {
				out = append(out, alphabet[int(c)%len(alphabet)])
			}
		}
	}
	return string(out), nil
}

// UUID returns a random UUID (version 4).
func (b *Base) UUID() (string, error) {
	id, err := uuid.NewRandomFromReader(b.Rand)
	if err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return id.String(), nil
}

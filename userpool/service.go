package userpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// Options are what New needs. Store, Seal, Now, Rand, Region, Account, IssuerFor, Sender and Hasher are required.
type Options struct {
	Store     store.Store
	Seal      *seal.Box
	Now       func() time.Time
	Rand      io.Reader                  // crypto/rand.Reader outside of tests
	Region    string                     // "us-east-1"
	Account   string                     // 12 digits
	IssuerFor func(poolID string) string // the iss of a pool's tokens; must be a pure function
	Sender    message.Sender
	Hasher    *Hasher

	Revoker  Revoker      // told after the store has a revocation; nil = nobody
	Observer Observer     // counts; nil = nobody
	Logger   *slog.Logger // nil = silent

	// NewKey makes a signing key; nil = a new RSA key of 2048 bits for RS256.
	NewKey func(rand io.Reader) (*token.SigningKey, error)
	// KeyRotation is how long a key signs; 0 = 90 days. Its successor is published KeyLead before that, its public half
	// stays published for a day and an hour after, longer than any ID or access token lives.
	KeyRotation time.Duration
	KeyLead     time.Duration // 0 = 24 hours
	// CacheFor bounds how long a pool, client or key read from the store is believed without asking again, for stores
	// that other processes write to; 0 = 10 s. Writes through this Service show at once.
	CacheFor time.Duration
}

// Revoker makes tokens fail before they expire wherever they are checked.
type Revoker interface {
	// Revoked is called after the store holds the revocations durably; it may be called again with the same ones. An
	// error fails the operation, which the client then repeats.
	Revoked(ctx context.Context, records ...revoke.Record) error
}

// Observer counts sign-ins. Flow is one of the fixed flow names, result "success", "challenge" or a fault kind. It must
// return at once.
type Observer interface {
	SignIn(poolID, flow, result string)
}

// Service is the directory and its flows. All methods may be called from any goroutine.
type Service struct {
	o             Options
	pools         *cache[*pool]
	clients       *cache[*client]
	sessions      *onceSet
	ghostSessions *onceSet // of users who do not exist
	limits        *limiter
	ghosts        *ghosts
	gates         *gates
	keysets       *keysets
	cutoffs       *cutoffs
	courier       *courier
}

// New checks the options and fills in defaults. It reads nothing: call Start before serving.
func New(o Options) (*Service, error) {
	switch {
	case o.Store == nil:
		return nil, errors.New("userpool: Options.Store is required")
	case o.Seal == nil:
		return nil, errors.New("userpool: Options.Seal is required")
	case o.Now == nil || o.Rand == nil:
		return nil, errors.New("userpool: Options.Now and Rand are required")
	case o.Region == "" || o.Account == "":
		return nil, errors.New("userpool: Options.Region and Account are required")
	case o.IssuerFor == nil || o.Sender == nil || o.Hasher == nil:
		return nil, errors.New("userpool: Options.IssuerFor, Sender and Hasher are required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.NewKey == nil {
		o.NewKey = func(rand io.Reader) (*token.SigningKey, error) { return token.GenerateKey(rand, "RS256") }
	}
	o.KeyRotation = orDefault(o.KeyRotation, 90*24*time.Hour)
	o.KeyLead = orDefault(o.KeyLead, 24*time.Hour)
	o.CacheFor = orDefault(o.CacheFor, 10*time.Second)
	if o.KeyLead >= o.KeyRotation {
		return nil, errors.New("userpool: KeyLead must be shorter than KeyRotation")
	}
	now := o.Now
	// What was just written is compared with what the store gives back, which has milliseconds.
	o.Now = func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	return &Service{
		o:             o,
		pools:         newCache[*pool](o.Now, o.CacheFor, maxCachedPools),
		clients:       newCache[*client](o.Now, o.CacheFor, maxCachedClients),
		sessions:      newOnceSet(o.Now, maxOpenSessions),
		ghostSessions: newOnceSet(o.Now, maxOpenSessions),
		limits:        newLimiter(o.Now, maxLimited),
		ghosts:        newGhosts(o.Now, maxLimited),
		gates:         newGates(),
		keysets:       newKeysets(),
		cutoffs:       newCutoffs(maxCutoffs),
		courier:       newCourier(maxUnderway),
	}, nil
}

// clockLeeway is by how much the clocks of nodes may differ, and tokens of our own be dated ahead: see cutoffs.
const clockLeeway = 30 * time.Second

// Bounds of the tables in memory. A full table evicts, see bounded.Map; it refuses nothing. maxOpenSessions and maxLimited
// are entries each for users and for ghosts, about 100 bytes each, and exceed what one address may call in their time: at
// 50 calls a second, 45,000 in 15 minutes and 180,000 in an hour.
const (
	maxCachedPools   = 10_000
	maxCachedClients = 50_000
	maxOpenSessions  = 200_000
	maxLimited       = 200_000
)

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// view runs fn on a snapshot and translates the store's errors.
func (s *Service) view(ctx context.Context, fn func(store.Tx) error) error {
	return storeError(s.o.Store.View(ctx, fn))
}

// update runs fn in a transaction and translates the store's errors.
func (s *Service) update(ctx context.Context, fn func(store.Tx) error) error {
	return storeError(s.o.Store.Update(ctx, fn))
}

// storeError makes an outage a fault of its own kind. What a not-found or a conflict means is said where it happens;
// one that arrives here is a bug or a race and stays internal.
func storeError(err error) error {
	if errors.Is(err, store.ErrUnavailable) && fault.KindOf(err) == fault.Internal {
		return fault.Wrap(fault.Unavailable, err, "The service is not available. Try again.")
	}
	return err
}

// random reads n bytes.
func (s *Service) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.o.Rand, b); err != nil {
		return nil, fmt.Errorf("userpool: no randomness: %w", err)
	}
	return b, nil
}

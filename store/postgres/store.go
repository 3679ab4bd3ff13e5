package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluicegate/sluice/store"
)

// ErrNewerSchema is returned by Open for a database whose schema a newer release has changed in a way that this release
// cannot work with.
var ErrNewerSchema = errors.New("store/postgres: the database has a newer schema than this release can use")

// ErrEmpty is returned by Open with Options.Existing for a database without tables.
var ErrEmpty = errors.New("store/postgres: the database is empty")

// Store is a store.Store in a PostgreSQL database.
type Store struct {
	options Options
	pool    *pool
	turn    chan struct{} // held by an Update that has lost against others twice
	pings   pings
	skew    skew
	logs    logs
	careful bool // every Update uses savepoints at once
}

var _ store.Store = (*Store)(nil)

// Open connects to the database and migrates its schema, unless another process does. It returns ErrNewerSchema for a
// database of a newer release, store.ErrUnavailable for one that cannot be reached or written, and an error for a schema
// of another program. Errors and logs never show the password.
func Open(o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := parse(o)
	if err != nil {
		return nil, err
	}
	steps, err := released()
	if err != nil {
		return nil, fmt.Errorf("store/postgres: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), migrationLimit)
	defer cancel()
	if err := migrate(ctx, s, steps, o); err != nil {
		return nil, fmt.Errorf("store/postgres: %w", err)
	}
	return &Store{options: o, pool: newPool(s, o.Now), turn: make(chan struct{}, 1), pings: pings{turn: make(chan struct{}, 1)}}, nil
}

// Close waits for running transactions and closes the connections. Further calls do nothing.
func (s *Store) Close() error { return s.pool.close() }

func (s *Store) observe(operation string, start time.Time, err error) {
	if s.options.Observer != nil {
		s.options.Observer.StoreDone(operation, s.options.Now().Sub(start), err)
	}
}

// observable returns err if the store caused it, and nil if the caller's function did.
func observable(err error) error {
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// logs bounds how often the log says that the database is away.
type logs struct {
	mu sync.Mutex
	at time.Time
}

// logEvery is the time between two such lines.
const logEvery = 5 * time.Second

// unavailable logs why the store failed and returns the error for the caller.
func (s *Store) unavailable(doing string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errClosed) {
		return err
	}
	now := s.options.Now()
	s.logs.mu.Lock()
	due := s.logs.at.IsZero() || now.Sub(s.logs.at) >= logEvery
	if due {
		s.logs.at = now
	}
	s.logs.mu.Unlock()
	if due {
		s.options.Logger.Error("the database failed; "+advice(err), "doing", doing, "error", err)
	}
	if errors.Is(err, store.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", store.ErrUnavailable, doing, err)
}

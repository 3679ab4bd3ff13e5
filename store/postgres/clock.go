package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/store"
)

// skewFor is how long Skew repeats its last answer, so that it costs one statement in that time.
const skewFor = 15 * time.Second

// skew is the last answer of Skew.
type skew struct {
	mu   sync.Mutex // held while the server is asked
	last atomic.Pointer[reading]
}

// reading is how far the clock of this process was ahead of the server's.
type reading struct {
	at   time.Time // by the monotonic clock
	by   time.Duration
	wall time.Time // what Options.Now said then
}

// ahead returns how far the clock of this process is ahead of the server's if it says now. It notices whether the clock was set since.
func (r *reading) ahead(now time.Time) time.Duration {
	return r.by + (now.Round(0).Sub(r.wall) - time.Since(r.at)).Round(time.Second)
}

// Skew returns how far the clock of this process (Options.Now) is ahead of the server's, or behind it if the result is negative. The time
// that the question took is subtracted, so a result other than 0 is certain. It may be the answer of up to 15 seconds ago, unless the clock
// was set since.
func (s *Store) Skew(ctx context.Context) (time.Duration, error) {
	s.skew.mu.Lock()
	defer s.skew.mu.Unlock()
	if last := s.skew.last.Load(); last != nil && time.Since(last.at) < skewFor {
		return last.ahead(s.options.Now()), nil
	}
	// A connection of the pool is there when a new one would have to wait for a host of the URL that does not answer.
	c, err := s.pool.take(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	defer s.pool.give(c)
	var server time.Time
	before := s.options.Now()
	err = c.read(ctx, `select clock_timestamp()`, nil, func(row []driver.Value) (err error) {
		server, err = asTime(row[0])
		return err
	})
	after := s.options.Now()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	r := reading{at: time.Now(), wall: after.Round(0)}
	switch {
	case before.After(server):
		r.by = before.Sub(server)
	case after.Before(server):
		r.by = after.Sub(server)
	}
	s.skew.last.Store(&r)
	return r.by, nil
}

// Shared returns the time of the server's clock at which the clock of this process says now, without asking: by the last answer of Skew.
func (s *Store) Shared(now time.Time) time.Time {
	last := s.skew.last.Load()
	if last == nil {
		return now
	}
	return now.Add(-last.ahead(now))
}

// SharedClock returns the clock that the processes on a store share, as far as this process knows it from the last answer of CheckSkew: it asks
// nobody. own is the clock of this process. On other backends it is own, which all of them share.
func SharedClock(s store.Store, own func() time.Time) func() time.Time {
	clocked, ok := s.(interface {
		Shared(now time.Time) time.Time
	})
	if !ok {
		return own
	}
	return func() time.Time { return clocked.Shared(own()) }
}

// MaxSkew is how far the clock of a process may differ from the server's; it is userpool.ClockLeeway.
const MaxSkew = 30 * time.Second

// ErrSkew means that the clock of this process differs too much from that of the database.
var ErrSkew = errors.New("the clock differs from the database's")

// CheckSkew returns ErrSkew if the clock of this process differs from the server's by more than MaxSkew: a sign-out in one process would not
// reach the tokens of another one whose clock is ahead, and tokens would end too early or too late. Other backends are on this machine.
func CheckSkew(ctx context.Context, s store.Store) error {
	clocked, ok := s.(interface {
		Skew(ctx context.Context) (time.Duration, error)
	})
	if !ok {
		return nil
	}
	by, err := clocked.Skew(ctx)
	switch {
	case err != nil:
		return err
	case by > MaxSkew:
		return fmt.Errorf("%w: it is %s ahead; set the clock of this machine, or of the database's", ErrSkew, by.Round(time.Second))
	case by < -MaxSkew:
		return fmt.Errorf("%w: it is %s behind; set the clock of this machine, or of the database's", ErrSkew, (-by).Round(time.Second))
	}
	return nil
}

// ClockHealth returns the state of the clock: own, which is what the process knows without the server, unless CheckSkew says that the clock
// is wrong. While the server is away it returns own.
func ClockHealth(ctx context.Context, s store.Store, own health.Status) health.Status {
	if err := CheckSkew(ctx, s); errors.Is(err, ErrSkew) {
		return health.Status{Level: health.Failed, Word: "skewed", Detail: err.Error()}
	}
	return own
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/store"
)

// skewFor is how long Skew repeats its last answer, so that it costs one connection in that time.
const skewFor = 15 * time.Second

// skew is the last answer of Skew.
type skew struct {
	mu  sync.Mutex
	at  time.Time // by the monotonic clock
	by  time.Duration
	now time.Time // what Options.Now said then
}

// Skew returns how far the clock of this process (Options.Now) is ahead of the server's, or behind it if the result is negative. The time
// that the question took is subtracted, so a result other than 0 is certain. It may be the answer of up to 15 seconds ago, unless the clock
// was set since.
func (s *Store) Skew(ctx context.Context) (time.Duration, error) {
	s.skew.mu.Lock()
	defer s.skew.mu.Unlock()
	if !s.skew.at.IsZero() {
		passed := time.Since(s.skew.at)
		if passed < skewFor {
			return s.skew.by + (s.options.Now().Sub(s.skew.now) - passed).Round(time.Second), nil
		}
	}
	pg, err := s.pool.settings.dial(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	before := s.options.Now()
	found, err := rows(ctx, pg, `select (extract(epoch from clock_timestamp()) * 1000)::bigint`)
	after := s.options.Now()
	if err = errors.Join(err, pg.Close(ctx)); err != nil {
		return 0, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	ms, err := strconv.ParseInt(found[0][0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("store/postgres: the server's clock: %w", err)
	}
	server := time.UnixMilli(ms)
	s.skew.at, s.skew.now, s.skew.by = time.Now(), after, 0
	switch {
	case before.After(server):
		s.skew.by = before.Sub(server)
	case after.Before(server):
		s.skew.by = after.Sub(server)
	}
	return s.skew.by, nil
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

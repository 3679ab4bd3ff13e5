package postgres

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/store/sql"
)

// pingFor is how long Ping repeats its last answer, so that readiness probes cost at most one commit a second.
const pingFor = time.Second

// pings is the last answer of Ping.
type pings struct {
	turn chan struct{} // held while using what follows
	at   time.Time
	err  error
}

// Ping implements store.Store. It writes a row, because a standby and a full disk still answer reads. The answer is valid
// for a second.
func (s *Store) Ping(ctx context.Context) (err error) {
	start := s.options.Now()
	defer func() { s.observe("ping", start, observable(err)) }()
	select {
	case s.pings.turn <- struct{}{}:
		defer func() { <-s.pings.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.pool.closed:
		return errClosed
	default:
	}
	if age := start.Sub(s.pings.at); !s.pings.at.IsZero() && age >= 0 && age < pingFor {
		return s.pings.err
	}
	// Other processes write the same row; read committed lets one wait for the other.
	err = s.update(ctx, beginPing, func(t *sql.Transaction) error { return t.Beat(start) })
	if ctx.Err() == nil {
		s.pings.at, s.pings.err = s.options.Now(), err
	}
	return err
}

package sqlite

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

// pingFor is how long Ping repeats its last answer, so that readiness probes cost at most one fsync a second.
const pingFor = time.Second

// pings is the last answer of Ping.
type pings struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// Ping implements store.Store. It writes a row, because nothing else detects a full disk. The answer is valid for a
// second. It is store.ErrBusy if ctx ended while another process was writing.
func (s *Store) Ping(ctx context.Context) (err error) {
	start := s.options.Now()
	defer func() { s.observe("ping", start, observable(err)) }()
	if s.isClosed() {
		return errClosed
	}
	s.pings.mu.Lock()
	defer s.pings.mu.Unlock()
	if age := start.Sub(s.pings.at); !s.pings.at.IsZero() && age >= 0 && age < pingFor {
		return s.pings.err
	}
	err = s.update(ctx, func(t *sql.Transaction) error { return t.Beat(start) })
	if ctx.Err() == nil {
		s.pings.at, s.pings.err = s.options.Now(), err
	} else if isBusy(err) || err != nil && s.waits.Load() { // this call waited itself, or for one that waits
		err = fmt.Errorf("%w: %w", store.ErrBusy, err)
	}
	return err
}

package sqlite

import (
	"context"
	"sync"
	"time"

	"github.com/sluicegate/sluice/store"
)

// pingFor is how long an answer of Ping holds, so that a flood of readiness probes costs one fsync a second.
const pingFor = time.Second

type pings struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// Ping implements store.Store: it writes, since a full disk shows in no other way. The answer is kept for a second.
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
	err = s.Update(ctx, func(tx store.Tx) error {
		return tx.Settings.(settings).beat(start)
	})
	if ctx.Err() == nil {
		s.pings.at, s.pings.err = s.options.Now(), err
	}
	return err
}

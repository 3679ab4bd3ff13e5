package sqlite

import (
	"context"

	"github.com/sluicegate/sluice/store"
)

// View implements store.Store. The snapshot is taken by the first read in fn.
func (s *Store) View(ctx context.Context, fn func(tx store.Tx) error) (err error) {
	start := s.options.Now()
	defer func() { s.observe("view", start, observable(err)) }()
	c, err := s.reader(ctx)
	if err != nil {
		return err
	}
	good := false
	defer func() { s.giveBack(c, good) }()
	if err := c.control(lite.beginRead); err != nil {
		return lite.classify(err)
	}
	// Ends the snapshot on every way out, a panic of fn included.
	defer func() { good = c.control(lite.commit) == nil }()
	se := &session{c: c, ctx: ctx}
	defer func() { se.over = true }()
	return fn(se.tx())
}

// reader takes a read connection, the most recently used one first so that few are open when few are needed.
func (s *Store) reader(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closed:
		return nil, errClosed
	}
	if s.isClosed() {
		<-s.slots
		return nil, errClosed
	}
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	c, err := connect(s.options.Path, lite.readerSetup)
	if err != nil {
		<-s.slots
		return nil, lite.classify(err)
	}
	return c, nil
}

// giveBack returns a connection; one whose transaction did not end is closed instead.
func (s *Store) giveBack(c *conn, good bool) {
	if good {
		s.mu.Lock()
		s.idle = append(s.idle, c)
		s.mu.Unlock()
	} else if err := c.close(); err != nil {
		s.options.Logger.Warn("closing a read connection", "error", err)
	}
	<-s.slots
}

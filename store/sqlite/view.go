package sqlite

import (
	"context"

	"github.com/sluicegate/sluice/span"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

// View implements store.Store. The first read in fn takes the snapshot.
func (s *Store) View(ctx context.Context, fn func(tx store.Tx) error) (err error) {
	start, end := s.options.Now(), span.Begin(ctx, "sluice.store.view")
	defer func() {
		end(span.Result(observable(err)))
		s.observe("view", start, observable(err))
	}()
	c, err := s.reader(ctx)
	if err != nil {
		return err
	}
	good := false
	defer func() { s.giveBack(c, good) }()
	if err := c.control(beginRead); err != nil {
		return dialect.Error(err)
	}
	// Ends the snapshot even if fn panics.
	defer func() { good = c.control(commit) == nil }()
	t := sql.NewTransaction(ctx, c, &dialect, false)
	defer t.End()
	return fn(t.Tx())
}

// reader takes a read connection: the one that was used last, or a new one if none is idle. So only as many are open as
// have been needed at once.
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
	c, err := connect(s.options.Path, readerSetup)
	if err != nil {
		<-s.slots
		return nil, dialect.Error(err)
	}
	return c, nil
}

// giveBack returns a read connection. It closes the connection if good is false, because its transaction may be open.
func (s *Store) giveBack(c *conn, good bool) {
	if good {
		s.mu.Lock()
		s.idle = append(s.idle, c)
		s.mu.Unlock()
	} else if err := c.close(); err != nil {
		s.options.Logger.Warn("cannot close a read connection", "error", err)
	}
	<-s.slots
}

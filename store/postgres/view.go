package postgres

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
	c, err := s.pool.take(ctx)
	if err != nil {
		return s.unavailable("connect", err)
	}
	defer s.pool.give(c)
	c.follow(ctx, beginRead)
	defer c.leave()
	defer c.end(commit) // even if fn panics
	t := sql.NewTransaction(ctx, c, &dialect, false)
	defer t.End()
	err = fn(t.Tx())
	if c.dead != nil && ctx.Err() == nil {
		return s.unavailable("view", c.dead)
	}
	return err
}

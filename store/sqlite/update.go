package sqlite

import (
	"context"
	"fmt"
	"os"

	"github.com/sluicegate/sluice/store"
)

const (
	batchMax = 256      // members of one transaction, so that nobody waits long for its commit
	walMax   = 64 << 20 // bytes; above it readers are waited for so that the log can start over
	walEvery = 64       // commits between two looks at the log's size
)

// batch is one transaction and those whose savepoints are in it.
type batch struct {
	members int
	done    chan struct{} // closed when the transaction is over
	err     error         // why nothing was kept; read after done
}

// Update implements store.Store. fn runs on the caller's goroutine while it holds the turn. Whoever opens a
// transaction leads it: after its own fn it queues for the turn again, behind all that were waiting by then, and
// commits when its turn comes; those between have put their work into the same transaction by then.
//
// fn's own error is answered only after the commit as well, since what fn saw may have been written by others in it.
func (s *Store) Update(ctx context.Context, fn func(tx store.Tx) error) (err error) {
	start := s.options.Now()
	defer func() { s.observe("update", start, observable(err)) }()
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	b, leads, err := s.enter()
	if err != nil {
		<-s.turn
		return err
	}
	if leads {
		// When fn panics the others still wait for this commit.
		defer s.lead(b)
	}
	fnErr := s.run(ctx, b, fn)
	if leads {
		s.lead(b)
	}
	<-b.done
	if b.err != nil {
		return b.err
	}
	return fnErr
}

func (s *Store) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return errClosed
	}
	if s.isClosed() {
		<-s.turn
		return errClosed
	}
	return nil
}

// enter joins the open transaction or opens one, which the caller then leads. The caller holds the turn.
func (s *Store) enter() (b *batch, leads bool, err error) {
	if s.batch == nil {
		if err := s.writer.control(lite.beginWrite); err != nil {
			// A transaction that a failed rollback left open would block all that follow.
			if s.writer.control(lite.rollback) != nil {
				return nil, false, s.unavailable("begin", err)
			}
			if err := s.writer.control(lite.beginWrite); err != nil {
				return nil, false, s.unavailable("begin", err)
			}
		}
		s.batch = &batch{done: make(chan struct{})}
		leads = true
	}
	s.batch.members++
	return s.batch, leads, nil
}

// run runs fn in a savepoint and gives the turn back.
func (s *Store) run(ctx context.Context, b *batch, fn func(tx store.Tx) error) error {
	se := &session{c: s.writer, ctx: ctx, writes: true}
	kept := false
	defer func() {
		se.over = true
		if !kept && se.broken == nil {
			se.broken = s.writer.control(lite.undoMember)
		}
		switch {
		case se.broken != nil:
			// SQLite may have rolled back everybody's work, see "response to errors" in its documentation.
			s.abandon(b, s.unavailable("update", se.broken))
		case b.members >= batchMax:
			s.commit(b)
		}
		<-s.turn
	}()
	if se.broken = s.writer.control(lite.openMember); se.broken != nil {
		return nil
	}
	if err := fn(se.tx()); err != nil {
		return err
	}
	if se.broken == nil {
		se.broken = s.writer.control(lite.keepMember)
		kept = se.broken == nil
	}
	return nil
}

// lead waits for the turn and commits b, unless that has happened.
func (s *Store) lead(b *batch) {
	select {
	case <-b.done:
		return
	default:
	}
	s.turn <- struct{}{}
	if s.batch == b {
		s.commit(b)
	}
	<-s.turn
}

// commit makes b durable. The caller holds the turn.
func (s *Store) commit(b *batch) {
	start := s.options.Now()
	err := s.writer.control(lite.commit)
	s.observe("commit", start, err)
	if err != nil {
		s.abandon(b, s.unavailable("commit", err))
		return
	}
	s.batch = nil
	close(b.done)
	s.boundLog()
}

// abandon ends b with nothing kept. The caller holds the turn.
func (s *Store) abandon(b *batch, err error) {
	if e := s.writer.control(lite.rollback); e != nil {
		s.options.Logger.Debug("rollback after a failure", "error", e)
	}
	b.err = err
	s.batch = nil
	close(b.done)
}

// boundLog makes the write-ahead log start over when readers that overlap have kept it from doing so by itself. The
// caller holds the turn.
func (s *Store) boundLog() {
	s.commits++
	if s.commits%walEvery != 0 {
		return
	}
	info, err := os.Stat(s.options.Path + "-wal")
	if err != nil || info.Size() < walMax {
		return
	}
	if err := s.writer.control(lite.restartLog); err != nil {
		s.options.Logger.Warn("the write-ahead log cannot start over", "bytes", info.Size(), "error", err)
	}
}

// unavailable logs why the store failed and wraps it for the caller.
func (s *Store) unavailable(doing string, err error) error {
	s.options.Logger.Error("the store cannot write", "doing", doing, "error", err)
	return fmt.Errorf("%w: %s: %w", store.ErrUnavailable, doing, err)
}

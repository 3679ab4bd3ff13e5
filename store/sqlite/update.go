package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sluicegate/sluice/span"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

const (
	batchMax    = 256         // members of one transaction; bounds how long the first one waits for the commit
	walMax      = 64 << 20    // bytes; above it, a commit waits for readers so that the log can restart
	longestWait = time.Minute // for the write lock of another process

	walEvery = 64 // commits between two checks of the log's size
)

// batch is one SQL transaction with the Updates that share it.
type batch struct {
	members int
	done    chan struct{} // closed when the transaction has ended
	err     error         // why nothing was kept; read after done is closed
}

// Update implements store.Store. fn runs on the caller's goroutine while it holds the turn. The Update that opens an
// SQL transaction leads it: after its own fn it waits for the turn again, behind all Updates that wait by then, and
// commits when it gets the turn. The Updates before it have joined the same transaction.
//
// An error of fn is also returned only after the commit, because fn may have read what others wrote in the transaction.
func (s *Store) Update(ctx context.Context, fn func(tx store.Tx) error) error {
	return s.update(ctx, func(t *sql.Transaction) error { return fn(t.Tx()) })
}

func (s *Store) update(ctx context.Context, fn func(t *sql.Transaction) error) (err error) {
	start, end := s.options.Now(), span.Begin(ctx, "sluice.store.update")
	defer func() {
		end(span.Result(observable(err)))
		s.observe("update", start, observable(err))
	}()
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	b, leads, err := s.enter(ctx)
	if err != nil {
		<-s.turn
		return err
	}
	if leads {
		// If fn panics, the other members still wait for this commit.
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

// takeTurn waits for the turn. It fails when ctx is done or the store is closed.
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

// enter joins the open transaction or opens one. The caller holds the turn, and leads the transaction if leads is true.
func (s *Store) enter(ctx context.Context) (b *batch, leads bool, err error) {
	if s.batch == nil {
		if err := s.begin(ctx); err != nil {
			if isBusy(err) && ctx.Err() != nil { // who asked has no more patience; nothing is wrong with the store
				return nil, false, fmt.Errorf("store/sqlite: another process writes: %w (%w)", ctx.Err(), err)
			}
			// A rollback that failed earlier may have left a transaction open.
			if s.writer.control(rollback) != nil {
				return nil, false, s.unavailable("begin", err)
			}
			if err := s.writer.control(beginWrite); err != nil {
				return nil, false, s.unavailable("begin", err)
			}
		}
		s.batch = &batch{done: make(chan struct{})}
		leads = true
	}
	s.batch.members++
	return s.batch, leads, nil
}

// begin begins the SQL transaction. It waits for another process that writes for longer than the connection waits, as one that imports
// users or alters a pool may.
func (s *Store) begin(ctx context.Context) error {
	defer s.waits.Store(false)
	for start := time.Now(); ; {
		err := s.writer.control(beginWrite)
		s.waits.Store(isBusy(err))
		if !isBusy(err) || ctx.Err() != nil || s.isClosed() || time.Since(start) >= longestWait {
			return err
		}
	}
}

// run runs fn in a savepoint and gives up the turn.
func (s *Store) run(ctx context.Context, b *batch, fn func(t *sql.Transaction) error) error {
	t := sql.NewTransaction(ctx, s.writer, &dialect, true)
	var broken error
	kept := false
	defer func() {
		t.End()
		if broken == nil {
			broken = t.Broken()
		}
		if !kept && broken == nil {
			broken = s.writer.control(undoMember)
		}
		switch {
		case broken != nil:
			// SQLite may have rolled back the whole transaction, see https://www.sqlite.org/lang_transaction.html,
			// "Response To Errors Within A Transaction".
			s.abandon(b, s.unavailable("update", broken))
		case b.members >= batchMax:
			s.commit(b)
		}
		<-s.turn
	}()
	if broken = s.writer.control(openMember); broken != nil {
		return nil
	}
	if err := fn(t); err != nil {
		return err
	}
	if t.Broken() == nil {
		if _, err := t.Log(); err != nil && t.Broken() == nil {
			return err
		}
	}
	if t.Broken() == nil {
		broken = s.writer.control(keepMember)
		kept = broken == nil
	}
	return nil
}

// lead waits for the turn and commits b, unless b has been committed already.
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

// commit commits b. The caller holds the turn.
func (s *Store) commit(b *batch) {
	start := s.options.Now()
	err := s.writer.control(commit)
	s.observe("commit", start, err)
	if err != nil {
		s.abandon(b, s.unavailable("commit", err))
		return
	}
	s.batch = nil
	close(b.done)
	s.boundLog()
}

// abandon rolls b back; its members get err. The caller holds the turn.
func (s *Store) abandon(b *batch, err error) {
	if e := s.writer.control(rollback); e != nil {
		s.options.Logger.Debug("rollback failed", "error", e)
	}
	b.err = err
	s.batch = nil
	close(b.done)
}

// boundLog restarts the write-ahead log when it is too long. SQLite cannot restart it by itself while readers overlap. If a reader
// keeps the log for long, as a backup does, the next attempt comes after the log has grown further, so that writers do not wait in
// vain again and again. The caller holds the turn.
func (s *Store) boundLog() {
	s.commits++
	if s.commits%walEvery != 0 {
		return
	}
	info, err := os.Stat(s.options.Path + "-wal")
	if err != nil || info.Size() < max(walMax, s.walNext) {
		return
	}
	s.walNext = 0
	busy, err := s.restartLog()
	if busy || err != nil {
		s.walNext = info.Size() + walMax/4
		s.options.Logger.Info("the write-ahead log grows because readers keep it from restarting", "bytes", info.Size(), "error", err)
	}
}

// restartLog returns true if a reader kept the log from restarting.
func (s *Store) restartLog() (busy bool, err error) {
	if err := s.writer.control(restartPatience); err != nil {
		return false, err
	}
	n, err := number(s.writer, restartLog)
	return n != 0, errors.Join(err, s.writer.control(turnPatience))
}

// unavailable logs why the store failed and returns the error for the caller.
func (s *Store) unavailable(doing string, err error) error {
	s.options.Logger.Error("cannot write to the store; check the disk and the file's permissions", "doing", doing, "error", err)
	return fmt.Errorf("%w: %s: %w", store.ErrUnavailable, doing, err)
}

package postgres

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sluicegate/sluice/span"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

const (
	triesMax  = 16                     // of one Update, before its caller learns that it lost each time
	triesFree = 2                      // before an Update waits for the turn
	pauseMin  = 2 * time.Millisecond   // the longest first pause; it doubles with each try
	pauseMax  = 200 * time.Millisecond // the longest pause
)

// verdict says what follows an attempt.
type verdict int

const (
	final   verdict = iota
	lost            // against another transaction: again, after a pause
	careful         // a write failed and fn went on: again, with savepoints
	stale           // the connection had ended before: again, on another
)

// Update implements store.Store. fn runs again after a serialization failure or a deadlock, after a write of it failed and
// it went on, and after a connection turned out to be closed before anything was committed. If the connection ends while
// the server commits, Update returns store.ErrUnavailable although the server may have kept what fn wrote.
func (s *Store) Update(ctx context.Context, fn func(tx store.Tx) error) error {
	return s.update(ctx, beginWrite, func(t *sql.Transaction) error { return fn(t.Tx()) })
}

func (s *Store) update(ctx context.Context, begin string, fn func(t *sql.Transaction) error) (err error) {
	start, end := s.options.Now(), span.Begin(ctx, "sluice.store.update")
	defer func() {
		end(span.Result(observable(err)))
		s.observe("update", start, observable(err))
	}()
	try := attempt{store: s, begin: begin, fn: fn, bold: !s.careful}
	losses, reconnected := 0, false
	for {
		var next verdict
		switch next, err = try.run(ctx); next {
		case final:
			return err
		case careful:
			try.bold = false
		case stale:
			if reconnected {
				return s.unavailable("update", err)
			}
			reconnected = true
		case lost:
			if losses++; losses >= triesMax {
				return fmt.Errorf("%w: lost against other transactions %d times: %w", store.ErrUnavailable, losses, err)
			}
			if losses == triesFree {
				select {
				case s.turn <- struct{}{}:
					defer func() { <-s.turn }()
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if err := pause(ctx, losses); err != nil {
				return err
			}
		}
	}
}

// pause waits for a random time, so that those that lost against each other do not meet again.
func pause(ctx context.Context, losses int) error {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	longest := min(pauseMin<<losses, pauseMax)
	timer := time.NewTimer(time.Duration(binary.NativeEndian.Uint32(random[:])) * longest >> 32)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt is one run of an Update's function.
type attempt struct {
	store *Store
	begin string
	fn    func(t *sql.Transaction) error
	bold  bool // without savepoints, and with inserts that travel with the next statement
}

func (a *attempt) run(ctx context.Context) (next verdict, err error) {
	c, err := a.store.pool.take(ctx)
	if err != nil {
		return final, a.store.unavailable("connect", err)
	}
	defer a.store.pool.give(c)
	c.follow(ctx, a.begin)
	defer c.leave()
	defer c.end(rollback) // after a commit it does nothing
	t := sql.NewTransaction(ctx, c, &dialect, true)
	if a.bold {
		t.Bold()
	}
	defer t.End()
	fnErr := a.fn(t)
	if fnErr == nil && !t.Again(nil) && t.Broken() == nil {
		fnErr = a.log(c, t)
	}
	if broken := t.Broken(); broken != nil {
		return a.broken(ctx, c, broken)
	}
	if t.Again(fnErr) {
		return careful, nil
	}
	if fnErr != nil {
		return final, fnErr
	}
	return a.commit(ctx, c)
}

// mark writes to the server's log if commits wait for a standby. It returns no row.
const mark = `select 1 where case when current_setting('synchronous_standby_names') <> '' then pg_logical_emit_message(true, 'sluice', '') is null end`

// log lists what the transaction changed. One that changed nothing may have read what another committed that no standby has yet: its time was
// over, the server kept it, and its caller repeats the call. The commit must not be acknowledged before that write is on the standby. A commit
// without a write waits for none, so log makes one.
func (a *attempt) log(c *conn, t *sql.Transaction) error {
	if logged, err := t.Log(); err != nil || logged || t.Wrote() || !c.begun {
		return err
	}
	return t.Run(mark)
}

// broken says what follows an error after which the transaction cannot go on.
func (a *attempt) broken(ctx context.Context, c *conn, err error) (verdict, error) {
	if ctx.Err() != nil {
		return final, ctx.Err()
	}
	switch dialect.Classify(err).Kind {
	case sql.Serialization:
		return lost, err
	case sql.Unavailable:
		if c.dead != nil && !timedOut(err) {
			return stale, err
		}
		return final, a.store.unavailable("update", err)
	default:
		return final, err
	}
}

func (a *attempt) commit(ctx context.Context, c *conn) (verdict, error) {
	if !c.begun && c.dead == nil {
		return final, nil // fn asked nothing of the database
	}
	start := a.store.options.Now()
	err := c.commit()
	if err == nil {
		a.store.observe("commit", start, nil)
		return final, nil
	}
	if _, deferred := errors.AsType[*sql.DeferredError](err); deferred && c.dead == nil {
		switch dialect.Classify(err).Kind {
		case sql.Serialization, sql.Unavailable:
		default:
			return careful, nil // an insert that travelled with the commit failed
		}
	}
	if dialect.Classify(err).Kind == sql.Serialization {
		return lost, err
	}
	a.store.observe("commit", start, err)
	if ctx.Err() != nil {
		return final, ctx.Err()
	}
	return final, a.store.unavailable("commit", err)
}

// timedOut reports whether an error is that of a server that did not answer in time.
func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

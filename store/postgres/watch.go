package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

const (
	// watchEvery is how often a process looks for what others changed unless something asks for it sooner. It is one statement, which reads
	// rows that are new only, and it works through poolers, where LISTEN does not.
	watchEvery = 200 * time.Millisecond
	// watchLate is the time without a look after which rows may have been trimmed; they are kept for an hour.
	watchLate = 30 * time.Minute
	trimEvery = 10 * time.Minute
	trimStale = `delete from changes where at < now() - interval '1 hour'`

	// changesSince returns a row for each change that the snapshot $1 did not show, or one without a change. Sequences would not do: a
	// transaction can commit after another one with a higher number.
	changesSince = `select x.snapshot, pg_snapshot_xmax(x.snapshot::pg_snapshot) < pg_snapshot_xmax($1::text::pg_snapshot),
			c.kind, c.pool, c.key
		from (select pg_current_snapshot()::text as snapshot) x
		left join changes c on c.txid >= pg_snapshot_xmin($1::text::pg_snapshot) and not pg_visible_in_snapshot(c.txid, $1::text::pg_snapshot)
		order by c.seq`

	currentSnapshot = `select pg_current_snapshot()::text`
)

var _ store.Watcher = (*Store)(nil)

// watch is the store.Changes of a Store.
type watch struct {
	store    *Store
	snapshot string    // of the last look
	looked   time.Time // when that was
	trimmed  time.Time
	missed   bool // a look failed, perhaps because another server has taken over, which may lack what this one showed
}

// Watch implements store.Watcher.
func (s *Store) Watch(ctx context.Context) (store.Changes, error) {
	w := &watch{store: s, looked: time.Now(), trimmed: time.Now()}
	err := w.query(ctx, currentSnapshot, nil, func(row []driver.Value) error {
		var ok bool
		if w.snapshot, ok = row[0].(string); !ok {
			return fmt.Errorf("the snapshot is %T, want text", row[0])
		}
		return nil
	})
	if err != nil {
		return nil, s.unavailable("watch", err)
	}
	return w, nil
}

// Every implements store.Changes.
func (w *watch) Every() time.Duration { return watchEvery }

// Look implements store.Changes.
func (w *watch) Look(ctx context.Context) ([]store.Change, error) {
	select {
	case <-w.store.pool.closed:
		return nil, errClosed
	default:
	}
	changes, err := w.read(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		w.missed = true
		return nil, w.store.unavailable("watch", err)
	}
	w.trim(ctx)
	return changes, nil
}

// read returns the changes since the last look.
func (w *watch) read(ctx context.Context) (changes []store.Change, err error) {
	begun, snapshot, back := time.Now(), "", false
	err = w.query(ctx, changesSince, []driver.Value{w.snapshot}, func(row []driver.Value) error {
		var ok1, ok2 bool
		snapshot, ok1 = row[0].(string)
		back, ok2 = row[1].(bool)
		if !ok1 || !ok2 {
			return fmt.Errorf("a change has the columns %T and %T, want text and a boolean", row[0], row[1])
		}
		kind, changed := row[2].(string)
		if !changed {
			return nil // there is none
		}
		pool, _ := row[3].(string)
		key, _ := row[4].(string)
		changes = append(changes, store.Change{Kind: store.ChangeKind(kind), Pool: pool, Key: key})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if w.missed || back || begun.Sub(w.looked) > watchLate {
		changes = []store.Change{{Kind: store.ChangedAnything}}
	}
	w.snapshot, w.looked, w.missed = snapshot, begun, false
	return changes, nil
}

// query runs a read and calls each for every row.
func (w *watch) query(ctx context.Context, text string, args []driver.Value, each func([]driver.Value) error) error {
	c, err := w.store.pool.take(ctx)
	if err != nil {
		return err
	}
	defer w.store.pool.give(c)
	c.follow(ctx, beginRead)
	defer c.leave()
	defer c.end(commit)
	rows, err := c.Query(ctx, text, args)
	if err != nil {
		return err
	}
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return rows.Close()
		}
		if err == nil {
			err = each(row)
		}
		if err != nil {
			return errors.Join(err, rows.Close())
		}
	}
}

// trim deletes old rows from time to time. If it fails, another process or a later call does it.
func (w *watch) trim(ctx context.Context) {
	if time.Since(w.trimmed) < trimEvery {
		return
	}
	w.trimmed = time.Now()
	if err := w.store.update(ctx, beginPing, func(t *sql.Transaction) error { return t.Run(trimStale) }); err != nil {
		w.store.options.Logger.Debug("deleting old rows of changes", "error", err)
	}
}

// Close implements store.Changes.
func (w *watch) Close() error { return nil }

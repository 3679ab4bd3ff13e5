package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

const (
	// watchEvery is how often a process looks for what others changed unless something asks for it sooner. It is one statement, which reads
	// rows that are new only, and it works through poolers, where LISTEN does not.
	watchEvery = 200 * time.Millisecond
	// watchLate is the time between two looks after which rows may have been trimmed; they are kept for an hour.
	watchLate = 30 * time.Minute
	trimEvery = 10 * time.Minute

	// changesSince returns a row for each change that the snapshot $1 did not show, or one without a change. Sequences would not do: a
	// transaction can commit after another one with a higher number. A change whose transaction has not begun yet is from a dump of another
	// server.
	changesSince = `select x.snapshot, x.server, x.at, x.standby, pg_snapshot_xmax(x.snapshot::pg_snapshot) < pg_snapshot_xmax($1::text::pg_snapshot),
			c.kind, c.pool, c.key
		from (` + currentSnapshot + `) x
		left join changes c on c.txid >= pg_snapshot_xmin($1::text::pg_snapshot) and c.txid < pg_snapshot_xmax(x.snapshot::pg_snapshot)
			and not pg_visible_in_snapshot(c.txid, $1::text::pg_snapshot)
		order by c.seq`

	currentSnapshot = `select pg_current_snapshot()::text as snapshot, pg_postmaster_start_time()::text as server, now() as at, pg_is_in_recovery() as standby`
)

// errStandby is the error of a look at a server that lags behind the one that takes writes, and may lack what was revoked there.
var errStandby = &pgconn.PgError{Severity: "ERROR", Code: "25006", Message: "the server is a standby"}

// trimStale deletes what every process has read, and what a dump of another server contained: its numbers of transactions mean nothing here.
const trimStale = `delete from changes where at < now() - interval '1 hour' or txid >= pg_snapshot_xmax(pg_current_snapshot())`

var _ store.Watcher = (*Store)(nil)

// watch is the store.Changes of a Store.
type watch struct {
	store   *Store
	last    glance
	trimmed time.Time
	missed  bool // a look failed, perhaps because another server has taken over, which may lack what this one showed
}

// glance is what a look saw of the server.
type glance struct {
	snapshot string
	server   string    // when it started: another one that has taken over started at another time
	at       time.Time // by the server's clock, which goes on while this machine is suspended, and by which rows are trimmed
}

func (g *glance) set(row []driver.Value) (err error) {
	var ok1, ok2 bool
	g.snapshot, ok1 = row[0].(string)
	g.server, ok2 = row[1].(string)
	if !ok1 || !ok2 {
		return fmt.Errorf("a snapshot has the columns %T and %T, want texts", row[0], row[1])
	}
	if standby, ok := row[3].(bool); !ok || standby {
		return errStandby
	}
	g.at, err = asTime(row[2])
	return err
}

// asTime returns the value of a column as a time.
func asTime(value driver.Value) (time.Time, error) {
	at, ok := value.(time.Time)
	if !ok {
		return at, fmt.Errorf("store/postgres: a column is %T, want a time", value)
	}
	return at, nil
}

// Watch implements store.Watcher.
func (s *Store) Watch(ctx context.Context) (store.Changes, error) {
	w := &watch{store: s}
	w.trim(ctx)
	if err := w.query(ctx, currentSnapshot, nil, w.last.set); err != nil {
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
	var now glance
	missed := w.missed
	err = w.query(ctx, changesSince, []driver.Value{w.last.snapshot}, func(row []driver.Value) error {
		if err := now.set(row); err != nil {
			return err
		}
		if back, ok := row[4].(bool); !ok || back {
			missed = true
		}
		kind, changed := row[5].(string)
		if !changed {
			return nil // there is none
		}
		pool, _ := row[6].(string)
		key, _ := row[7].(string)
		changes = append(changes, store.Change{Kind: store.ChangeKind(kind), Pool: pool, Key: key})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if missed || now.server != w.last.server || now.at.Sub(w.last.at) > watchLate {
		changes = []store.Change{{Kind: store.ChangedAnything}}
	}
	w.last, w.missed = now, false
	return changes, nil
}

// query runs a read and calls each for every row.
func (w *watch) query(ctx context.Context, text string, args []driver.Value, each func([]driver.Value) error) error {
	c, err := w.store.pool.take(ctx)
	if err != nil {
		return err
	}
	defer w.store.pool.give(c)
	return c.read(ctx, text, args, each)
}

// read runs one statement in a transaction of its own, and calls each for every row.
func (c *conn) read(ctx context.Context, text string, args []driver.Value, each func([]driver.Value) error) error {
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
			err = errors.Join(err, rows.Close())
			if errors.Is(err, errStandby) {
				c.kill(errStandby)
			}
			return err
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

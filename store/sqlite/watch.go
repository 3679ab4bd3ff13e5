package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
)

const (
	// watchEvery is how often a process looks whether others wrote to the file when nothing asks for it sooner. It reads a counter in memory that they share.
	watchEvery = 100 * time.Millisecond
	// watchMost is the maximum number of changes per read.
	watchMost = 1000

	// dataVersion is a number that differs after any other connection has committed.
	dataVersion  = "pragma data_version"
	lastChange   = `select coalesce(max(seq), 0) from changes`
	changesAfter = `select seq, kind, pool, key from changes where seq > $1 order by seq limit $2`
)

var _ store.Watcher = (*Store)(nil)

// watch is the store.Changes of a Store, on its own connection.
type watch struct {
	store   *Store
	conn    *conn
	version int64 // of the data when the table was read
	seq     int64 // of the last change that was read
}

// Watch implements store.Watcher.
func (s *Store) Watch(context.Context) (store.Changes, error) {
	if s.isClosed() {
		return nil, errClosed
	}
	c, err := connect(s.options.Path, readerSetup)
	if err != nil {
		return nil, dialect.Error(err)
	}
	w := &watch{store: s, conn: c}
	if w.seq, err = w.number(lastChange); err != nil {
		_ = w.Close() // the first error says what is wrong
		return nil, dialect.Error(err)
	}
	return w, nil
}

// Every implements store.Changes.
func (w *watch) Every() time.Duration { return watchEvery }

// Look implements store.Changes.
func (w *watch) Look(ctx context.Context) (all []store.Change, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		if w.store.isClosed() {
			return all, errClosed
		}
		changes, err := w.read()
		if err != nil {
			return all, fmt.Errorf("%w: reading what other processes changed: %w", store.ErrUnavailable, err)
		}
		all = append(all, changes...)
		if len(changes) < watchMost {
			return all, nil
		}
	}
}

// read returns the changes after those that it returned before.
func (w *watch) read() ([]store.Change, error) {
	version, err := w.number(dataVersion)
	if err != nil || version == w.version {
		return nil, err
	}
	rows, err := w.conn.Query(context.Background(), changesAfter, []driver.Value{w.seq, int64(watchMost)})
	if err != nil {
		return nil, err
	}
	changes, seqs, err := sql.ReadChanges(rows)
	if err != nil {
		return nil, err
	}
	if len(changes) < watchMost {
		w.version = version
	}
	if len(changes) == 0 {
		return nil, nil
	}
	// Numbers are given without gaps, so the rows of a gap were trimmed.
	missed := seqs[0] != w.seq+1
	w.seq = seqs[len(seqs)-1]
	if missed {
		return []store.Change{{Kind: store.ChangedAnything}}, nil
	}
	return changes, nil
}

// number runs a query that returns a number.
func (w *watch) number(text string) (n int64, err error) {
	rows, err := w.conn.Query(context.Background(), text, nil)
	if err != nil {
		return 0, err
	}
	values, err := rows.Next()
	if err == nil {
		var ok bool
		if n, ok = values[0].(int64); !ok {
			err = fmt.Errorf("%s returned %T, want a number", text, values[0])
		}
	}
	if e := rows.Close(); err == nil {
		err = e
	}
	return n, err
}

// Close implements store.Changes.
func (w *watch) Close() error {
	return w.conn.close()
}

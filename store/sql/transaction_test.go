package sql

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/store"
)

var errConn = errors.New("of the connection")

// script is a Conn that records the statements and fails those that fail names.
type script struct {
	texts []string
	fail  map[string]error
}

func (s *script) Exec(ctx context.Context, text string, _ []driver.Value) (int64, error) {
	s.texts = append(s.texts, text)
	return 1, errors.Join(ctx.Err(), s.fail[text])
}

func (s *script) Query(_ context.Context, text string, _ []driver.Value) (Rows, error) {
	s.texts = append(s.texts, text)
	return none{}, s.fail[text]
}

type none struct{}

func (none) Next() ([]driver.Value, error) { return nil, io.EOF }
func (none) Close() error                  { return nil }

func dialect(kind Kind) *Dialect {
	return &Dialect{Lock: " lock", Classify: func(err error) Failure {
		if errors.Is(err, errConn) {
			return Failure{Kind: kind}
		}
		return Failure{}
	}}
}

const deleteSetting = `delete from settings where name = $1`

func TestFailuresOfTheDatabaseBreakTheTransaction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kind   Kind
		broken bool
		want   error
	}{
		{"a statement that is wrong", Statement, false, errConn},
		{"a key that exists", Unique, false, store.ErrExists},
		{"a parent that does not exist", ForeignKey, false, store.ErrNotFound},
		{"a lost race", Serialization, true, store.ErrUnavailable},
		{"a database that is away", Unavailable, true, store.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := &script{fail: map[string]error{deleteSetting: errConn}}
			tx := NewTransaction(t.Context(), conn, dialect(c.kind), true)
			if err := tx.Tx().Settings.Delete("a"); !errors.Is(err, c.want) {
				t.Errorf("delete: %v, want %v", err, c.want)
			}
			if got := tx.Broken() != nil; got != c.broken {
				t.Errorf("broken: %v, want %v", got, c.broken)
			}
			_, err := tx.Tx().Settings.Get("a")
			if want := map[bool]error{true: store.ErrUnavailable, false: store.ErrNotFound}[c.broken]; !errors.Is(err, want) {
				t.Errorf("the read after it: %v, want %v", err, want)
			}
		})
	}
}

func TestWritesGetASavepointWhereAFailureAborts(t *testing.T) {
	t.Parallel()
	conn := &script{fail: map[string]error{deleteSetting: errConn}}
	d := dialect(Unique)
	d.FailureAborts = true
	tx := NewTransaction(t.Context(), conn, d, true)
	if err := tx.Tx().Settings.Delete("a"); !errors.Is(err, store.ErrExists) {
		t.Error(err)
	}
	want := []string{openRecord, deleteSetting, undoRecord, keepRecord}
	if !slices.Equal(conn.texts, want) {
		t.Errorf("statements %q, want %q", conn.texts, want)
	}
	conn.fail = map[string]error{`select value from settings where name = $1`: errConn}
	if _, err := tx.Tx().Settings.Get("a"); err == nil || tx.Broken() == nil {
		t.Errorf("a read that failed: %v, broken: %v", err, tx.Broken())
	}
}

func TestARecordIsUndoneAfterItsContextEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	conn := &script{}
	tx := NewTransaction(ctx, conn, dialect(Statement), true)
	err := tx.record(func() error {
		cancel()
		return tx.insert(deleteSetting, "a")
	})
	if !errors.Is(err, context.Canceled) || tx.Broken() != nil {
		t.Errorf("%v, broken: %v", err, tx.Broken())
	}
	if want := []string{openRecord, undoRecord, keepRecord}; !slices.Equal(conn.texts, want) {
		t.Errorf("statements %q, want %q", conn.texts, want)
	}
}

func TestOnlyUpdatesLockWhatTheyRead(t *testing.T) {
	t.Parallel()
	for _, writes := range []bool{false, true} {
		conn := &script{}
		tx := NewTransaction(t.Context(), conn, dialect(Statement), writes).Tx()
		if _, err := tx.Users.Get("p", "s"); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		want := selectUser + `where u.pool_id = $1 and u.sub = $2`
		if writes {
			want += " lock"
		}
		if !slices.Equal(conn.texts, []string{want}) {
			t.Errorf("statements %q, want %q", conn.texts, want)
		}
	}
}

// deferring is a script that queues writes.
type deferring struct {
	script
	queued []string
}

func (s *deferring) Defer(text string, _ []driver.Value) error {
	s.queued = append(s.queued, text)
	return nil
}

func TestBoldWritesNeedNoSavepointAndInsertsNoAnswer(t *testing.T) {
	t.Parallel()
	d := dialect(Unique)
	d.FailureAborts = true
	conn := &deferring{}
	tx := NewTransaction(t.Context(), conn, d, true)
	tx.Bold()
	if err := errors.Join(tx.Tx().Settings.Delete("a"), tx.Tx().Settings.Put("b", nil)); err != nil {
		t.Error(err)
	}
	if len(conn.texts) != 0 || len(conn.queued) < 2 || tx.Again(nil) {
		t.Errorf("statements %q, queued %q, again %v", conn.texts, conn.queued, tx.Again(nil))
	}
}

func TestAFunctionRunsAgainIfItGoesOnAfterABoldWriteFailed(t *testing.T) {
	t.Parallel()
	const read = `select value from settings where name = $1`
	for _, c := range []struct {
		name  string
		err   error // of the statement
		want  error // what the function sees
		after bool  // the function reads once more
		err2  error // of the function
		again bool
	}{
		{"it ends with the error", errConn, store.ErrExists, false, store.ErrExists, false},
		{"it ends well", errConn, store.ErrExists, false, nil, true},
		{"it reads and ends with an error", errConn, store.ErrExists, true, store.ErrExists, true},
		{"the write was an earlier one", &DeferredError{errConn}, store.ErrUnavailable, false, store.ErrUnavailable, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := dialect(Unique)
			d.FailureAborts = true
			conn := &script{fail: map[string]error{deleteSetting: c.err}}
			tx := NewTransaction(t.Context(), conn, d, true)
			tx.Bold()
			if err := tx.Tx().Settings.Delete("a"); !errors.Is(err, c.want) {
				t.Errorf("delete: %v, want %v", err, c.want)
			}
			if c.after {
				if _, err := tx.Tx().Settings.Get("a"); !errors.Is(err, store.ErrUnavailable) || slices.Contains(conn.texts, read) {
					t.Errorf("a read after it: %v", err)
				}
			}
			if got := tx.Again(c.err2); got != c.again {
				t.Errorf("again: %v, want %v", got, c.again)
			}
		})
	}
}

//go:build unix

package sql_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sql"
	"github.com/sluicegate/sluice/store/storetest"
)

// The statements of this package run on PostgreSQL. A dialect, a connection and a schema are all that a backend adds.
func TestPostgreSQLKeepsTheContract(t *testing.T) {
	t.Parallel()
	address := startPostgres(t)
	schema, err := os.ReadFile("testdata/postgres.sql")
	if err != nil {
		t.Fatal(err)
	}
	var databases atomic.Int64
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(tb testing.TB) store.Store {
			name := fmt.Sprintf("sluice%d", databases.Add(1))
			run(tb, address+"postgres", "create database "+name)
			run(tb, address+name, string(schema))
			st := &peer{address: address + name}
			tb.Cleanup(func() {
				if err := st.Close(); err != nil {
					tb.Errorf("close: %v", err)
				}
			})
			return st
		})
	})
}

func run(tb testing.TB, address, script string) {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), address)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := c.Exec(tb.Context(), script); err != nil {
		tb.Fatal(err)
	}
	if err := c.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

var postgres = sql.Dialect{
	Time:          func(milliseconds int64) driver.Value { return time.UnixMilli(milliseconds).UTC() },
	Bool:          func(b bool) driver.Value { return b },
	Lock:          " for no key update",
	FailureAborts: true,
	Classify: func(err error) sql.Failure {
		e, ok := errors.AsType[*pgconn.PgError](err)
		switch {
		case !ok && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
			return sql.Failure{}
		case !ok:
			return sql.Failure{Kind: sql.Unavailable}
		}
		switch e.Code {
		case "23505":
			return sql.Failure{Kind: sql.Unique, Constraint: e.ConstraintName}
		case "23503":
			return sql.Failure{Kind: sql.ForeignKey}
		case "40001", "40P01":
			return sql.Failure{Kind: sql.Serialization}
		}
		return sql.Failure{}
	},
}

// conn is the sql.Conn of a PostgreSQL connection.
type conn struct{ *pgx.Conn }

func (c conn) Exec(ctx context.Context, text string, args []driver.Value) (int64, error) {
	tag, err := c.Conn.Exec(ctx, text, list[any](args)...)
	return tag.RowsAffected(), err
}

func (c conn) Query(ctx context.Context, text string, args []driver.Value) (sql.Rows, error) {
	rows, err := c.Conn.Query(ctx, text, list[any](args)...)
	return cursor{rows}, err
}

type cursor struct{ pgx.Rows }

func (r cursor) Next() ([]driver.Value, error) {
	if !r.Rows.Next() {
		if err := r.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	values, err := r.Values()
	return list[driver.Value](values), err
}

func (r cursor) Close() error {
	r.Rows.Close()
	return r.Err()
}

func list[To, From any](from []From) []To {
	to := make([]To, len(from))
	for i := range from {
		to[i], _ = any(from[i]).(To)
	}
	return to
}

// peer is a store.Store in a PostgreSQL database, as small as the suite allows.
type peer struct {
	address string
	running sync.RWMutex // write-locked to close
	closed  bool
	mu      sync.Mutex
	idle    []conn
}

func (p *peer) View(ctx context.Context, fn func(tx store.Tx) error) error {
	return p.transact(ctx, "begin isolation level repeatable read read only", false, fn)
}

func (p *peer) Update(ctx context.Context, fn func(tx store.Tx) error) error {
	for {
		err := p.transact(ctx, "begin isolation level serializable", true, fn)
		if err == nil || postgres.Classify(err).Kind != sql.Serialization {
			return err
		}
	}
}

func (p *peer) Ping(ctx context.Context) error {
	return p.Update(ctx, func(store.Tx) error { return nil })
}

func (p *peer) Close() error {
	p.running.Lock()
	defer p.running.Unlock()
	p.closed = true
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.Close(context.Background()))
	}
	p.idle = nil
	return errors.Join(errs...)
}

func (p *peer) transact(ctx context.Context, begin string, writes bool, fn func(tx store.Tx) error) error {
	p.running.RLock()
	defer p.running.RUnlock()
	if p.closed {
		return store.ErrUnavailable
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Exec(ctx, begin, nil); err != nil {
		return errors.Join(postgres.Error(err), c.Close(context.WithoutCancel(ctx)))
	}
	defer func() {
		// After a commit this does nothing. It fails if the connection broke.
		if _, err := c.Exec(context.WithoutCancel(ctx), "rollback", nil); err != nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.idle = append(p.idle, c)
	}()
	t := sql.NewTransaction(ctx, c, &postgres, writes)
	defer t.End()
	err = fn(t.Tx())
	if t.Broken() != nil {
		return postgres.Error(t.Broken())
	}
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "commit", nil)
	return postgres.Error(err)
}

func (p *peer) take(ctx context.Context) (conn, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c, err := pgx.Connect(ctx, p.address)
	return conn{c}, err
}

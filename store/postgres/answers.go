package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sluicegate/sluice/store/sql"
)

// receive returns the next message that answers a statement.
func (c *conn) receive() (pgproto3.BackendMessage, error) {
	for c.dead == nil {
		message, err := c.pg.ReceiveMessage(context.Background())
		if err != nil {
			c.kill(err)
			break
		}
		switch m := message.(type) {
		case *pgproto3.NoticeResponse, *pgproto3.ParameterStatus, *pgproto3.NotificationResponse:
		case *pgproto3.ErrorResponse:
			e := pgconn.ErrorResponseToPgError(m)
			if e.Severity == "FATAL" || e.Severity == "PANIC" {
				c.kill(e)
				break
			}
			return m, nil
		default:
			return message, nil
		}
	}
	return nil, c.dead
}

// answers reads the answers to all queued statements, and returns how many rows the last one changed.
func (c *conn) answers() (count int64, err error) {
	for {
		row, n, err := c.step()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return 0, err
		}
		if !row {
			count = n
		}
	}
}

// step reads until a row of the statement whose caller waits, the end of a statement (row is false, and changed is its
// count), or the end of all, which is io.EOF. After an error it has read everything.
func (c *conn) step() (row bool, changed int64, err error) {
	for {
		message, err := c.receive()
		if err != nil {
			return false, 0, err
		}
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			c.begun = ready.TxStatus != idle
			c.queued = c.queued[:0]
			return false, 0, io.EOF
		}
		if len(c.queued) == 0 {
			c.kill(fmt.Errorf("store/postgres: the server sent %T to no statement", message))
			return false, 0, c.dead
		}
		st := &c.queued[0]
		switch m := message.(type) {
		case *pgproto3.ParseComplete:
			st.parse = false
		case *pgproto3.RowDescription:
			st.columns = columns(m)
		case *pgproto3.NoData:
			st.columns = []uint32{}
		case *pgproto3.DataRow:
			return true, 0, c.cursor.set(st.statement, m)
		case *pgproto3.CommandComplete:
			tag := pgconn.NewCommandTag(string(m.CommandTag))
			if st.text == commit && tag.String() != "COMMIT" {
				c.kill(errAborted)
			}
			c.queued = append(c.queued[:0], c.queued[1:]...)
			return false, tag.RowsAffected(), c.dead
		case *pgproto3.ErrorResponse:
			return false, 0, c.failed(st, pgconn.ErrorResponseToPgError(m))
		}
	}
}

var errAborted = errors.New("store/postgres: the server rolled the transaction back at its commit")

// failed reads what follows an error of a statement, and returns the error.
func (c *conn) failed(st *expected, err *pgconn.PgError) error {
	waits := st.waits
	for _, other := range c.queued {
		if other.parse { // it was not prepared, nor was any after it
			other.known = false
		}
	}
	c.queued = c.queued[:0]
	for {
		message, e := c.receive()
		if e != nil {
			return e
		}
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			c.begun = ready.TxStatus != idle
			break
		}
	}
	if readOnly(err) {
		c.kill(err) // another connection may lead to the server that takes writes
	}
	if !waits {
		return &sql.DeferredError{Err: err}
	}
	return err
}

// cursor is the sql.Rows of a query.
type cursor struct {
	c      *conn
	ctx    context.Context
	values []driver.Value // reused from row to row; text and bytes in it belong to the caller
	ended  bool
}

func (r *cursor) set(st *statement, m *pgproto3.DataRow) error {
	if len(m.Values) != len(st.columns) {
		r.c.kill(fmt.Errorf("store/postgres: a row has %d columns, not %d", len(m.Values), len(st.columns)))
		return r.c.dead
	}
	r.values = r.values[:0]
	for i, raw := range m.Values {
		value, err := decode(st.columns[i], raw)
		if err != nil {
			r.c.kill(err)
			return err
		}
		r.values = append(r.values, value)
	}
	return nil
}

// Next implements sql.Rows.
func (r *cursor) Next() ([]driver.Value, error) {
	for !r.ended {
		row, _, err := r.c.step()
		if err != nil {
			r.ended = true
			if errors.Is(err, io.EOF) {
				break
			}
			return nil, r.c.gone(r.ctx, err)
		}
		if row {
			return r.values, nil
		}
	}
	return nil, io.EOF
}

// Close implements sql.Rows.
func (r *cursor) Close() error {
	for {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

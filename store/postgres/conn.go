package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sluicegate/sluice/store/sql"
)

// Statements that control transactions.
const (
	beginWrite = "begin isolation level serializable"
	// beginRead fails on a standby, which refuses "read write". A pooler can lead a connection to one at any time, and it may lack
	// revocations. The transaction is read only.
	beginRead = "begin isolation level repeatable read, read write, read only"
	beginPing = "begin isolation level read committed"
	commit    = "commit"
	rollback  = "rollback"
)

// idle is the state of a connection on which no transaction is open.
const idle = 'I'

// grace is how long a statement may still run whose caller has gone. It ends most of them well, which spares the
// connection.
const grace = time.Second

// conn is one connection, for one goroutine at a time. It speaks the extended protocol itself, so that statements that
// need no answer at once travel with the next one that does.
type conn struct {
	pg      *pgconn.PgConn
	made    time.Time
	used    time.Time // when it came back to the pool
	prepare bool
	limit   time.Duration // of one statement

	stmts  map[string]*statement // by text
	args   parameters            // reused from call to call
	opens  string                // the statement that begins the transaction, unless it has been sent
	queued []expected            // what has been sent, or waits in the buffer, and has not been answered
	owed   bool                  // the answer to the end of the last transaction has not been read
	begun  bool                  // a transaction is open on the server
	dead   error                 // why the connection can no longer be used
	cursor cursor

	mu     sync.Mutex // guards what follows, and the deadline
	until  time.Time  // when the time of a caller that has gone ends; zero = none
	caller int        // counts callers
	unstop func() bool
}

var _ sql.Conn = (*conn)(nil)
var _ sql.Deferrer = (*conn)(nil)

// statement is a statement as this connection's server knows it.
type statement struct {
	text    string
	name    string
	known   bool     // the server has prepared it, or will before what is sent now
	columns []uint32 // the types of its columns; nil = not known yet
}

// expected is the answer to one run of a statement.
type expected struct {
	*statement
	parse bool // an answer to its preparation comes first
	waits bool // its caller waits
}

func newConn(pg *pgconn.PgConn, s *settings, now time.Time) *conn {
	return &conn{pg: pg, made: now, used: now, prepare: s.prepare, limit: s.statement, stmts: map[string]*statement{}}
}

// follow begins a transaction, with its first statement. Once ctx is done, statements have a second left.
func (c *conn) follow(ctx context.Context, begin string) {
	c.opens = begin
	c.unstop = nil
	if ctx.Done() != nil {
		caller := c.caller
		c.unstop = context.AfterFunc(ctx, func() { c.hurry(caller) })
	}
}

// hurry sets the end of the statement that runs, if it still belongs to the caller.
func (c *conn) hurry(caller int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caller == caller {
		c.until = time.Now().Add(grace)
		_ = c.pg.Conn().SetDeadline(c.until) // fails on a closed connection only
	}
}

// leave ends what follow began.
func (c *conn) leave() {
	if c.unstop != nil {
		c.unstop()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caller++
	c.until = time.Time{}
}

// arm sets the deadline of the next statement. The server ends it earlier by itself, unless it hangs.
func (c *conn) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline := time.Now().Add(c.limit + grace)
	if !c.until.IsZero() && c.until.Before(deadline) {
		deadline = c.until
	}
	if err := c.pg.Conn().SetDeadline(deadline); err != nil {
		c.kill(err)
	}
}

// lostError is the reason why a connection can no longer be used.
type lostError struct{ err error }

func (e *lostError) Error() string { return "connection lost: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// kill makes the connection unusable.
func (c *conn) kill(err error) {
	if c.dead == nil {
		c.dead = &lostError{err}
	}
}

// Exec implements sql.Conn.
func (c *conn) Exec(ctx context.Context, text string, args []driver.Value) (int64, error) {
	if err := c.send(text, args); err != nil {
		return 0, c.gone(ctx, err)
	}
	count, err := c.answers()
	return count, c.gone(ctx, err)
}

// Defer implements sql.Deferrer.
func (c *conn) Defer(text string, args []driver.Value) error { return c.queue(text, args, false) }

// Query implements sql.Conn.
func (c *conn) Query(ctx context.Context, text string, args []driver.Value) (sql.Rows, error) {
	if err := c.send(text, args); err != nil {
		return nil, c.gone(ctx, err)
	}
	c.cursor = cursor{c: c, ctx: ctx, values: c.cursor.values[:0]}
	return &c.cursor, nil
}

// gone returns ctx's error instead of that of a connection that ended because of it.
func (c *conn) gone(ctx context.Context, err error) error {
	if err != nil && c.dead != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// send queues a statement and sends all that are queued.
func (c *conn) send(text string, args []driver.Value) error {
	if err := c.queue(text, args, true); err != nil {
		return err
	}
	c.arm()
	c.pg.Frontend().SendSync(&pgproto3.Sync{})
	if err := c.pg.Frontend().Flush(); err != nil {
		c.kill(err)
	}
	return c.dead
}

// queue puts a statement into the buffer, behind the one that begins the transaction.
func (c *conn) queue(text string, args []driver.Value, waits bool) error {
	if c.dead != nil {
		return c.dead
	}
	if c.opens != "" {
		begin := c.opens
		c.opens = ""
		c.begun = true
		if err := c.queue(begin, nil, false); err != nil {
			return err
		}
	}
	if err := c.args.set(args); err != nil {
		return err
	}
	st := expected{statement: c.statement(text), waits: waits}
	front := c.pg.Frontend()
	if st.parse = !st.known; st.parse {
		front.SendParse(&pgproto3.Parse{Name: st.name, Query: text, ParameterOIDs: c.args.types})
		st.known = c.prepare
	}
	front.SendBind(&pgproto3.Bind{
		PreparedStatement: st.name, ParameterFormatCodes: c.args.formats, Parameters: c.args.values,
		ResultFormatCodes: []int16{binaryFormat},
	})
	if st.columns == nil {
		front.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
	}
	front.SendExecute(&pgproto3.Execute{})
	c.queued = append(c.queued, st)
	return nil
}

// statement returns the statement with this text. Its name depends on nothing else, so that a pooler that hands one
// server to several clients has one statement under it.
func (c *conn) statement(text string) *statement {
	st, ok := c.stmts[text]
	if !ok {
		st = &statement{text: text}
		if c.prepare {
			sum := sha256.Sum256([]byte(text))
			st.name = "sluice_" + hex.EncodeToString(sum[:12])
		}
		c.stmts[text] = st
	}
	return st
}

// end sends the end of the transaction and does not wait for the answer. settle reads it.
func (c *conn) end(text string) {
	c.opens = ""
	if c.begun && c.dead == nil && c.send(text, nil) == nil {
		c.owed = true
	}
}

// commit ends the transaction and keeps what it wrote.
func (c *conn) commit() error {
	if err := c.send(commit, nil); err != nil {
		return err
	}
	_, err := c.answers()
	return err
}

// settle reads the answer to the end of the last transaction.
func (c *conn) settle() error {
	if !c.owed || c.dead != nil {
		return c.dead
	}
	c.owed = false
	c.arm()
	_, err := c.answers()
	if _, deferred := errors.AsType[*sql.DeferredError](err); deferred && c.dead == nil {
		// A write that travelled with the rollback failed, so the rollback did not run.
		_, err = c.Exec(context.Background(), rollback, nil)
	}
	if err != nil {
		c.kill(err)
	}
	return c.dead
}

// cancel asks the server to end what runs on the connection.
func (c *conn) cancel() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = c.pg.CancelRequest(ctx) // a server that does not answer ends it when it notices that the connection is closed
}

// close closes the connection. The server rolls back what is open on it.
func (c *conn) close() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = c.pg.Close(ctx) // it says goodbye; the socket is closed in any case
}

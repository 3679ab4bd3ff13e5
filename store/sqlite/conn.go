package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"

	driverimpl "modernc.org/sqlite"

	"github.com/sluicegate/sluice/store/sql"
)

// writerSetup and readerSetup are the statements that a new connection runs.
var (
	writerSetup = []string{
		writerPatience, // another process may be migrating
		"pragma journal_mode = wal",
		"pragma synchronous = full",
		"pragma foreign_keys = on",
		"pragma wal_autocheckpoint = 1000", // pages
		"pragma journal_size_limit = 67108864",
		"pragma temp_store = memory", // holds what savepoints need for rolling back
		"pragma trusted_schema = off",
	}
	readerSetup = []string{
		"pragma busy_timeout = 5000",
		"pragma query_only = on",
		"pragma cache_size = -1024", // KiB; the operating system caches the pages as well
		"pragma trusted_schema = off",
	}
)

// Statements that control transactions.
const (
	beginWrite = "begin immediate"
	beginRead  = "begin"
	commit     = "commit"
	rollback   = "rollback"

	// The savepoint of an Update in a transaction that it shares with others.
	openMember = "savepoint member"
	keepMember = "release member"
	undoMember = "rollback to member"

	restartLog = "pragma wal_checkpoint(restart)"

	// How long a statement waits for other connections, in milliseconds.
	writerPatience  = "pragma busy_timeout = 5000" // while the store is opened
	turnPatience    = "pragma busy_timeout = 400"  // then begin waits on, unless its caller has given up
	restartPatience = "pragma busy_timeout = 200"  // all writers wait
)

// conn is one connection with its prepared statements, for one goroutine at a time. It calls the driver directly,
// because the pooling, locking and conversions of database/sql cost about as much as a lookup by key.
type conn struct {
	raw   driver.Conn
	stmts map[string]*statement // by text
	args  []driver.NamedValue   // reused from call to call; the driver copies what it binds
}

var _ sql.Conn = (*conn)(nil)

// statement is a prepared statement.
type statement struct {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	cursor cursor // of the query that runs; a statement runs one at a time
}

// cursor is the sql.Rows of a query.
type cursor struct {
	rows   driver.Rows
	values []driver.Value // reused from row to row; text and blobs in it belong to the caller
}

func (r *cursor) Next() ([]driver.Value, error) {
	if err := r.rows.Next(r.values); err != nil {
		return nil, err
	}
	return r.values, nil
}

func (r *cursor) Close() error { return r.rows.Close() }

// dsnOptions are the driver's options. _dqs=0: "x" is never a string. _error_rc=1: the error's text matches its code.
const dsnOptions = "_dqs=0&_error_rc=1"

// connect opens the file and runs the statements of setup.
func connect(path string, setup []string) (*conn, error) {
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: dsnOptions}
	return connectTo(dsn.String(), setup)
}

func connectTo(dsn string, setup []string) (*conn, error) {
	if err := functions(); err != nil {
		return nil, err
	}
	connector, err := driverimpl.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	raw, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, stmts: make(map[string]*statement)}
	for _, text := range setup {
		if err := c.script(text); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", text, err), c.close())
		}
	}
	return c, nil
}

// close finalizes the statements and closes the connection.
func (c *conn) close() error {
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// script runs any number of statements once.
func (c *conn) script(text string) error {
	execer, ok := c.raw.(driver.ExecerContext)
	if !ok {
		return errors.New("the driver cannot run a script")
	}
	_, err := execer.ExecContext(context.Background(), text, nil)
	return err
}

// prepare returns the statement with this text. It prepares the statement at its first use.
func (c *conn) prepare(text string) (*statement, error) {
	if st, ok := c.stmts[text]; ok {
		return st, nil
	}
	raw, err := c.raw.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	execer, ok1 := raw.(driver.StmtExecContext)
	queryer, ok2 := raw.(driver.StmtQueryContext)
	if !ok1 || !ok2 {
		return nil, errors.Join(errors.New("the driver's statements take no context"), raw.Close())
	}
	st := &statement{Stmt: raw, StmtExecContext: execer, StmtQueryContext: queryer}
	c.stmts[text] = st
	return st, nil
}

// control runs a statement without arguments, such as begin.
func (c *conn) control(text string) error {
	_, err := c.Exec(context.Background(), text, nil)
	return err
}

// Exec implements sql.Conn. It ignores the context: with one that can end, the driver starts a goroutine per statement,
// and no statement of this package runs long.
func (c *conn) Exec(_ context.Context, text string, args []driver.Value) (int64, error) {
	st, err := c.prepare(text)
	if err != nil {
		return 0, err
	}
	result, err := st.ExecContext(context.Background(), c.named(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Query implements sql.Conn. Like Exec, it ignores the context.
func (c *conn) Query(_ context.Context, text string, args []driver.Value) (sql.Rows, error) {
	st, err := c.prepare(text)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(context.Background(), c.named(args))
	if err != nil {
		return nil, err
	}
	if st.cursor.values == nil {
		st.cursor.values = make([]driver.Value, len(rows.Columns()))
	}
	st.cursor.rows = rows
	return &st.cursor, nil
}

func (c *conn) named(args []driver.Value) []driver.NamedValue {
	c.args = c.args[:0]
	for i, arg := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: arg})
	}
	return c.args
}

package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	driverimpl "modernc.org/sqlite"
)

// conn is one connection with its prepared statements, for one goroutine at a time. It calls the driver directly:
// database/sql's pooling, locking and conversions cost about as much as a lookup by key.
type conn struct {
	raw   driver.Conn
	stmts map[string]*statement // by text
	args  []driver.NamedValue   // reused from call to call; the driver copies what it binds
}

// statement is a prepared statement.
type statement struct {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	row []driver.Value // reused from row to row; text and blobs in it are the caller's
}

// connect opens the file and runs the statements of setup.
func connect(path string, setup []string) (*conn, error) {
	// _dqs=0: "x" is never a string; _error_rc=1: the error's text belongs to its code.
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "_dqs=0&_error_rc=1"}
	connector, err := driverimpl.NewConnector(dsn.String())
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

// prepare returns the statement of a text, prepared at its first use.
func (c *conn) prepare(text string) (*statement, error) {
	if st, ok := c.stmts[text]; ok {
		return st, nil
	}
	raw, err := c.raw.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("%w in %q", err, text)
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
	_, err := c.exec(text)
	return err
}

// exec runs a statement and returns how many rows it changed, those of a cascade not counted.
func (c *conn) exec(text string, args ...any) (int64, error) {
	st, err := c.prepare(text)
	if err != nil {
		return 0, err
	}
	// Without a deadline the driver starts no goroutine; no statement here runs long.
	result, err := st.ExecContext(context.Background(), c.named(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query runs a statement and calls each for every row; the row is good until each returns.
func (c *conn) query(text string, each func(r *row) error, args ...any) (err error) {
	st, err := c.prepare(text)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), c.named(args))
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	if st.row == nil {
		st.row = make([]driver.Value, len(rows.Columns()))
	}
	for {
		if err := rows.Next(st.row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := each(&row{values: st.row}); err != nil {
			return err
		}
	}
}

func (c *conn) named(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, arg := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: bound(arg)})
	}
	return c.args
}

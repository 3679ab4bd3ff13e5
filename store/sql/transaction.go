package sql

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

var (
	errEnded    = errors.New("store: the transaction has ended; use tx only inside the function that got it")
	errReadOnly = errors.New("store: View cannot write; use Update")
)

// The savepoint of a record that has several rows.
const (
	openRecord = "savepoint record"
	keepRecord = "release savepoint record"
	undoRecord = "rollback to savepoint record"
)

// Conn runs statements on one connection, for one goroutine at a time. Values are those that driver.Value lists.
type Conn interface {
	// Exec runs a statement and returns how many rows it changed, not counting those of a cascade. It does not keep
	// args.
	Exec(ctx context.Context, text string, args []driver.Value) (int64, error)

	// Query runs a statement that returns rows. It does not keep args. The caller closes the Rows before it runs
	// another statement.
	Query(ctx context.Context, text string, args []driver.Value) (Rows, error)
}

// Deferrer is a Conn that can send a write together with the next statement, and report its failure then.
type Deferrer interface {
	// Defer queues a write. If it fails, so do the statements after it, and the next call of Exec or Query returns a
	// *DeferredError. It does not keep args.
	Defer(text string, args []driver.Value) error
}

// DeferredError is the error of an earlier write, which Defer queued.
type DeferredError struct {
	Err error // of the driver
}

// Error returns the text of the write's error.
func (e *DeferredError) Error() string { return "an earlier write: " + e.Err.Error() }

// Unwrap returns the write's error.
func (e *DeferredError) Unwrap() error { return e.Err }

// Rows are the rows of a query.
type Rows interface {
	// Next returns the columns of the next row, or io.EOF after the last one. The slice is valid until the next call;
	// text and bytes in it stay valid.
	Next() ([]driver.Value, error)

	// Close ends the query. It returns an error of the query that Next has not returned.
	Close() error
}

// Transaction runs the statements of one caller's function. The backend begins and ends the transaction, or the
// savepoint, in which they run.
type Transaction struct {
	conn     Conn
	dialect  *Dialect
	ctx      context.Context
	writes   bool
	ended    bool
	inRecord bool
	broken   error
	bold     bool
	failure  error          // of a bold write; the transaction is of no use any more
	again    bool           // the caller's function went on after it
	wrote    bool           // see Wrote
	args     []driver.Value // the buffer of bind
	changes  []store.Change // see Log
	revoked  int            // revocations among them
}

// NewTransaction returns a Transaction that runs on conn. Reads and writes fail with ctx's error once ctx is done. If
// writes is false, only reads are allowed.
func NewTransaction(ctx context.Context, conn Conn, d *Dialect, writes bool) *Transaction {
	return &Transaction{conn: conn, dialect: d, ctx: ctx, writes: writes}
}

// Bold makes writes run without savepoints, and those whose result does not matter travel with the next statement where
// the Conn is a Deferrer. That saves most of the round trips, as long as no write fails. After one has failed, the
// function may end with an error; if it does not, Again is true.
func (t *Transaction) Bold() { t.bold = true }

// Again reports whether the caller's function has to run again, in a transaction that is not bold, after it returned err:
// it went on after a write had failed.
func (t *Transaction) Again(err error) bool { return t.again || t.failure != nil && err == nil }

// Tx returns the records as the caller's function sees them.
func (t *Transaction) Tx() store.Tx {
	return store.Tx{
		Pools:           pools{t},
		Pulls:           pulls{t},
		Clients:         clients{t},
		Domains:         domains{t},
		ResourceServers: resourceServers{t},
		Users:           users{t},
		Groups:          groups{t},
		Codes:           codes{t},
		Challenges:      challenges{t},
		DeviceGrants:    deviceGrants{t},
		SpentIDs:        spentIDs{t},
		SpentAssertions: spentAssertions{t},
		SAMLKeys:        samlKeys{t},
		Passkeys:        passkeys{t},
		Messages:        messages{t},
		RefreshTokens:   refreshTokens{t},
		Sessions:        sessions{t},
		EdgeSessions:    edgeSessions{t},
		Passwords:       passwords{t},
		AuthEvents:      authEvents{t},
		Devices:         devices{t},
		SigningKeys:     signingKeys{t},
		Revocations:     revocations{t},
		IdentityPools:   identityPools{t},
		Identities:      identities{t},
		Roles:           roles{t},
		Policies:        policies{t},
		Entities:        entities{t},
		Settings:        settings{t},
		Sealed:          sealedRows{t},
		Brandings:       brandings{t},

		UICustomizations: uiCustomizations{t},
		Terms:            termsDocuments{t},

		AuthorizationCodes: authorizationCodes{t},

		IdentityProviders: identityProviders{t},
		UserIdentities:    userIdentities{t},
		ProviderRequests:  providerRequests{t},
		ImportJobs:        importJobs{t},
	}
}

// End makes all further reads and writes fail.
func (t *Transaction) End() { t.ended = true }

// Broken returns the error of the driver after which nothing of the transaction can be kept: a Serialization or
// Unavailable failure. It returns nil if there was none. The caller's function may have ignored the error.
func (t *Transaction) Broken() error { return t.broken }

// ready returns the reason why no statement may run, or nil.
func (t *Transaction) ready() error {
	if t.ended {
		return errEnded
	}
	if t.broken != nil {
		return t.dialect.Error(t.broken)
	}
	if t.failure != nil {
		t.again = true
		return fmt.Errorf("%w: the function runs again: %w", store.ErrUnavailable, t.failure)
	}
	return t.ctx.Err()
}

// failed translates an error of the driver and remembers one that breaks the transaction.
func (t *Transaction) failed(err error) error {
	if err == nil {
		return nil
	}
	if t.writes {
		switch t.dialect.Classify(err).Kind {
		case Serialization, Unavailable:
			t.broken = err
		default:
			if t.bold {
				return t.unlucky(err)
			}
		}
	}
	return t.dialect.Error(err)
}

// unlucky notes the error of a bold write. The function that made the write may end with it; that of an earlier one is
// not for the statement that meets it.
func (t *Transaction) unlucky(err error) error {
	t.failure = err
	if _, deferred := errors.AsType[*DeferredError](err); deferred {
		return t.ready()
	}
	return t.dialect.Error(err)
}

// fits reports whether the database can hold the texts of args.
func (t *Transaction) fits(args []any) bool {
	if t.dialect.Text == nil {
		return true
	}
	for _, arg := range args {
		switch x := arg.(type) {
		case string:
			if !t.dialect.Text(x) {
				return false
			}
		case json.RawMessage:
			if !t.dialect.Text(string(x)) {
				return false
			}
		}
	}
	return true
}

var errText = fault.New(fault.InvalidParameter, "A text contains a NUL character or is not UTF-8.")

func (t *Transaction) bind(args []any) []driver.Value {
	t.args = slices.Grow(t.args[:0], len(args))
	for _, arg := range args {
		t.args = append(t.args, t.dialect.bind(arg))
	}
	return t.args
}

// exec runs a write and returns how many rows it changed.
func (t *Transaction) exec(text string, args ...any) (n int, err error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	if !t.writes {
		return 0, errReadOnly
	}
	if !t.fits(args) {
		return 0, errText
	}
	if !t.dialect.FailureAborts || t.inRecord || t.bold {
		return t.run(text, args)
	}
	err = t.record(func() error {
		n, err = t.run(text, args)
		return err
	})
	return n, err
}

func (t *Transaction) run(text string, args []any) (int, error) {
	n, err := t.conn.Exec(t.ctx, text, t.bind(args))
	t.wrote = t.wrote || n > 0
	return int(n), t.failed(err)
}

// insert runs a write whose number of rows does not matter.
func (t *Transaction) insert(text string, args ...any) error {
	if conn, ok := t.conn.(Deferrer); ok && t.bold && t.writes {
		if err := t.ready(); err != nil {
			return err
		}
		if !t.fits(args) {
			return errText
		}
		return t.failed(conn.Defer(text, t.bind(args)))
	}
	_, err := t.exec(text, args...)
	return err
}

// change runs a write and returns store.ErrNotFound if it changed no row.
func (t *Transaction) change(text string, args ...any) error {
	n, err := t.exec(text, args...)
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// record runs fn, which writes several rows, in a savepoint. If fn fails, none of its writes are kept, even if the
// caller ignores the error. Inside of another record it runs fn only.
func (t *Transaction) record(fn func() error) error {
	if err := t.ready(); err != nil {
		return err
	}
	if t.inRecord {
		return fn()
	}
	if !t.writes {
		return errReadOnly
	}
	if t.bold {
		err := fn()
		if err != nil && t.broken == nil && t.failure == nil {
			t.failure = err // what the record wrote before it cannot be taken back alone
		}
		return err
	}
	if _, err := t.run(openRecord, nil); err != nil {
		return err
	}
	t.inRecord = true
	err := fn()
	t.inRecord = false
	if err != nil && t.broken == nil {
		// This must run even if the context is done.
		_, t.broken = t.conn.Exec(context.WithoutCancel(t.ctx), undoRecord, nil)
	}
	if t.broken == nil {
		_, t.broken = t.conn.Exec(context.WithoutCancel(t.ctx), keepRecord, nil)
	}
	if err == nil {
		err = t.dialect.Error(t.broken)
	}
	return err
}

// maxChanges bounds the changes that a transaction lists. One with more, such as an import, says that anything has changed.
const maxChanges = 256

// logged notes that a record has changed, unless err says that it did not. It returns err.
func (t *Transaction) logged(kind store.ChangeKind, pool, key string, err error) error {
	c := store.Change{Kind: kind, Pool: pool, Key: key}
	if err == nil && len(t.changes) <= maxChanges && !slices.Contains(t.changes, c) {
		t.changes = append(t.changes, c)
	}
	return err
}

// Log writes to the table changes which records the transaction changed, and reports whether there were any. Other processes
// drop what they keep of them. A backend calls it after the caller's function has returned nil, before it keeps the function's
// writes.
func (t *Transaction) Log() (logged bool, err error) {
	changes := t.changes
	if len(changes) == 0 {
		return false, nil
	}
	if len(changes) > maxChanges {
		changes = []store.Change{{Kind: store.ChangedAnything}}
	}
	return true, t.record(func() error {
		for _, c := range changes {
			err := t.insert(`insert into changes (kind, pool, key) values ($1, $2, $3)`, string(c.Kind), c.Pool, c.Key)
			if err != nil {
				return err
			}
		}
		if t.dialect.TrimChanges == "" {
			return nil
		}
		return t.insert(t.dialect.TrimChanges)
	})
}

// Wrote reports whether a write has changed a row. It does not know of those that travel with the next statement.
func (t *Transaction) Wrote() bool { return t.wrote }

// Run runs a write of a backend's own.
func (t *Transaction) Run(text string) error { return t.insert(text) }

// ReadChanges returns the changes of a query's rows, which are seq, kind, pool and key, and the seq of the last one.
func ReadChanges(rows Rows) (changes []store.Change, seqs []int64, err error) {
	err = read(rows, func(r *row) error {
		seqs = append(seqs, int64(r.number()))
		changes = append(changes, store.Change{Kind: store.ChangeKind(r.text()), Pool: r.text(), Key: r.text()})
		return r.err
	})
	return changes, seqs, err
}

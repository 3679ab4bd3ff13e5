package sql

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"

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
	args     []driver.Value // the buffer of bind
}

// NewTransaction returns a Transaction that runs on conn. Reads and writes fail with ctx's error once ctx is done. If
// writes is false, only reads are allowed.
func NewTransaction(ctx context.Context, conn Conn, d *Dialect, writes bool) *Transaction {
	return &Transaction{conn: conn, dialect: d, ctx: ctx, writes: writes}
}

// Tx returns the records as the caller's function sees them.
func (t *Transaction) Tx() store.Tx {
	return store.Tx{
		Pools:           pools{t},
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
		Brandings:       brandings{t},

		UICustomizations: uiCustomizations{t},
		Terms:            termsDocuments{t},

		AuthorizationCodes: authorizationCodes{t},

		IdentityProviders: identityProviders{t},
		UserIdentities:    userIdentities{t},
		ProviderRequests:  providerRequests{t},
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
		}
	}
	return t.dialect.Error(err)
}

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
	if !t.dialect.FailureAborts || t.inRecord {
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
	return int(n), t.failed(err)
}

// insert runs a write whose number of rows does not matter.
func (t *Transaction) insert(text string, args ...any) error {
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
// caller ignores the error.
func (t *Transaction) record(fn func() error) error {
	if err := t.ready(); err != nil {
		return err
	}
	if !t.writes {
		return errReadOnly
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

package store

import (
	"context"
	"errors"
)

// ErrNotFound says that no record has the key that was asked for. Reads, updates and deletes return it, and so do
// inserts below a parent that is not there: a user of no pool, a refresh token of no user or client.
var ErrNotFound = errors.New("store: not found")

// ErrExists says that a record with a key that must be unique is there already: an id, a username, an alias, a
// login. Use errors.As with *Conflict to learn which.
var ErrExists = errors.New("store: exists")

// ErrUnavailable says that the backend cannot be reached, is read-only or full. The call changed nothing and may be
// repeated.
var ErrUnavailable = errors.New("store: unavailable")

// Conflict is the error of a write that hit a unique key; errors.Is(err, ErrExists) holds for it.
type Conflict struct {
	Record string // "user", "alias", "login", "client" …
	Key    string // which key: "username", "email", "phone_number", "id", a login's provider …; never its value
}

// Error names record and key.
func (c *Conflict) Error() string { return "store: " + c.Record + " exists: " + c.Key }

// Is makes errors.Is(err, ErrExists) hold.
func (c *Conflict) Is(target error) bool { return target == ErrExists }

// Store keeps Sluice's data. All methods may be called from any goroutine.
type Store interface {
	// View runs fn on one consistent snapshot; writes inside it fail. The records handed out belong to fn's caller.
	View(ctx context.Context, fn func(tx Tx) error) error

	// Update runs fn in a serialisable transaction. When it returns nil, everything fn wrote is durable: it survives
	// kill -9 and power loss. When fn or the commit fails, nothing of it is kept. fn may run more than once (after a
	// serialisation failure), so it must have no effect outside tx that it could not repeat; it must not call
	// Update or View itself and should not do slow work (hashing, network) inside: others may be waiting. A ctx that is over
	// before fn runs, or when fn reads or writes, ends the call with ctx's error.
	//
	// A write in fn that returns ErrExists or ErrNotFound has changed nothing, and fn may go on after it. After
	// ErrUnavailable nothing of fn is kept, whatever fn returns.
	Update(ctx context.Context, fn func(tx Tx) error) error

	// Ping reports whether the backend can take a write now; ErrUnavailable when not.
	Ping(ctx context.Context) error

	// Close waits for running transactions and releases the backend; calls after it get ErrUnavailable.
	Close() error
}

// Tx is what a transaction offers, one narrow interface per concern. A domain service should ask for those it needs.
type Tx struct {
	Pools         Pools
	Clients       Clients
	Users         Users
	Groups        Groups
	Codes         Codes
	RefreshTokens RefreshTokens
	SigningKeys   SigningKeys
	Revocations   Revocations
	IdentityPools IdentityPools
	Identities    Identities
	Roles         Roles
	Policies      Policies
	Settings      Settings
}

// Page asks for at most Limit records whose key sorts after After (bytewise); After "" starts at the beginning. Which
// field is the key is said at each List method. A Limit of 0 or less means no limit.
type Page struct {
	After string
	Limit int
}

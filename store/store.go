package store

import (
	"context"
	"errors"
)

// ErrNotFound is returned by reads, updates and deletes if there is no record with the key, and by inserts if there is
// no parent: no pool for a user, no user or client for a refresh token.
var ErrNotFound = errors.New("store: not found")

// ErrExists is returned by writes if another record has the same unique key: an id, a username, an alias or a login.
// The error is a *Conflict, which says which key it is.
var ErrExists = errors.New("store: exists")

// ErrUnavailable is returned if the backend cannot be reached, is read-only, full or closed. The call has changed
// nothing and may be repeated. One exception: a backend in another process that is lost while it commits may have kept
// what an Update wrote.
var ErrUnavailable = errors.New("store: unavailable")

// Conflict is the error of a write whose unique key exists already. errors.Is(err, ErrExists) is true for it.
type Conflict struct {
	Record string // "user", "alias", "login", "client" …
	Key    string // the name of the key: "username", "email", "phone_number", "id", a login's provider …; never its value
}

// Error returns a text that names the record and the key.
func (c *Conflict) Error() string {
	return "store: " + c.Record + " exists already: same " + c.Key
}

// Is reports whether target is ErrExists.
func (c *Conflict) Is(target error) bool { return target == ErrExists }

// Store keeps Sluice's data. All methods may be called from any goroutine.
type Store interface {
	// View runs fn on a consistent snapshot. Writes in fn fail. The caller owns the records that fn reads.
	View(ctx context.Context, fn func(tx Tx) error) error

	// Update runs fn in a serializable transaction. If Update returns nil, everything that fn wrote is durable: it
	// survives kill -9 and power loss. If fn or the commit fails, nothing that fn wrote is kept.
	//
	// fn may run more than once, after a serialization failure, so all its effects outside tx must be repeatable. In a
	// run that another one follows, a write may return nil although its key exists, and reads may fail. fn
	// must not call Update or View, and must not do slow work such as hashing or network calls, because other Updates
	// may wait for it. If ctx is done before fn runs, or when fn reads or writes, Update returns ctx's error.
	//
	// A write in fn that returns ErrExists or ErrNotFound has changed nothing, and fn may continue after it. After
	// ErrUnavailable nothing that fn wrote is kept, even if fn returns nil.
	Update(ctx context.Context, fn func(tx Tx) error) error

	// Ping returns nil if the backend can write now, and ErrUnavailable if not.
	Ping(ctx context.Context) error

	// Close waits for running transactions and releases the backend. Calls after it return ErrUnavailable.
	Close() error
}

// Tx is a transaction, with one narrow interface per concern. It is valid only inside the function that receives it.
type Tx struct {
	Pools           Pools
	Pulls           Pulls
	Clients         Clients
	Domains         Domains
	ResourceServers ResourceServers
	Users           Users
	Groups          Groups
	Codes           Codes
	Challenges      Challenges
	DeviceGrants    DeviceGrants
	SpentIDs        SpentIDs
	SpentAssertions SpentAssertions
	SAMLKeys        SAMLKeys
	Passkeys        Passkeys
	Messages        Messages
	RefreshTokens   RefreshTokens
	Sessions        Sessions
	EdgeSessions    EdgeSessions
	Passwords       Passwords
	AuthEvents      AuthEvents
	Devices         Devices
	SigningKeys     SigningKeys
	Revocations     Revocations
	IdentityPools   IdentityPools
	Identities      Identities
	Roles           Roles
	Policies        Policies
	Entities        Entities
	Settings        Settings
	Sealed          SealedRows
	Brandings       Brandings
	ImportJobs      ImportJobs

	UICustomizations UICustomizations
	Terms            TermsDocuments

	AuthorizationCodes AuthorizationCodes

	IdentityProviders IdentityProviders
	UserIdentities    UserIdentities
	ProviderRequests  ProviderRequests
}

// Page selects at most Limit records whose keys sort after After, by bytes. An empty After starts at the first record.
// Each interface says which field is the key of its List. A Limit of 0 or less means no limit.
type Page struct {
	After string
	Limit int
}

// UnfinishedCopy is the number of a migration that does not exist. A store has it while it is the target of a copy that has not been
// compared as a whole (package store/copying). No release opens a schema with this number.
const UnfinishedCopy = 1_000_000

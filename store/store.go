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

// ErrBusy is returned by Ping. It is not ErrUnavailable: writes wait, and reads do not.
var ErrBusy = errors.New("store: another process has been writing for long")

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

	// Ping returns nil if the backend can write now, ErrBusy if it could not before ctx ended because another process writes for long,
	// and ErrUnavailable if it cannot.
	Ping(ctx context.Context) error

	// Close waits for running transactions and releases the backend. Calls after it return ErrUnavailable.
	Close() error
}

// Tx is a transaction, with one narrow interface per concern. It is valid only inside the function that receives it.
type Tx struct {
	Pools           Pools           // user pools
	Pulls           Pulls           // where user pools were pulled from
	Clients         Clients         // app clients
	Domains         Domains         // of user pools
	ResourceServers ResourceServers // of user pools, with their scopes
	Users           Users           // of user pools
	Groups          Groups          // of user pools, and who is in them
	Codes           Codes           // that were sent to users
	Challenges      Challenges      // of custom sign-ins, if they are long, and of devices
	DeviceGrants    DeviceGrants    // devices that wait for their users (RFC 8628)
	SpentIDs        SpentIDs        // of clients' assertions
	SpentAssertions SpentAssertions // SAML messages that were accepted
	SAMLKeys        SAMLKeys        // with which pools sign SAML requests
	Passkeys        Passkeys        // WebAuthn credentials of users
	Messages        Messages        // that wait to be sent
	RefreshTokens   RefreshTokens   // families, one for each sign-in
	Sessions        Sessions        // of users, and of browsers at the login pages
	EdgeSessions    EdgeSessions    // of browsers at routes with a login
	Passwords       Passwords       // that users had before
	AuthEvents      AuthEvents      // the history of users' sign-ins
	Devices         Devices         // that users confirmed
	SigningKeys     SigningKeys     // of user pools, identity pools and the edge
	Revocations     Revocations     // of tokens and credentials that have not expired
	IdentityPools   IdentityPools   // without their identities
	Identities      Identities      // of identity pools, with their logins
	Roles           Roles           // of IAM
	Policies        Policies        // of IAM, customer managed
	Entities        Entities        // other records of IAM
	Settings        Settings        // small values by name
	Sealed          SealedRows      // columns with sealed values, to reseal them
	Brandings       Brandings       // styles of managed login, with their images
	ImportJobs      ImportJobs      // with their files and logs

	UICustomizations UICustomizations // classic looks of the login pages
	Terms            TermsDocuments   // documents that a sign-up links to

	AuthorizationCodes AuthorizationCodes // of OAuth 2.0, until they are redeemed

	IdentityProviders IdentityProviders // of user pools
	UserIdentities    UserIdentities    // accounts of users at those providers
	ProviderRequests  ProviderRequests  // browsers that are at a provider
}

// Page selects at most Limit records whose keys sort after After, by bytes. An empty After starts at the first record.
// Each interface says which field is the key of its List. A Limit of 0 or less means no limit.
type Page struct {
	After string // key of the last record of the page before
	Limit int    // records; 0 or less = no limit
}

// UnfinishedCopy is the number of a migration that does not exist. A store has it while it is the target of a copy that has not been
// compared as a whole (package store/copying). No release opens a schema with this number.
const UnfinishedCopy = 1_000_000

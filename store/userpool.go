package store

import (
	"encoding/json"
	"time"
)

// Stores keep times in UTC with millisecond precision. They return empty bytes, JSON and lists as nil, and maps always as
// non-nil. They return JSON byte for byte and lists in the same order.

// Pool is a user pool.
type Pool struct {
	ID         string          // "<region>_<9 alphanumerics>"
	Name       string          // 1 to 128 characters; need not be unique
	Settings   json.RawMessage // the input of CreateUserPool, for DescribeUserPool; package userpool defines it
	Declared   bool            // created by the configuration, not through the API
	Keys       []byte          // sealed keys of the Sluices that the pool came from; package userpool defines it; nil = none
	Unfinished string          // the import that is still writing the pool; "" = the pool is whole
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Pools keeps user pools. The key of List is the id. Get and List see whole pools only, so that nothing uses a pool that an import
// has not finished.
type Pools interface {
	Get(id string) (Pool, error)
	Insert(Pool) error                  // ErrExists, also if an import has not finished the pool
	Update(Pool) error                  // ErrNotFound; Unfinished stays
	Unfinished() ([]Pool, error)        // ordered by id
	Import(id string) (Pool, error)     // an unfinished pool; ErrNotFound
	Finish(id, unfinished string) error // makes the pool whole; ErrNotFound if another import writes it
	// Delete deletes the pool with its clients, domains, resource servers, users, groups, codes, passkeys, refresh tokens,
	// devices and signing keys.
	Delete(id string) error
	List(Page) ([]Pool, error)
}

// Client is an app client. Its id is unique over all pools.
type Client struct {
	PoolID     string          // "<region>_<9 alphanumerics>"
	ID         string          // 1 to 128 digits and lower-case letters
	Name       string          // need not be unique
	Secrets    []ClientSecret  // the oldest first; none for a public client
	Settings   json.RawMessage // package userpool defines it
	Declared   bool            // created by the configuration, not through the API
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// ClientSecret is a secret of an app client.
type ClientSecret struct {
	ID        string // unique in the client
	Sealed    []byte // the secret; package userpool defines it
	CreatedAt time.Time
}

// Pull says where the users of a pool were pulled from, and where their passwords are checked until they are here.
type Pull struct {
	PoolID     string    // of the pool here
	Data       []byte    // sealed; package userpool/relay defines it
	ModifiedAt time.Time // of the last save
}

// Pulls keeps at most one record for each pool, until the pool is deleted.
type Pulls interface {
	Get(poolID string) (Pull, error)
	Put(Pull) error // inserts or replaces; ErrNotFound if there is no such pool
	Delete(poolID string) error
	List(Page) ([]Pull, error) // the key is the pool's id
}

// Clients keeps app clients. The key of List is the id. Get sees those of whole pools only.
type Clients interface {
	Get(id string) (Client, error)
	Insert(Client) error
	Update(Client) error
	Delete(id string) error // with its refresh tokens
	List(poolID string, p Page) ([]Client, error)
}

// User is a user of a pool.
type User struct {
	PoolID     string            // "<region>_<9 alphanumerics>"
	Sub        string            // UUID, unique in the pool, never changes
	Username   string            // as given; the sub in pools whose users sign in with e-mail address or phone number
	Key        string            // Username in the form in which it is compared, case-folded if the pool says so; unique in the pool
	Aliases    []Alias           // other names that find the user; each unique in the pool
	Status     string            // UNCONFIRMED, CONFIRMED, FORCE_CHANGE_PASSWORD, RESET_REQUIRED …
	Enabled    bool              // false: an administrator disabled the user
	Attributes map[string]string // without sub; custom ones with their "custom:" prefix
	Password   Password          // zero for a user without one
	MFA        json.RawMessage   // preferences and enrolled factors; package userpool defines it; nil = none
	Failures   Failures          // for the lockout
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Alias is a name, other than the username, that finds a user.
type Alias struct {
	Kind  string // "email", "phone_number" or "preferred_username"
	Value string // in the form in which it is compared
}

// Password is what verifies a user's password. All fields are empty if the user has none.
type Password struct {
	Hash        string    // Argon2id, as a PHC string
	SRPSalt     []byte    // the bytes of an integer; empty if no client of the pool allows SRP
	SRPVerifier []byte    // sealed
	Temporary   bool      // set by an administrator; the user must change it at the next sign-in
	ExpiresAt   time.Time // of a temporary password; zero = never
	ModifiedAt  time.Time // when it was set; a sign-in that checked an earlier one fails
}

// PasswordElsewhere is the Hash of a user whose password only the user pool knows that the user was pulled from; see Pull.
const PasswordElsewhere = "$elsewhere$"

// Failures counts wrong passwords for the lockout.
type Failures struct {
	Count       int       // in a row; 0 after a right password
	LastAt      time.Time // of the last wrong one
	LockedUntil time.Time // zero = not locked
}

// Filter selects users by one attribute. Values compare by bytes, unless Folded is set: then Value must be in lower case. A user without the attribute does not match.
// Of a Value of more than 256 characters, Prefix compares the first 256.
//
// Source: the Filter parameter of ListUsers in the cognito-idp API.
type Filter struct {
	// Name is username, sub, email, phone_number, name, given_name, family_name, preferred_username,
	// cognito:user_status or status, whose values are "Enabled" and "Disabled". List fails for other names.
	Name   string
	Value  string
	Prefix bool // false: the attribute equals Value; true: it begins with Value
	Folded bool // compares the attribute in lower case; username, email and preferred_username only
}

// CountExact is the number of records up to which Count methods are exact. Above it, they may return an estimate.
const CountExact = 100_000

// Users keeps users. The key of List is the sub.
type Users interface {
	Get(poolID, sub string) (User, error)
	ByKey(poolID, key string) (User, error)
	ByAlias(poolID string, alias Alias) (User, error)
	Insert(User) error                                     // ErrExists with Conflict.Key "sub", "username", or the alias's kind
	InsertAll([]User) error                                // Insert for all of them, or for none if one of them fails
	Update(User) error                                     // replaces the record and its aliases; ErrNotFound, ErrExists
	Delete(poolID, sub string) error                       // with memberships, codes, passkeys, devices and refresh tokens
	DeleteSome(poolID string, limit int) (int, error)      // deletes at most limit users as Delete does; returns how many
	Count(poolID string) (int, error)                      // see CountExact
	List(poolID string, f *Filter, p Page) ([]User, error) // f nil = all
	CountElsewhere(poolID string) (int, error)             // of those whose password is PasswordElsewhere
	ListElsewhere(poolID string, p Page) ([]User, error)   // the same users

	// ListNames lists users with PoolID, Sub, Username, Key, Aliases, Status and Attributes only, which is faster than List.
	ListNames(poolID string, p Page) ([]User, error)
	// DropAliases takes the aliases off all users of a pool, so that Rename can move them between users.
	DropAliases(poolID string) error
	// Rename writes Key, Aliases and Attributes of users who have no aliases: of all of them, or of none if one of them fails. Attributes
	// that Filter names must be as they were. ErrExists.
	Rename([]User) error
}

// Group is a group of a pool.
type Group struct {
	PoolID      string // "<region>_<9 alphanumerics>"
	Name        string // unique in the pool
	Description string // "" = none
	RoleARN     string // the role of its members in identity pools; "" = none
	Precedence  *int   // nil = none, which sorts after every number
	Declared    bool   // created by the configuration, not through the API
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

// Groups keeps groups and their members. The key of List and Of is the group's name, the key of Members the user's sub.
type Groups interface {
	Get(poolID, name string) (Group, error)
	Insert(Group) error
	Update(Group) error
	Delete(poolID, name string) error // with its memberships
	List(poolID string, p Page) ([]Group, error)
	Add(poolID, name, sub string) error               // no error if the user is a member; ErrNotFound without group or user
	Remove(poolID, name string, subs ...string) error // no error if a user is not a member
	Of(poolID, sub string, p Page) ([]Group, error)
	Members(poolID, name string, p Page) ([]User, error)
}

// Code is a one-time code that was sent to a user. A user has at most one per purpose; a new one replaces it.
type Code struct {
	PoolID    string // with Sub, the user
	Sub       string // UUID
	Purpose   string // "signup", "forgot", "attribute:email" …; package userpool defines them
	Hash      []byte // keyed hash of the code
	Attribute string // the attribute that it verifies, such as "email"
	Value     string // the value of the attribute when the code was sent
	Attempts  int    // wrong attempts so far
	CreatedAt time.Time
	ExpiresAt time.Time // from then on it is refused
}

// Codes keeps one-time codes.
type Codes interface {
	Get(poolID, sub, purpose string) (Code, error)
	Put(Code) error
	Delete(poolID, sub, purpose string) error // no error if there is none
}

// RefreshToken is a family of refresh tokens: the one of a sign-in and those that replaced it. Its id is the origin_jti
// claim of every token that the family issues.
type RefreshToken struct {
	ID           string          // origin_jti
	PoolID       string          // of the user
	ClientID     string          // to which the family was issued
	Sub          string          // of the user
	Hash         []byte          // keyed hash of the current token; unique
	PreviousHash []byte          // keyed hash of the token that the current one replaced; nil = none
	RotatedAt    time.Time       // when the current token replaced the previous one; zero = never
	Context      json.RawMessage // what a refresh repeats: scopes, auth event, device; package userpool defines it
	AuthTime     time.Time       // when the user signed in
	CreatedAt    time.Time       // of the first token
	ExpiresAt    time.Time       // of the whole family
	RevokedAt    time.Time       // zero = not revoked

	DeviceKey         string    // the device of the sign-in, confirmed or not; "" = none
	DeviceForgottenAt time.Time // when the device was forgotten, which ends renewals; zero = never
}

// RefreshTokens keeps refresh token families.
type RefreshTokens interface {
	Get(id string) (RefreshToken, error)
	ByHash(hash []byte) (RefreshToken, error) // by Hash or PreviousHash
	Insert(RefreshToken) error
	Update(RefreshToken) error
	Count(now time.Time) (int, error)                  // of those that are neither expired nor revoked
	OfUser(poolID, sub string) ([]RefreshToken, error) // including expired and revoked ones; the oldest first
	// OfDevice returns those of the newest families of a user, so many, that have the device, in any order.
	OfDevice(poolID, sub, deviceKey string, newest int) ([]RefreshToken, error)
	// RevokeOfUser sets RevokedAt of all families of a user that are not revoked yet. It is one statement.
	RevokeOfUser(poolID, sub string, at time.Time) error
	// ForgetDevice sets DeviceForgottenAt of all families of a user's device where it is zero. It is one statement.
	ForgetDevice(poolID, sub, deviceKey string, at time.Time) error
	// Trim deletes families of a user that are older than the newest keep, at most limit of them, and returns them.
	Trim(poolID, sub string, keep, limit int) ([]RefreshToken, error)
	DeleteExpired(now time.Time, limit int) (int, error)    // the oldest first; returns how many; limit 0 = all
	DeleteOfClient(clientID string, limit int) (int, error) // at most limit; returns how many
}

// SigningKey is a private key that signs tokens.
type SigningKey struct {
	Owner     string // a user pool's id, or "identity" for the tokens of identity pools
	ID        string // kid
	Use       string // "id", "access", "identity"
	Algorithm string // RS256, RS512
	Private   []byte // sealed PKCS #8
	CreatedAt time.Time
	SignsFrom time.Time // it is published from CreatedAt, and signs from SignsFrom
	SignsTo   time.Time // zero = until it is replaced
	ExpiresAt time.Time // end of publication; zero = until it is replaced
}

// SigningKeys keeps signing keys.
type SigningKeys interface {
	List(owner string) ([]SigningKey, error) // ordered by CreatedAt
	Insert(SigningKey) error
	Update(SigningKey) error
	Delete(owner, id string) error
}

// SAMLKey signs a user pool's requests to SAML providers.
type SAMLKey struct {
	PoolID    string // of the pool; one key for each
	Private   []byte // sealed PKCS #8
	CreatedAt time.Time
}

// SAMLKeys keeps the keys. They are deleted with their pool. A second key of a pool is a conflict.
type SAMLKeys interface {
	Get(poolID string) (SAMLKey, error)
	Insert(SAMLKey) error
}

// Revocation revokes tokens and temporary credentials before they expire.
type Revocation struct {
	Kind      string    // "family", "user", "identity", "role" …; package authz/revoke defines them
	Key       string    // what is revoked
	NotBefore time.Time // credentials issued before it are revoked; zero = all
	Until     time.Time // when all these credentials have expired; zero = never
}

// RevocationKey names a revocation.
type RevocationKey struct{ Kind, Key string }

// Revocations keeps live revocations.
type Revocations interface {
	Put(Revocation) error // one per kind and key; keeps the later NotBefore and the later Until, zero counts as latest
	Get(kind, key string) (Revocation, error)
	GetSome(keys []RevocationKey) ([]Revocation, error) // those that exist, in no order

	// Last is Get, but for a revocation that does not exist it returns the zero value. at is when the transaction began, before it read
	// anything, by the clock of the store, which all processes on it share; zero if that is the clock of this machine.
	Last(kind, key string) (r Revocation, at time.Time, err error)

	// Advance sets NotBefore of revocations, whose keys differ, to the next full second, by the clock of the store, which is now if that is the
	// clock of this machine. Where that would not make it later, it adds a second, as long as the result is at most ahead seconds later than
	// the next full one. It returns each NotBefore, zero if it is, in the order of the keys, and when the transaction began. Transactions that
	// advance other revocations do not disturb it.
	Advance(kind string, keys []string, now time.Time, ahead int, until time.Time) (notBefore []time.Time, at time.Time, err error)

	Live(now time.Time) ([]Revocation, error)
	Since(at time.Time) ([]Revocation, error) // with a NotBefore of at or later, or of zero
	DeleteExpired(now time.Time, limit int) (int, error)
}

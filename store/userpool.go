package store

import (
	"encoding/json"
	"time"
)

// Times are kept with millisecond precision in UTC. Empty bytes, JSON and lists come back as nil, maps never do. JSON and
// lists come back exactly as they were given.

// Pool is a user pool.
type Pool struct {
	ID         string          // "<region>_<9 alphanumerics>"
	Name       string          //
	Settings   json.RawMessage // what CreateUserPool took and DescribeUserPool echoes; the domain's shape
	Declared   bool            // made by the configuration, not through the API
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Pools keeps user pools; the key of a List is the id.
type Pools interface {
	Get(id string) (Pool, error)
	Insert(Pool) error // ErrExists
	Update(Pool) error // ErrNotFound
	// Delete removes the pool and all that belongs to it: clients, users, groups, codes, refresh tokens, keys.
	Delete(id string) error
	List(Page) ([]Pool, error)
}

// Client is an app client. Its id is unique over all pools.
type Client struct {
	PoolID     string
	ID         string
	Name       string
	Secret     []byte          // sealed; empty for a public client
	Settings   json.RawMessage // the domain's shape
	Declared   bool
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Clients keeps app clients; the key of a List is the id.
type Clients interface {
	Get(id string) (Client, error)
	Insert(Client) error
	Update(Client) error
	Delete(id string) error // with its refresh tokens
	List(poolID string, p Page) ([]Client, error)
}

// User is a user of a pool.
type User struct {
	PoolID     string
	Sub        string            // UUID, unique in the pool, never changes
	Username   string            // as it was given; the sub in pools whose users sign in by e-mail or phone
	Key        string            // what Username is compared by (case folded where the pool says so); unique in the pool
	Aliases    []Alias           // further names that find the user; each unique in the pool
	Status     string            // UNCONFIRMED, CONFIRMED, FORCE_CHANGE_PASSWORD, RESET_REQUIRED …
	Enabled    bool              //
	Attributes map[string]string // without sub; custom ones with their prefix
	Password   Password          //
	MFA        json.RawMessage   // preferences and enrolled factors, the domain's shape; nil = none
	Failures   Failures          // lockout
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Alias is a name that finds a user beside the username: kind "email", "phone_number" or "preferred_username", and the
// value as it is compared.
type Alias struct {
	Kind  string
	Value string
}

// Password is what proves a user's password; all fields empty when there is none.
type Password struct {
	Hash        string    // PHC string, Argon2id
	SRPSalt     []byte    // salt as integer bytes; empty when no client of the pool allows SRP
	SRPVerifier []byte    // sealed
	Temporary   bool      // set by an administrator; must be changed at the next sign-in
	ExpiresAt   time.Time // of a temporary password; zero = never
	ModifiedAt  time.Time
}

// Failures counts wrong passwords for the lockout.
type Failures struct {
	Count       int
	LastAt      time.Time
	LockedUntil time.Time
}

// Filter selects users by one attribute: equal, or starting with Value. Name is one of username, sub, email,
// phone_number, name, given_name, family_name, preferred_username, cognito:user_status, status ("Enabled"/"Disabled");
// another is an error. Values compare by their bytes; a user without the attribute never matches.
type Filter struct {
	Name   string
	Value  string
	Prefix bool
}

// Users keeps users; the key of a List is the sub.
type Users interface {
	Get(poolID, sub string) (User, error)
	ByKey(poolID, key string) (User, error)
	ByAlias(poolID string, alias Alias) (User, error)
	Insert(User) error                                     // ErrExists with Conflict.Key "sub", "username", or the alias's kind
	Update(User) error                                     // replaces the record and its aliases; ErrNotFound, ErrExists
	Delete(poolID, sub string) error                       // with memberships, codes, refresh tokens
	Count(poolID string) (int, error)                      // exact
	List(poolID string, f *Filter, p Page) ([]User, error) // f nil = all
}

// Group is a group of a pool.
type Group struct {
	PoolID      string
	Name        string
	Description string
	RoleARN     string
	Precedence  *int // nil = none, which ranks after every number
	Declared    bool
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

// Groups keeps groups and who is in them; the key of List and Of is the group's name, of Members the user's sub.
type Groups interface {
	Get(poolID, name string) (Group, error)
	Insert(Group) error
	Update(Group) error
	Delete(poolID, name string) error // with its memberships
	List(poolID string, p Page) ([]Group, error)
	Add(poolID, name, sub string) error    // twice is a no-op; ErrNotFound when group or user is not there
	Remove(poolID, name, sub string) error // not a member is a no-op
	Of(poolID, sub string, p Page) ([]Group, error)
	Members(poolID, name string, p Page) ([]User, error)
}

// Code is a one-time code that was sent out. A user has at most one per purpose: a new one replaces the old.
type Code struct {
	PoolID    string
	Sub       string
	Purpose   string // "signup", "forgot", "attribute:email" … , the domain's words
	Hash      []byte // keyed hash of the code
	Attribute string // what it proves, e.g. "email"
	Value     string // the value of that attribute when the code went out
	Attempts  int    // wrong tries so far
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Codes keeps one-time codes.
type Codes interface {
	Get(poolID, sub, purpose string) (Code, error)
	Put(Code) error
	Delete(poolID, sub, purpose string) error // not there is a no-op
}

// RefreshToken is a family of refresh tokens: one sign-in and all that was renewed from it. Its id is the origin_jti
// claim of every token of the family.
type RefreshToken struct {
	ID           string // origin_jti
	PoolID       string
	ClientID     string
	Sub          string
	Hash         []byte          // keyed hash of the token that is good now; unique
	PreviousHash []byte          // of the one before it, after a rotation; nil else; finds the family too
	RotatedAt    time.Time       // when PreviousHash was replaced; zero = never
	Context      json.RawMessage // what a renewal must repeat: scopes, auth event, device; the domain's shape
	AuthTime     time.Time       // when the user proved who they are
	CreatedAt    time.Time
	ExpiresAt    time.Time
	RevokedAt    time.Time // zero = not revoked
}

// RefreshTokens keeps refresh token families.
type RefreshTokens interface {
	Get(id string) (RefreshToken, error)
	ByHash(hash []byte) (RefreshToken, error) // by Hash or PreviousHash
	Insert(RefreshToken) error
	Update(RefreshToken) error
	OfUser(poolID, sub string) ([]RefreshToken, error)   // those not expired at read time are the caller's to judge
	DeleteExpired(now time.Time, limit int) (int, error) // the oldest first; returns how many went; limit 0 = all
}

// SigningKey is a private key for tokens.
type SigningKey struct {
	Owner     string // pool id, or "identity" for the identity pools' own tokens
	ID        string // kid
	Use       string // "id", "access", "identity"
	Algorithm string // RS256, RS512
	Private   []byte // sealed PKCS #8
	CreatedAt time.Time
	SignsFrom time.Time // published before, signs from here
	SignsTo   time.Time // zero = until replaced
	ExpiresAt time.Time // published until here; zero = until replaced
}

// SigningKeys keeps signing keys.
type SigningKeys interface {
	List(owner string) ([]SigningKey, error) // by CreatedAt
	Insert(SigningKey) error
	Update(SigningKey) error
	Delete(owner, id string) error
}

// Revocation makes tokens and temporary credentials fail before they expire.
type Revocation struct {
	Kind      string    // "family", "user", "identity", "role" …, the revocation index's words
	Key       string    // what is revoked
	NotBefore time.Time // credentials issued before this are dead; zero = all, and wins over any time
	Until     time.Time // after this nothing is left that it could hit; zero = never ends
}

// Revocations keeps live revocations.
type Revocations interface {
	Put(Revocation) error // one per kind and key; the later NotBefore and the later Until win
	Live(now time.Time) ([]Revocation, error)
	DeleteExpired(now time.Time, limit int) (int, error)
}

package store

import (
	"encoding/json"
	"time"
)

// IdentityPool is a pool of federated identities.
type IdentityPool struct {
	ID         string          // "<region>:<uuid>"
	Name       string          // 1 to 128 characters; need not be unique
	Settings   json.RawMessage // providers, guests, classic flow, tags; package identitypool defines it
	Roles      json.RawMessage // roles and role mappings; package identitypool defines it; nil = not set
	TagMaps    json.RawMessage // principal tag maps by provider; package identitypool defines it; nil = none
	Declared   bool            // created by the configuration, not through the API
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// IdentityPools keeps identity pools. The key of List is the id.
type IdentityPools interface {
	Get(id string) (IdentityPool, error)
	Insert(IdentityPool) error
	Update(IdentityPool) error
	Delete(id string) error // with its identities
	List(Page) ([]IdentityPool, error)
}

// Identity is a federated identity.
type Identity struct {
	PoolID     string    // of the identity pool
	ID         string    // "<region>:<uuid>"
	Logins     []Login   // each unique in the pool; nil for a guest
	Guest      bool      // has never had a login
	Disabled   bool      // merged into another
	CreatedAt  time.Time // when GetId made it
	ModifiedAt time.Time // when its logins changed last
}

// Login links an identity to a user of a provider. It is unique in the pool.
type Login struct {
	Provider string // the key in Logins, such as "cognito-idp.us-east-1.amazonaws.com/us-east-1_abc"
	Subject  string // the provider's id of the user
}

// Identities keeps identities. The key of List is the id.
type Identities interface {
	Get(id string) (Identity, error)
	ByLogin(poolID string, login Login) (Identity, error)
	// Insert returns a Conflict with Record "login" and the provider as Key if another identity has one of the logins.
	Insert(Identity) error
	Update(Identity) error // replaces the record and its logins; ErrNotFound, or the Conflict of Insert
	Delete(id string) error
	List(poolID string, hideDisabled bool, p Page) ([]Identity, error)
	// Of returns the identities with this login in all pools.
	Of(login Login) ([]Identity, error)
}

// Role is an IAM role.
type Role struct {
	Name        string                     // unique without regard to case
	Path        string                     // "/" or "/division/"
	ID          string                     // "AROA…"
	Description string                     // "" = none
	Trust       json.RawMessage            // trust policy document
	Trusted     map[string]string          // by the ARNs of the roles and sessions that Trust names: the role's unique id; "" = there was no such role
	Inline      map[string]json.RawMessage // inline permission policies by name
	Attached    []string                   // ARNs of managed policies
	Boundary    string                     // ARN of a managed policy; "" = none
	MaxSession  int                        // seconds, 3600 to 43200
	Tags        map[string]string          // of keys that differ in case only, it has one; package iam sees to that
	Declared    bool                       // created by the configuration, not through the API
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

// Roles keeps roles. The key of List is the name.
type Roles interface {
	Get(name string) (Role, error)
	Insert(Role) error
	Update(Role) error
	Delete(name string) error
	List(Page) ([]Role, error)
}

// Policy is a customer managed policy.
type Policy struct {
	ARN         string            // arn:aws:iam::<account>:policy<path><name>
	ID          string            // "ANPA…"
	Name        string            // last part of the ARN
	Path        string            // "/" or "/division/"
	Description string            // "" = none
	Document    json.RawMessage   // the default version
	Version     string            // "v1" …
	Versions    json.RawMessage   // all versions, as package iam encodes them; nil = only the default
	Tags        map[string]string // keys compare with case
	Declared    bool              // created by the configuration, not through the API
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

// Policies keeps managed policies. The key of List is the ARN.
type Policies interface {
	Get(arn string) (Policy, error)
	Insert(Policy) error
	Update(Policy) error
	Delete(arn string) error
	List(Page) ([]Policy, error)
}

// Entity is a record of IAM that is neither a role nor a policy: an identity provider or an instance profile.
type Entity struct {
	ARN        string          // unique
	Kind       string          // what the ARN names, such as "oidc-provider"
	Content    json.RawMessage // as package iam encodes it
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Entities keeps the entities of IAM. The key of List is the ARN.
type Entities interface {
	Get(arn string) (Entity, error)
	Insert(Entity) error
	Update(Entity) error
	Delete(arn string) error
	List(Page) ([]Entity, error)
}

// Settings keeps small values by name, such as the administrator's sealed key.
type Settings interface {
	Get(name string) ([]byte, error)
	Put(name string, value []byte) error
	Delete(name string) error // no error if there is none
}

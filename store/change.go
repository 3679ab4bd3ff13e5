package store

import (
	"context"
	"time"
)

// Change says that a transaction changed records that processes keep in memory. Pool and Key are empty where the backend does not know
// them; the change may then concern any pool or record of the kind.
type Change struct {
	Kind ChangeKind // which records; unknown ones are of a newer release
	Pool string     // the id of the pool, or the owner of a signing key
	Key  string     // the record's own key, such as a client's id
}

// ChangeKind says which records changed. The values are kept in the store, where processes of other releases read them.
type ChangeKind string

// The kinds of changes. Users, tokens and other records that are read from the store on demand have none.
const (
	// ChangedAnything says that changes were missed: everything that is kept in memory may have changed.
	ChangedAnything ChangeKind = "anything"
	// ChangedPool is a user pool, its resource servers, or the record of where it was pulled from.
	ChangedPool ChangeKind = "pool"
	// ChangedClient is an app client.
	ChangedClient ChangeKind = "client"
	// ChangedDomain is a domain of a user pool.
	ChangedDomain ChangeKind = "domain"
	// ChangedSigningKey is a signing key of a user pool, or of the identity pools.
	ChangedSigningKey ChangeKind = "signing key"
	// ChangedIdentityPool is an identity pool.
	ChangedIdentityPool ChangeKind = "identity pool"
	// ChangedRole is a role, a managed policy, or another entity of IAM.
	ChangedRole ChangeKind = "role"
	// ChangedRevocation is a revocation: Pool is its kind and Key its key. Both are empty if there are many, or if another release wrote
	// the line.
	ChangedRevocation ChangeKind = "revocation"
	// ChangedBranding is a style of login pages, or an image of one.
	ChangedBranding ChangeKind = "branding"
)

// Watcher is a Store that tells a process what other processes on the same store changed.
type Watcher interface {
	// Watch begins to watch. The changes of all transactions that are committed after it returns are found by Look, those of this
	// process too. The caller closes the result before the store.
	Watch(ctx context.Context) (Changes, error)
}

// Changes are the changes of a store, for one goroutine at a time.
type Changes interface {
	// Look returns, without waiting for any, the changes that no earlier call returned: at least those that were committed before
	// the call, each at least once. If it may have missed some it returns one of kind ChangedAnything. It returns ctx's error when ctx is
	// done, and ErrUnavailable when the store cannot be read or is closed; a later call continues from where the last one ended.
	Look(ctx context.Context) ([]Change, error)

	// Every is the time between two calls of Look with which a process learns soon enough what others changed.
	Every() time.Duration

	// Close ends watching.
	Close() error
}

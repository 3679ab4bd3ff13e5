package store

import "time"

// ResourceServer is an API that accepts a pool's access tokens, with its scopes.
type ResourceServer struct {
	PoolID     string  // "<region>_<9 alphanumerics>"
	ID         string  // the identifier, unique in the pool
	Name       string  // for people; need not be unique
	Scopes     []Scope // in the order in which they were given
	Declared   bool    // created by the configuration, not through the API
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Scope is a scope of a resource server. Tokens carry it as "<id of the resource server>/<name>".
type Scope struct{ Name, Description string }

// ResourceServers keeps resource servers.
type ResourceServers interface {
	Get(poolID, id string) (ResourceServer, error)
	Insert(ResourceServer) error
	Update(ResourceServer) error
	Delete(poolID, id string) error
	List(poolID string) ([]ResourceServer, error) // the oldest first
}

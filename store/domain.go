package store

import "time"

// Domain is a domain of a user pool. A pool has at most one prefix domain and one custom domain.
type Domain struct {
	Name        string // the prefix, or the whole host name of a custom domain; in lower case, unique over all pools
	PoolID      string // "<region>_<9 alphanumerics>"
	Custom      bool   // a host name of the operator's own; else a prefix
	Version     int    // of the login pages: 1 = classic, 2 = managed login
	Certificate string // ARN, of a custom domain
	Policy      string // the security policy of a custom domain; "" = the default
	Failover    string // JSON of the routing; "" = none
	Declared    bool   // created by the configuration, not through the API
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

// Domains keeps the domains of user pools.
type Domains interface {
	Get(name string) (Domain, error)
	Insert(Domain) error // ErrExists with Conflict.Key "name", or "pool" if the pool has a domain of this kind
	Update(Domain) error // changes all but name, pool and kind
	Delete(name string) error
	OfPool(poolID string) ([]Domain, error) // the custom domain first
	All() ([]Domain, error)                 // ordered by name
}

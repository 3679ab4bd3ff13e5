package store

import "time"

// DeviceGrant is a device's request for tokens, from the codes that it gets until it has the tokens (RFC 8628).
type DeviceGrant struct {
	ID        string    // hash of the device code
	PoolID    string    // of the client
	ClientID  string    // that runs on the device
	UserCode  string    // hash of the user code
	Data      []byte    // package userpool/grants defines it
	ExpiresAt time.Time // of both codes
}

// DeviceGrants keeps device grants until they expire. They are deleted with their pool and with their client. Two grants of a
// pool with the same user code are a conflict.
type DeviceGrants interface {
	Get(id string) (DeviceGrant, error)
	OfCode(poolID, userCode string) (DeviceGrant, error)
	Insert(DeviceGrant) error
	Update(DeviceGrant) error
	Delete(id string) error                              // no error if there is none
	DeleteExpired(now time.Time, limit int) (int, error) // the oldest first; returns how many
}

// SpentID is an identifier that may be used once, such as the jti of a client's assertion.
type SpentID struct {
	ID        string    // a hash: of what kind, whose and which
	ClientID  string    // of the client that used it
	ExpiresAt time.Time // when what it identifies is no longer accepted anyway
}

// SpentAssertion is a SAML message that a user pool accepted, or the mark that a provider has ended a session.
type SpentAssertion struct {
	ID        string    // a hash of what it is, pool, provider and identifier
	PoolID    string    // of the pool that accepted it
	ExpiresAt time.Time // when it is no longer accepted anyway
}

// SpentAssertions keeps assertions until they expire. They are deleted with their pool. Inserting one again is a conflict.
type SpentAssertions interface {
	Get(id string) (SpentAssertion, error)
	Insert(SpentAssertion) error
	Put(SpentAssertion) error                            // inserts or replaces
	DeleteExpired(now time.Time, limit int) (int, error) // the oldest first; returns how many
}

// SpentIDs keeps identifiers until they expire. They are deleted with their client. Inserting one again is a conflict.
type SpentIDs interface {
	Insert(SpentID) error
	DeleteExpired(now time.Time, limit int) (int, error) // the oldest first; returns how many
}

package store

import "time"

// ProviderRequest is a request to an identity provider that waits for its answer: a browser is at the provider.
type ProviderRequest struct {
	ID        string // hash of the state that the answer brings back
	PoolID    string // of the client
	ClientID  string // to which the user signs in
	Network   string // where the browser is
	Data      []byte // sealed; package userpool/federation defines it
	CreatedAt time.Time
	ExpiresAt time.Time // when no answer is taken any more
}

// ProviderRequests keeps requests until they are answered or expire. They are deleted with their pool and with their client.
type ProviderRequests interface {
	Get(id string) (ProviderRequest, error)
	Insert(ProviderRequest) error
	Delete(id string) error                              // ErrNotFound if there is none, so that one of two deletes fails
	Trim(network string, keep int) error                 // deletes the oldest of a network
	DeleteExpired(now time.Time, limit int) (int, error) // the oldest first; returns how many
}

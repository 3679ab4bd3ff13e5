package store

import "time"

// Challenge is the private part of a custom challenge that is too long for the Session of its sign-in, or the state of a sign-in
// whose client need not send the Session.
type Challenge struct {
	ID        string    // random, or a hash of what the client sends
	PoolID    string    // of the sign-in
	Sealed    []byte    // package userpool/signin defines it
	ExpiresAt time.Time // with the Session of the sign-in
}

// Challenges keeps challenges until they expire. They are deleted with their pool.
type Challenges interface {
	Get(id string) (Challenge, error)
	Insert(Challenge) error
	Put(Challenge) error                                 // inserts or replaces
	Delete(id string) error                              // ErrNotFound if there is none
	DeleteExpired(now time.Time, limit int) (int, error) // the oldest first; returns how many
}

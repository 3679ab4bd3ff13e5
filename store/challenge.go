package store

import "time"

// Challenge is the private part of a custom challenge that is too long for the Session of its sign-in.
type Challenge struct {
	ID        string    // random
	PoolID    string    // of the sign-in
	Sealed    []byte    // package userpool/signin defines it
	ExpiresAt time.Time // with the Session of the sign-in
}

// Challenges keeps challenges until they expire. They are deleted with their pool.
type Challenges interface {
	Get(id string) (Challenge, error)
	Insert(Challenge) error
	DeleteExpired(now time.Time, limit int) (int, error) // the oldest first; returns how many
}

package store

import (
	"encoding/json"
	"time"
)

// Passwords keeps the hashes of passwords that users had before, one list for each user.
type Passwords interface {
	Get(poolID, sub string) ([]string, error) // the newest first; nil if there is none
	Put(poolID, sub string, hashes []string) error
}

// AuthEvent is an event in the history of a user's sign-ins.
type AuthEvent struct {
	PoolID    string          // with Sub, the user
	Sub       string          // UUID
	ID        string          // UUID; the event_id claim of the tokens
	Passed    bool            // the user was let in
	Data      json.RawMessage // package userpool/threat defines it
	CreatedAt time.Time       // Put keeps that of the event it replaces
}

// AuthEvents keeps the events of users, each with its user.
type AuthEvents interface {
	Get(poolID, sub, id string) (AuthEvent, error)
	// Put inserts the event, or replaces the one with its id. CreatedAt stays. ErrNotFound without the user.
	Put(AuthEvent) error
	// Of returns events of a user, the newest first. If after is set, only those that are older than it, or as old with a
	// smaller id. A limit of 0 means no limit.
	Of(poolID, sub string, after *AuthEvent, limit int) ([]AuthEvent, error)
	// Passed returns events of a user with Passed, the newest first.
	Passed(poolID, sub string, limit int) ([]AuthEvent, error)
	// Trim deletes events of a user with that value of Passed that are older than the newest keep, at most limit of them.
	Trim(poolID, sub string, passed bool, keep, limit int) error
	DeleteOlder(than time.Time, limit int) (int, error) // the oldest first; returns how many; limit 0 = all
}

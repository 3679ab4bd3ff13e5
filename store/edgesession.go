package store

import "time"

// EdgeSession is the session of a browser that signed in at a route.
type EdgeSession struct {
	ID          string // random
	Login       string // the login that made it; package authz/login names it
	Issuer      string // exact iss of the ID token
	Subject     string // its sub
	Secret      []byte // hash of the cookie's secret
	Sealed      []byte // the tokens; package authz/login defines it
	CreatedAt   time.Time
	ExpiresAt   time.Time // when the session ends, however often its tokens are renewed
	ValidUntil  time.Time // when its tokens expire
	LeasedUntil time.Time // until then one process renews the tokens; zero = none does
}

// EdgeSessions keeps the sessions of browsers.
type EdgeSessions interface {
	Get(id string) (EdgeSession, error)
	Insert(EdgeSession) error
	Update(EdgeSession) error
	Delete(id string) error                                         // no error if there is none
	OfSubject(login, issuer, subject string) ([]EdgeSession, error) // the newest first
	Count(now time.Time) (int, error)                               // of those that have not expired
	DeleteExpired(now time.Time, limit int) (int, error)            // the oldest first; returns how many; limit 0 = all
}

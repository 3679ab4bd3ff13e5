package store

import "time"

// Session is a session of a user. Token sessions are those of pools that track sessions; SSO sessions are those of browsers
// that signed in at the login pages.
type Session struct {
	ID        string // "tkn" or "sso" and 25 characters
	PoolID    string // with Sub, the user
	Sub       string // UUID
	ClientID  string // to which the user signed in
	Family    string // the refresh family of a token session, with which it ends; "" for an SSO session
	Origin    string // the SSO session that a token session came through; "" = none
	Device    string // "Chrome 125, Windows 10"; "unknown"
	Address   string // the latest IP address
	Browser   []byte // the hash of what the browser of an SSO session holds; nil for a token session
	SignIn    []byte // the sign-in of an SSO session; package userpool/oauth defines it
	CreatedAt time.Time
	ActiveAt  time.Time // when the user last signed in or renewed tokens
	ExpiresAt time.Time // from then on it does not count
}

// Sessions keeps sessions of users. A session is live if it has not expired and its family, if it has one, is not revoked.
type Sessions interface {
	Get(id string) (Session, error)
	OfFamily(family string) (Session, error)
	Insert(Session) error // ErrExists; ErrNotFound without the user or the family
	Update(Session) error
	Delete(id string) error                                            // no error if there is none
	Live(poolID, sub string, now time.Time) ([]Session, error)         // of a user; the one that was active last comes first
	DeleteExpired(now time.Time, limit int) (int, error)               // the oldest first; returns how many; limit 0 = all
	OfOrigin(poolID, sub, origin string) (tokens []Session, err error) // that came through an SSO session
	OfBrowser(poolID string, browser []byte) ([]Session, error)        // SSO sessions, also expired ones; the one that was active last comes first
	CountSSO(now time.Time) (int, error)                               // SSO sessions that have not expired
	TrimSSO(poolID, sub string, keep int) error                        // deletes the user's SSO sessions except those active last
}

package store

import "time"

// AuthorizationCode is a code of OAuth 2.0, which a client exchanges for tokens once.
type AuthorizationCode struct {
	Hash      []byte    // of the code
	PoolID    string    // of the client
	ClientID  string    // to which the code was issued
	Sub       string    // of the user
	Session   string    // the SSO session in which it was issued
	Grant     []byte    // what the code grants; package userpool/oauth defines it
	Family    string    // the refresh family that it was exchanged for; "" = it was not
	ExpiresAt time.Time // from then on it is refused
	KeptUntil time.Time // used codes are kept longer, so that a second use is noticed
}

// AuthorizationCodes keeps codes until they expire. They are deleted with their user.
type AuthorizationCodes interface {
	Get(hash []byte) (AuthorizationCode, error)
	Insert(AuthorizationCode) error // ErrNotFound without the user
	Update(AuthorizationCode) error
	DeleteOfUser(poolID, sub string) error
	DeleteExpired(now time.Time, limit int) (int, error) // those not kept any longer, the oldest first; returns how many; limit 0 = all
}

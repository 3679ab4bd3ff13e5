package token

import "time"

// Observer is told what happens, for metrics. It is called on the request's path: it must return at once and may be
// called by many goroutines.
type Observer interface {
	// TokenVerified is called once for every Verify. issuer is a configured URL, or empty for a token of another;
	// reason is empty for a good token.
	TokenVerified(issuer string, reason Reason)
	// KeysFetched is called after every attempt to fetch an issuer's keys. keys is how many can be used; err is nil
	// for a success.
	KeysFetched(issuer string, keys int, took time.Duration, err error)
}

// NoObserver watches nothing.
type NoObserver struct{}

// TokenVerified does nothing.
func (NoObserver) TokenVerified(string, Reason) {}

// KeysFetched does nothing.
func (NoObserver) KeysFetched(string, int, time.Duration, error) {}

package token

import "time"

// Observer counts events for metrics. Its methods are called from many goroutines while requests wait, and must not
// block.
type Observer interface {
	// TokenVerified is called once per Verify. issuer is a configured URL, or empty for tokens of other issuers. reason is
	// empty for accepted tokens.
	TokenVerified(issuer string, reason Reason)
	// KeysFetched is called after each attempt to fetch an issuer's keys. keys is the number of usable keys.
	KeysFetched(issuer string, keys int, took time.Duration, err error)
	// KeysOpened and KeysClosed bracket the life of a set of an issuer's keys. There may be several sets of one issuer at a time.
	KeysOpened(issuer string)
	KeysClosed(issuer string)
}

// NoObserver is an Observer that does nothing.
type NoObserver struct{}

// TokenVerified does nothing.
func (NoObserver) TokenVerified(string, Reason) {}

// KeysFetched does nothing.
func (NoObserver) KeysFetched(string, int, time.Duration, error) {}

// KeysOpened does nothing.
func (NoObserver) KeysOpened(string) {}

// KeysClosed does nothing.
func (NoObserver) KeysClosed(string) {}

package token

import "time"

// Instant returns the time of a claim in seconds since 1970 (RFC 7519 section 2, NumericDate). For 0, which means that
// the token lacks the claim, it returns the zero time.
func Instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

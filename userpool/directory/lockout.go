package directory

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

// AWS, "Lockout behavior for failed sign-in attempts": the fifth wrong password locks the user for one second, and each
// further one doubles the lock, up to about fifteen minutes. Attempts during a lock fail and are not counted. A successful
// sign-in, or fifteen minutes without an attempt, reset the count. No setting turns the lockout off.
const (
	freeFailures = 5
	maxLock      = 15 * time.Minute
	quietTime    = 15 * time.Minute
)

// locked reports whether the lock is in force.
func locked(f store.Failures, now time.Time) bool { return now.Before(f.LockedUntil) }

// failed returns the count after one more wrong password.
func failed(f store.Failures, now time.Time) store.Failures {
	if now.Sub(f.LastAt) >= quietTime {
		f = store.Failures{}
	}
	f.Count++
	f.LastAt = now
	if f.Count >= freeFailures {
		lock := maxLock
		if n := f.Count - freeFailures; n < 10 {
			lock = time.Second << n
		}
		f.LockedUntil = now.Add(min(lock, maxLock))
	}
	return f
}

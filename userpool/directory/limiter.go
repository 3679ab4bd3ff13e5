package directory

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// Hourly limits per user and operation. AWS: "Quotas in Amazon Cognito", resource quotas adjusted by usage.
const (
	limitResend         = 5
	limitForgot         = 5
	limitConfirmSignUp  = 15
	limitConfirmForgot  = 15
	limitChangePassword = 5
)

var errAttemptLimit = fault.New(fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")

// limiter counts events in windows of an hour, in memory and bounded. It counts for names that no user has too, so that a
// limit does not tell who exists. A restart forgets the counts; attempts on a code and wrong passwords, which must not be
// forgotten, are in the store.
type limiter struct {
	now func() time.Time
	max int

	mu      sync.Mutex
	windows map[limitKey]window
}

type limitKey struct{ op, pool, name string }

type window struct {
	began time.Time
	count int
}

func newLimiter(now func() time.Time, limit int) *limiter {
	return &limiter{now: now, max: limit, windows: map[limitKey]window{}}
}

// take counts one event, or returns errAttemptLimit if the limit for this hour is reached. A table that is full of live
// windows refuses new names instead of forgetting old ones.
func (l *limiter) take(op, pool, name string, limit int) error {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	key := limitKey{op, pool, name}
	w, ok := l.windows[key]
	if !ok && len(l.windows) >= l.max {
		for k, old := range l.windows {
			if now.Sub(old.began) >= time.Hour {
				delete(l.windows, k)
			}
		}
		if len(l.windows) >= l.max {
			return fault.New(fault.TooManyRequests, "Too many requests")
		}
	}
	if now.Sub(w.began) >= time.Hour {
		w = window{began: now}
	}
	if w.count >= limit {
		return errAttemptLimit
	}
	w.count++
	l.windows[key] = w
	return nil
}

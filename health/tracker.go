package health

import (
	"sync"
	"time"
)

// Tracker remembers since when some work fails. The zero value has seen no failure.
type Tracker struct {
	mu    sync.Mutex
	since time.Time
	err   error
}

// Done notes the outcome of one piece of the work.
func (t *Tracker) Done(now time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err = err; err == nil {
		t.since = time.Time{}
	} else if t.since.IsZero() {
		t.since = now
	}
}

// Failing returns the last error and the time of the first after the last success; nil and the zero time if the work succeeds.
func (t *Tracker) Failing() (since time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.since, t.err
}

// Status returns Degraded with the word "failing" if the work has failed for as long as grace.
func (t *Tracker) Status(now time.Time, grace time.Duration) Status {
	since, err := t.Failing()
	if err == nil || now.Sub(since) < grace {
		return Status{}
	}
	return Status{Level: Degraded, Word: "failing", Detail: "since " + since.UTC().Format(time.RFC3339) + ": " + err.Error()}
}

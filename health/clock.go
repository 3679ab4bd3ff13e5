package health

import (
	"sync"
	"time"
)

const (
	// stepBack is how far the clock must go back to count as a step: NTP corrections are smaller.
	stepBack = 5 * time.Second
	// remembered is how long a step back shows.
	remembered = 5 * time.Minute
)

// earliest is a time before this release was made.
var earliest = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// Clock notices that the clock of the machine is wrong: before this release was made, or set back while the process runs. It cannot
// notice a clock that was always a little wrong.
type Clock struct {
	Now func() time.Time // the clock that the process uses

	mu      sync.Mutex
	checked time.Time // the last reading of the clock
	read    time.Time // when that was, on the monotonic clock
	stepped time.Time // when it was noticed to have been set back; zero = never
	by      time.Duration
}

// Status returns Failed before the release was made, because the clock then decides wrongly which tokens are valid, and Degraded for
// five minutes after the clock was set back by more than five seconds.
func (c *Clock) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, read := c.Now().Round(0), time.Now() // Round drops the monotonic reading
	if !c.read.IsZero() {
		if back := read.Sub(c.read) - now.Sub(c.checked); back > stepBack {
			c.stepped, c.by = read, back
		}
	}
	c.checked, c.read = now, read
	switch {
	case now.Before(earliest):
		return Status{Failed, "wrong", "the clock says " + now.UTC().Format(time.RFC3339) + ", before this release was made; set the clock"}
	case !c.stepped.IsZero() && read.Sub(c.stepped) < remembered:
		return Status{Degraded, "stepped", "the clock was set back by " + c.by.Round(time.Second).String()}
	}
	return Status{}
}

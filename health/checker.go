package health

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Level says what an outcome means for requests.
type Level int

// The levels, from good to bad.
const (
	OK       Level = iota // works
	Degraded              // something does not work, and requests are better answered here than nowhere
	Failed                // requests should go to another process
)

// String returns "ok", "degraded" or "failed".
func (l Level) String() string { return [...]string{"ok", "degraded", "failed"}[l] }

// Status is the outcome of a check. Word is one word for everyone. Detail is for operators only: it may name hosts and files. Both
// are empty if the level is OK.
type Status struct {
	Level  Level  // the zero value is OK
	Word   string // such as "timeout" or "unavailable"
	Detail string // a sentence without a full stop
}

// Check is one concern. Run must return when ctx ends.
type Check struct {
	Name string                           // one word in lower case, unique in the Checker: "backup"
	Run  func(ctx context.Context) Status // may be called again only after it has returned
}

// Result is the outcome of a named check.
type Result struct {
	Name string // of the Check
	Status
}

// Options are what New needs. Only Checks is required.
type Options struct {
	Checks  []Check                        // in the order of the results
	Changed func(name string, level Level) // called after each run for every check; must return at once; may be nil
	Log     *slog.Logger                   // nil = silent
}

const (
	// fresh is how long results are used again, so that anyone who asks often costs nothing.
	fresh = time.Second
	// patience is how long all checks together may take.
	patience = 2 * time.Second
)

// Checker runs checks. Its methods may be called from any goroutine.
type Checker struct {
	o Options

	mu      sync.Mutex
	last    []Result
	ran     time.Time
	running []chan Status // of each check that has not ended
}

// New returns a Checker that has run nothing yet.
func New(o Options) *Checker {
	if o.Changed == nil {
		o.Changed = func(string, Level) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Checker{o: o, running: make([]chan Status, len(o.Checks))}
}

// Results returns the outcome of each check, in the order of Options.Checks. It runs the checks unless it did so in the last second;
// others who ask meanwhile wait for the same results.
func (c *Checker) Results(ctx context.Context) []Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && time.Since(c.ran) < fresh {
		return c.last
	}
	now := c.run(context.WithoutCancel(ctx)) // the results are for others, too
	for i, r := range now {
		c.o.Changed(r.Name, r.Level)
		if c.last == nil && r.Level != OK || c.last != nil && r.Level != c.last[i].Level {
			c.report(r)
		}
	}
	c.last, c.ran = now, time.Now()
	return now
}

// run runs the checks at the same time. One that does not return in time has failed, and is not run again until it returns.
func (c *Checker) run(ctx context.Context) []Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	results := make([]Result, len(c.o.Checks))
	for i, check := range c.o.Checks {
		results[i] = Result{check.Name, Status{Failed, "timeout", "the check has not ended; what it waits for may hang"}}
		if c.running[i] == nil {
			ended := make(chan Status, 1)
			c.running[i] = ended
			go func() { ended <- check.Run(ctx) }()
		}
	}
	late := time.After(patience + patience/4) // checks notice the end of their context first
	for i := range results {
		select {
		case results[i].Status = <-c.running[i]:
			c.running[i] = nil
			continue
		default:
		}
		select {
		case results[i].Status = <-c.running[i]:
			c.running[i] = nil
		case <-late:
			late = closed
		}
	}
	return results
}

// closed lets waiting callers continue at once.
var closed = func() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}()

func (c *Checker) report(r Result) {
	level := map[Level]slog.Level{OK: slog.LevelInfo, Degraded: slog.LevelWarn, Failed: slog.LevelError}[r.Level]
	c.o.Log.Log(context.Background(), level, "health: "+r.Name+" is "+r.Level.String(), "reason", r.Word, "detail", r.Detail)
}

// Watch runs the checks every interval until ctx ends, so that logs and metrics show changes even without requests.
func (c *Checker) Watch(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		c.Results(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

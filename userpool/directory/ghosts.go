package directory

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// ghosts remembers for names that no user has what a user's record would hold: wrong passwords, and codes that would have
// been sent.
type ghosts struct {
	now func() time.Time
	max int

	mu    sync.Mutex
	names map[ghostKey]ghost
}

type ghostKey struct{ pool, name, purpose string } // of a code; purpose is "" for the failures

type ghost struct {
	failures store.Failures
	attempts int       // on the code
	until    time.Time // when the entry expires
}

func newGhosts(now func() time.Time, limit int) *ghosts {
	return &ghosts{now: now, max: limit, names: map[ghostKey]ghost{}}
}

func (g *ghosts) get(pool, name string) store.Failures {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.names[ghostKey{pool, name, ""}].failures
}

// fail counts a wrong password for the name.
func (g *ghosts) fail(pool, name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	key, now := ghostKey{pool, name, ""}, g.now()
	return g.put(key, ghost{failures: failed(g.names[key].failures, now), until: now.Add(maxLock + quietTime)})
}

// sendCode records that a code would have been sent.
func (g *ghosts) sendCode(pool, name, purpose string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.put(ghostKey{pool, name, purpose}, ghost{until: g.now().Add(codeLife(purpose))})
}

func (g *ghosts) tryCode(key ghostKey) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.names[key]
	if !ok || !g.now().Before(c.until) || c.attempts >= maxCodeAttempts {
		return errCodeExpired
	}
	c.attempts++
	g.names[key] = c
	return errCodeMismatch
}

// put stores an entry. If the table is full of live entries it refuses new names instead of forgetting a lock.
func (g *ghosts) put(key ghostKey, value ghost) error {
	if _, ok := g.names[key]; !ok && len(g.names) >= g.max {
		now := g.now()
		for k, old := range g.names {
			if !now.Before(old.until) {
				delete(g.names, k)
			}
		}
		if len(g.names) >= g.max {
			return fault.New(fault.TooManyRequests, "Too many requests")
		}
	}
	g.names[key] = value
	return nil
}

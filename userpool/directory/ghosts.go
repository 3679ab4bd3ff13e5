package directory

import (
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/store"
)

// ghosts holds, for names that no user has, the data that a user's record would hold: wrong passwords, and codes that would
// have been sent. A full table evicts the entry that expires first and refuses no name. An attacker who has an entry evicted
// before it expires can distinguish the name from a user's, which takes more than maxLimited calls in that time.
type ghosts struct {
	now   func() time.Time
	names *bounded.Map[tableKey, ghost] // by pool, name and purpose of the code; the purpose is "" for wrong passwords
}

type ghost struct {
	failures store.Failures
	attempts int       // on the code
	until    time.Time // when the code expires
}

func newGhosts(now func() time.Time, limit int) *ghosts {
	return &ghosts{now: now, names: bounded.New[tableKey, ghost](limit)}
}

func (g *ghosts) get(pool, name string) store.Failures {
	found, _ := g.names.Get(tableKeyOf(pool, name, ""), g.now())
	return found.failures
}

// fail counts a wrong password for the name.
func (g *ghosts) fail(pool, name string) {
	now := g.now()
	g.names.Update(tableKeyOf(pool, name, ""), now, func(known ghost, _ bool) (ghost, time.Time) {
		return ghost{failures: failed(known.failures, now)}, now.Add(maxLock + quietTime)
	})
}

// sendCode records that a code would have been sent.
func (g *ghosts) sendCode(pool, name, purpose string) {
	g.keepCode(pool, name, purpose, codeLife(purpose))
}

// keepCode is sendCode for a code with another lifetime.
func (g *ghosts) keepCode(pool, name, purpose string, life time.Duration) {
	now := g.now()
	until := now.Add(life)
	g.names.Put(tableKeyOf(pool, name, purpose), ghost{until: until}, until, now)
}

// tryCode returns errCodeMismatch while a user's code would accept tries, then errCodeExpired.
func (g *ghosts) tryCode(pool, name, purpose string) (outcome error) {
	g.names.Update(tableKeyOf(pool, name, purpose), g.now(), func(code ghost, ok bool) (ghost, time.Time) {
		outcome = errCodeExpired
		if ok && code.attempts < maxCodeAttempts {
			code.attempts++
			outcome = errCodeMismatch
		}
		return code, code.until
	})
	return outcome
}

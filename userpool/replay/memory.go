package replay

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

const (
	// maxUsed bounds the used sessions that are remembered, of users and of stand-ins each. An entry takes about 150 bytes.
	// One address can use 45,000 sessions in maxSessionLife, at 50 calls a second.
	maxUsed = 200_000

	maxSessionLife = 15 * time.Minute // the longest AuthSessionValidity
)

// ErrUsed refuses a session that was used, or that is too old to be remembered.
var ErrUsed = errors.New("replay: the session was used")

// Memory remembers which sessions were used. Machines over the same store can share one, as before and after a reload, so
// that no session serves twice.
type Memory struct {
	users, standIns *onceSet // standIns has the sessions of names that no user has

	shared Spender
	bridge func() bool
}

// Spender remembers over several processes which sessions were used. It must not wait for long.
type Spender interface {
	// Spend marks a session as used, and reports whether it was unused. A table remembers limit marks for as long as they live, and
	// treats a mark more as Memory does. After an error nothing is known.
	Spend(table, session string, issued time.Time, life time.Duration, limit int) (bool, error)
	// Unspend removes the mark.
	Unspend(table, session string) error
}

// The marks of each of the two tables that processes share.
const maxShared = 400_000

// ErrUnknown refuses a session if it is unknown whether another process has used it.
var ErrUnknown = errors.New("replay: cannot tell now whether the session was used")

// With returns a Memory that shares its marks with other processes, and those of this process with m. While the Spender fails,
// bridge says whether the marks of this process suffice.
func (m *Memory) With(shared Spender, bridge func() bool) *Memory {
	return &Memory{users: m.users, standIns: m.standIns, shared: shared, bridge: bridge}
}

// New returns an empty Memory, bounded to 200,000 sessions of users and as many of names that no user has.
func New(now func() time.Time) *Memory { return NewBounded(now, maxUsed) }

// NewBounded is New with another bound.
func NewBounded(now func() time.Time, limit int) *Memory {
	return &Memory{users: newOnceSet(now, limit), standIns: newOnceSet(now, limit)}
}

// Use marks a session as used. standIn says that its name means no user. The error is ErrUsed for one that was used before, and
// ErrUnknown where that cannot be found out. giveBack removes the mark.
func (m *Memory) Use(session string, standIn bool, issued time.Time) (giveBack func(), err error) {
	set, table := m.users, "users"
	if standIn {
		set, table = m.standIns, "names without a user"
	}
	key := sha256.Sum256([]byte(session))
	if err := set.use(key, issued); err != nil {
		return nil, err
	}
	release := func() { set.release(key) }
	if m.shared == nil {
		return release, nil
	}
	unused, err := m.shared.Spend(table, session, issued, maxSessionLife, maxShared)
	switch {
	case err != nil && m.bridge():
		return release, nil
	case err != nil:
		release()
		return nil, ErrUnknown
	case !unused:
		return nil, ErrUsed
	}
	return func() {
		release()
		// If it fails, the session stays used, and its user starts over.
		_ = m.shared.Unspend(table, session)
	}, nil
}

// onceSet remembers used sessions for as long as they could be used again. A full set refuses no session and allows no
// second use: it evicts the session that was issued first, and from then on counts every session as used that was issued
// no later. A session stays usable unless the whole set is replaced before its answer comes.
type onceSet struct {
	now func() time.Time

	mu      sync.Mutex
	used    *bounded.Map[[32]byte, time.Time] // when each session was issued
	evicted time.Time                         // the latest of those that were evicted
}

// newOnceSet returns a set that remembers up to limit sessions.
func newOnceSet(now func() time.Time, limit int) *onceSet {
	return &onceSet{now: now, used: bounded.New[[32]byte, time.Time](limit)}
}

// use marks a session as used. It returns ErrUsed if the session is marked or too old to be remembered.
func (o *onceSet) use(key [32]byte, issued time.Time) error {
	now, expires := o.now(), issued.Add(maxSessionLife)
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, used := o.used.Get(key, now); used || !issued.After(o.evicted) || !now.Before(expires) {
		return ErrUsed
	}
	if first, full := o.used.Put(key, issued, expires, now); full && first.After(o.evicted) {
		o.evicted = first
	}
	return nil
}

// release unmarks a session.
func (o *onceSet) release(key [32]byte) { o.used.Delete(key) }

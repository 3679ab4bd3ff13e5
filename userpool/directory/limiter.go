package directory

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
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

// limiter counts the events of users and of names that no user has, in windows of an hour. It counts both, so that a limit
// does not reveal whether a user exists. It has a table for each, so that a flood of made-up names evicts no user's window. A
// full table evicts the window that ends first. It refuses no name.
//
// A restart forgets the windows. Attempts on a code and wrong passwords, which must not be forgotten, are in the store.
type limiter struct {
	now           func() time.Time
	users, ghosts *bounded.Map[tableKey, window]
	shared        Counter // may be nil
}

// Counter counts events over several processes.
type Counter interface {
	// Count counts an event of a name in a table with a bounded number of slots, and reports whether there were at most limit of them
	// within a window that begins with the first. After an error nothing was counted, and the count of this process holds.
	Count(table, name string, slots, limit int, window time.Duration) (bool, error)
}

// The slots of the tables that processes share. Names that no user has cannot push out windows of users.
const (
	sharedUsers  = 1 << 20
	sharedGhosts = 1 << 16
)

type window struct {
	count int
	end   time.Time
}

// tableKey is a name in a bounded table. It is a hash, so that long names take no more memory than short ones.
type tableKey [16]byte

func tableKeyOf(parts ...string) (key tableKey) {
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	copy(key[:], h.Sum(nil))
	return key
}

// newLimiter returns a limiter whose two tables hold up to limit windows each. With shared, events in other processes count too.
func newLimiter(now func() time.Time, limit int, shared Counter) *limiter {
	return &limiter{now: now, shared: shared, users: bounded.New[tableKey, window](limit), ghosts: bounded.New[tableKey, window](limit)}
}

// take counts an event of a user, or returns errAttemptLimit if the limit for this hour is reached.
func (l *limiter) take(op, pool, name string, limit int) error {
	key := tableKeyOf(op, pool, name)
	return l.overall(l.count(l.users, key, limit), "users", sharedUsers, key, limit)
}

// takeGhost is take for a name that no user has.
func (l *limiter) takeGhost(op, pool, name string, limit int) error {
	key := tableKeyOf(op, pool, name)
	return l.overall(l.count(l.ghosts, key, limit), "names without a user", sharedGhosts, key, limit)
}

// takeOf counts an event of a subject: a user has one limit under all names, as on AWS, and a stand-in that of its name.
func (l *limiter) takeOf(p *userpool.Pool, subject *Subject, op string, limit int) error {
	if !subject.Exists {
		return l.takeGhost(op, p.ID, p.Key(subject.Name), limit)
	}
	return l.take(op, p.ID, subject.User.Sub, limit)
}

func (l *limiter) count(table *bounded.Map[tableKey, window], key tableKey, limit int) (err error) {
	now := l.now()
	table.Update(key, now, func(w window, ok bool) (window, time.Time) {
		switch {
		case !ok:
			w = window{1, now.Add(windowLength)}
		case w.count >= limit:
			err = errAttemptLimit
		default:
			w.count++
		}
		return w, w.end
	})
	return err
}

// overall counts an event that this process allows over all processes.
func (l *limiter) overall(err error, table string, slots int, key tableKey, limit int) error {
	if err != nil || l.shared == nil {
		return err
	}
	if within, err := l.shared.Count(table, string(key[:]), slots, limit, windowLength); err == nil && !within {
		return errAttemptLimit
	}
	return nil
}

// windowLength is how long events count.
const windowLength = time.Hour

package userpool

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
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

// limiter counts the events of users and of ghosts in windows of an hour. It counts both, so that a limit does not tell
// whether a user exists, and it counts them in two tables, so that a flood of made-up names evicts no user's window. A full
// table evicts the window that ends first and refuses no name.
//
// A restart forgets the windows. The store keeps what must not be forgotten: attempts on a code, wrong passwords.
type limiter struct {
	now           func() time.Time
	users, ghosts *bounded.Map[tableKey, window]
}

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

// newLimiter returns a limiter that remembers up to limit windows of users, and as many of ghosts.
func newLimiter(now func() time.Time, limit int) *limiter {
	return &limiter{now: now, users: bounded.New[tableKey, window](limit), ghosts: bounded.New[tableKey, window](limit)}
}

// take counts an event of a user. It returns errAttemptLimit if the user has used up the hour's limit.
func (l *limiter) take(op, pool, name string, limit int) error {
	return l.count(l.users, tableKeyOf(op, pool, name), limit)
}

// takeGhost is take for a name that no user has.
func (l *limiter) takeGhost(op, pool, name string, limit int) error {
	return l.count(l.ghosts, tableKeyOf(op, pool, name), limit)
}

// takeFor is take if there is a user, takeGhost if u is nil.
func (l *limiter) takeFor(u *store.User, op, pool, name string, limit int) error {
	if u == nil {
		return l.takeGhost(op, pool, name, limit)
	}
	return l.take(op, pool, name, limit)
}

func (l *limiter) count(table *bounded.Map[tableKey, window], key tableKey, limit int) (err error) {
	now := l.now()
	table.Update(key, now, func(w window, ok bool) (window, time.Time) {
		switch {
		case !ok:
			w = window{1, now.Add(time.Hour)}
		case w.count >= limit:
			err = errAttemptLimit
		default:
			w.count++
		}
		return w, w.end
	})
	return err
}

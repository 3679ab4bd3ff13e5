package redis

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/sluicegate/sluice/authz/revoke"
)

const (
	// SharedWait is how long a call of a Shared waits for Redis at most, and only until the first such call has failed.
	SharedWait = 150 * time.Millisecond

	sharedConnections = 32
	probeGap          = 250 * time.Millisecond // between two tries to reach Redis
)

// ErrAway is returned while Redis cannot be reached. Nothing was counted.
var ErrAway = errors.New("redis: unavailable; counts of other processes are not known")

// SharedOptions are a Shared's dependencies. Key and Now are required.
type SharedOptions struct {
	Options                           // Apply, Known, MaxStale and Observer are not used
	Key     []byte                    // hashes names and addresses, so that Redis does not learn them
	Counted func(what string, c bool) // is called after each call, for metrics; c is false if Redis was away; nil = nothing
	State   func(reached bool)        // is called when that changes; nil = nothing
}

// Shared counts calls and used sessions over all processes. Its calls wait at most SharedWait. After one has failed, all return
// ErrAway at once, until a goroutine has reached Redis again. Its methods may be called from any goroutine.
//
// What it keeps in Redis is bounded, or expires; see the methods. Unknown names have separate tables.
type Shared struct {
	o     SharedOptions
	link  atomic.Pointer[link]
	lost  chan struct{} // wakes the probe
	tried chan struct{} // closed after the first try to connect
	once  sync.Once     // closes tried

	stop    context.CancelFunc
	running sync.WaitGroup
}

// link is the session in use or, if Redis is away, since when and why. It never changes after it is published.
type link struct {
	session *session // nil = Redis is away
	since   time.Time
	cause   error
}

// NewShared returns a Shared, or an error about the options. It connects in the background; until then Redis is away.
func NewShared(o SharedOptions) (*Shared, error) {
	o.Apply, o.Known = func(...revoke.Record) error { return nil }, func(context.Context) ([]revoke.Record, error) { return nil, nil }
	if err := o.resolve(); err != nil {
		return nil, err
	}
	if len(o.Key) == 0 {
		return nil, errors.New("redis: SharedOptions.Key is required")
	}
	quietLibrary()
	s := &Shared{o: o, lost: make(chan struct{}, 1), tried: make(chan struct{})}
	s.link.Store(&link{since: o.Now(), cause: errors.New("not connected yet")})
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() { s.probe(ctx) })
	timer := time.NewTimer(startWait)
	defer timer.Stop()
	select {
	case <-s.tried:
	case <-timer.C:
	}
	return s, nil
}

// Close ends the connections. Calls after it return ErrAway.
func (s *Shared) Close() error {
	s.stop()
	s.running.Wait()
	return nil
}

// Away returns for how long Redis has been unavailable, 0 if it is available.
func (s *Shared) Away() time.Duration {
	now := s.link.Load()
	if now.session != nil {
		return 0
	}
	return max(1, s.o.Now().Sub(now.since))
}

// rate is the generic cell rate algorithm, by the clock of Redis. The key ends when the calls are paid off. A clock that was set back
// forgets them.
var rate = goredis.NewScript(`
local t = redis.call('time')
local now = t[1] * 1000000 + t[2]
local interval, patience = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = tonumber(redis.call('get', KEYS[1]) or '0')
if due < now or due > now + patience + interval then due = now end
if due - now > patience then return 0 end
due = due + interval
redis.call('set', KEYS[1], string.format('%.0f', due), 'px', math.max(1, math.ceil((due - now) / 1000)))
return 1`)

// Rate counts a call under a name in a table and reports whether it is allowed: calls may come one in interval, and as early as
// patience. It keeps about 100 bytes for each name until its calls are paid off, that is at most for interval and patience together.
func (s *Shared) Rate(table, name string, interval, patience time.Duration) (bool, error) {
	hash := s.hash(table, name)
	key := s.o.Prefix + "rate:" + table + ":" + base64.RawURLEncoding.EncodeToString(hash[:])
	return s.run("rate", rate, []string{key}, max(1, interval.Microseconds()), patience.Microseconds())
}

// window counts up to a limit. A slot holds one name: another one that falls into it takes its place.
var window = goredis.NewScript(`
local n = 0
local known = redis.call('get', KEYS[1])
if known and string.sub(known, 1, #ARGV[1]) == ARGV[1] then n = tonumber(string.sub(known, #ARGV[1] + 2)) end
if n >= tonumber(ARGV[2]) then return 0 end
if n == 0 then
	redis.call('set', KEYS[1], ARGV[1] .. ' 1', 'px', ARGV[3])
else
	redis.call('set', KEYS[1], ARGV[1] .. ' ' .. (n + 1), 'keepttl')
end
return 1`)

// Count counts an event of a name in a table and reports whether there were at most limit of them within a window that begins with
// the first. A table has the given number of slots, of about 130 bytes each while a window lasts.
func (s *Shared) Count(table, name string, slots, limit int, length time.Duration) (bool, error) {
	hash := s.hash(table, name)
	slot := binary.BigEndian.Uint64(hash[:8]) % uint64(max(slots, 1))
	key := s.o.Prefix + "count:" + table + ":" + strconv.FormatUint(slot, 36)
	return s.run("count", window, []string{key}, base64.RawURLEncoding.EncodeToString(hash[8:]), limit, length.Milliseconds())
}

// spend is the table of package replay in Redis: when it is full it evicts what was issued first, and from then on counts as used
// whatever was issued no later. The second key has that time. Entries go by the process's clock, long after they serve no more.
var spend = goredis.NewScript(`
if redis.call('zscore', KEYS[1], ARGV[1]) then return 0 end
local evicted = tonumber(redis.call('get', KEYS[2]) or '0')
if tonumber(ARGV[2]) <= evicted then return 0 end
redis.call('zremrangebyscore', KEYS[1], '-inf', ARGV[4])
redis.call('zadd', KEYS[1], ARGV[2], ARGV[1])
if redis.call('zcard', KEYS[1]) > tonumber(ARGV[3]) then
	local first = redis.call('zpopmin', KEYS[1])
	if tonumber(first[2]) > evicted then redis.call('set', KEYS[2], first[2], 'px', ARGV[5]) end
end
redis.call('pexpire', KEYS[1], ARGV[5])
return 1`)

// spentMargin covers the clocks of processes.
const spentMargin = time.Hour

// Spend marks what was issued at a time as used, and reports whether it was unused. A table remembers up to limit marks, of about 100
// bytes each, for as long as they live. A full table neither forgets a mark nor refuses new ones: see package replay.
func (s *Shared) Spend(table, id string, issued time.Time, life time.Duration, limit int) (bool, error) {
	keys, oldest := s.spentKeys(table), s.o.Now().Add(-life-spentMargin).UnixMilli()
	return s.run("session", spend, keys, s.spentMember(id), issued.UnixMilli(), limit, oldest, (life + spentMargin).Milliseconds())
}

var unspend = goredis.NewScript(`return redis.call('zrem', KEYS[1], ARGV[1])`)

// Unspend removes a mark that Spend has made.
func (s *Shared) Unspend(table, id string) error {
	_, err := s.run("session", unspend, s.spentKeys(table), s.spentMember(id))
	return err
}

func (s *Shared) spentKeys(table string) []string {
	key := s.o.Prefix + "{spent:" + table + "}" // the braces keep both on one node of a cluster
	return []string{key, key + ":evicted"}
}

// spentMember does not depend on Options.Key: processes that have different ones while keys change must not differ here.
func (s *Shared) spentMember(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// hash returns a keyed hash of a name in a table.
func (s *Shared) hash(table, name string) (sum [16]byte) {
	mac := hmac.New(sha256.New, s.o.Key)
	mac.Write([]byte(table + "\n" + name))
	copy(sum[:], mac.Sum(nil))
	return sum
}

// run runs a script that returns 1 for yes.
func (s *Shared) run(what string, script *goredis.Script, keys []string, args ...any) (yes bool, err error) {
	at := s.link.Load().session
	if at == nil {
		s.counted(what, false)
		return false, ErrAway
	}
	ctx, cancel := context.WithTimeout(context.Background(), SharedWait)
	defer cancel()
	n, err := script.Run(ctx, at, keys, args...).Int()
	s.counted(what, err == nil)
	if err != nil {
		s.leave(at, err)
		return false, ErrAway
	}
	return n == 1, nil
}

func (s *Shared) counted(what string, c bool) {
	if s.o.Counted != nil {
		s.o.Counted(what, c)
	}
}

// leave notes that a session has failed, if it is the one in use.
func (s *Shared) leave(at *session, cause error) {
	if s.cut(at, cause) {
		wake(s.lost)
	}
}

// cut takes a session out of use, and reports whether it was in use.
func (s *Shared) cut(at *session, cause error) bool {
	now := s.link.Load()
	return now.session == at && s.link.CompareAndSwap(now, &link{since: s.o.Now(), cause: cause})
}

// probe connects, and again after each failure, until ctx is done.
func (s *Shared) probe(ctx context.Context) {
	defer s.once.Do(func() { close(s.tried) })
	for told := false; ctx.Err() == nil; {
		at := s.o.open(ctx, sharedConnections)
		err := s.try(ctx, at)
		if err == nil {
			s.link.Store(&link{session: at})
			s.tell(nil)
			s.once.Do(func() { close(s.tried) })
			select {
			case <-ctx.Done():
			case <-s.lost:
				err, told = s.link.Load().cause, false
			}
		}
		s.cut(at, context.Canceled) // only Close finds it in use
		at.close()
		s.once.Do(func() { close(s.tried) })
		if err != nil && !told && ctx.Err() == nil {
			s.tell(err)
			told = true
		}
		sleep(ctx, probeGap)
	}
}

// tell reports that Redis was reached, or why it was left.
func (s *Shared) tell(cause error) {
	if s.o.State != nil {
		s.o.State(cause == nil)
	}
	if cause == nil {
		s.o.Logger.Info("rate limits and used sessions are shared through Redis")
		return
	}
	if strings.Contains(cause.Error(), "NOPERM ") && !mustSelect(cause) {
		cause = fmt.Errorf("the ACL user needs +eval +evalsha +time +get +set +zscore +zadd +zcard +zpopmin +zrem +zremrangebyscore +pexpire on the keys %q: %w", s.o.Prefix+"*", cause)
	}
	s.o.Logger.Warn("Redis is unreachable: each process counts rate limits and used sessions by itself", "error", s.o.explain(cause))
}

// try runs a script as the calls do, with more patience for the connection.
func (s *Shared) try(ctx context.Context, at *session) error {
	ctx, cancel := context.WithTimeout(ctx, 2*answerWithin)
	defer cancel()
	if err := rate.Run(ctx, at, []string{s.o.Prefix + "rate:probe"}, 1, math.MaxInt32).Err(); err != nil {
		return err
	}
	return unspend.Run(ctx, at, s.spentKeys("probe"), "none").Err()
}

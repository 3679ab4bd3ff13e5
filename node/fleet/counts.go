package fleet

import (
	"log/slog"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store/redis"
	"github.com/sluicegate/sluice/throttle"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/replay"
)

// Observer counts what happens, for metrics. Its methods must return at once.
type Observer interface {
	redis.Observer

	// SharedCount counts what this process counted in Redis, by "rate", "count" and "session"; shared is false if Redis was away.
	// SharedReached says whether Redis can be reached for that.
	SharedCount(what string, shared bool)
	SharedReached(yes bool)

	// ChangesApplied counts changes by this and other processes that were applied to memory. ChangesFollowed says whether they can be
	// read and applied now.
	ChangesApplied(n int)
	ChangesFollowed(yes bool)
}

// Counts is what this process counts together with others in Redis. Without Redis, its methods return nil, and each process counts for
// itself. The zero Counts is for a process without Redis.
type Counts struct {
	shared *redis.Shared // nil = without Redis
	stale  time.Duration

	// What is refused when Redis is away for longer than stale: answers in sign-ins, calls under a rate, and what users may do so often in
	// an hour.
	sessions, rates, events bool
}

// Purpose is that of the key that hashes names and addresses for Redis. It is pinned: processes count together also if they started
// before and after the master key was replaced.
const Purpose = "names in redis"

// NewCounts connects to Redis, in the background if it does not answer at once. c is nil without Redis.
func NewCounts(c *config.Redis, box *seal.Box, now func() time.Time, log *slog.Logger, observer Observer) (*Counts, error) {
	if c == nil {
		return &Counts{}, nil
	}
	key := box.PinnedMAC(Purpose, []byte("key"))
	shared, err := redis.NewShared(redis.SharedOptions{Options: RedisOptions(c, now, log), Key: key[:], Counted: observer.SharedCount, State: observer.SharedReached})
	if err != nil {
		return nil, err
	}
	return &Counts{shared: shared, stale: time.Duration(c.MaxStale), sessions: c.SignIns == failClosed, rates: c.Rates == failClosed,
		events: c.HourlyLimits == failClosed}, nil
}

const failClosed = "fail_closed"

// RedisOptions are those that all parts of package redis take.
func RedisOptions(c *config.Redis, now func() time.Time, log *slog.Logger) redis.Options {
	all := redis.Options{Addresses: c.Addresses, Master: c.Master, Username: c.Username, Password: seal.NewSecret(c.Password),
		SentinelUsername: c.SentinelUsername, SentinelPassword: seal.NewSecret(c.SentinelPassword), Database: c.Database, MaxStale: time.Duration(c.MaxStale), Now: now, Logger: log}
	if c.TLS {
		all.TLS = RedisTLS(c)
	}
	return all
}

// RedisTLS are the settings of connections with TLS.
func RedisTLS(c *config.Redis) *redis.TLSFiles {
	o := c.TLSOptions
	if o == nil {
		return new(redis.TLSFiles)
	}
	return &redis.TLSFiles{CA: o.CA, Certificate: o.Certificate, Key: o.Key, ServerName: o.ServerName}
}

// Rates counts calls.
func (f *Counts) Rates() throttle.Shared {
	switch {
	case f.shared == nil:
		return nil
	case f.rates:
		return strict{f}
	}
	return f.shared
}

// Events counts what hourly limits are about.
func (f *Counts) Events() directory.Counter {
	switch {
	case f.shared == nil:
		return nil
	case f.events:
		return strict{f}
	}
	return f.shared
}

// Used returns a memory of used sessions that is shared with other processes.
func (f *Counts) Used(m *replay.Memory) *replay.Memory {
	if f.shared == nil {
		return m
	}
	return m.With(f.shared, func() bool { return !f.sessions || !f.lost() })
}

// lost reports whether Redis has been away for too long.
func (f *Counts) lost() bool { return f.shared.Away() > f.stale }

// strict counts in Redis, and allows nothing once Redis has been away for too long.
type strict struct{ *Counts }

// Rate implements throttle.Shared.
func (s strict) Rate(table, name string, interval, patience time.Duration) (bool, error) {
	return s.unlessLost(s.shared.Rate(table, name, interval, patience))
}

// Count implements directory.Counter.
func (s strict) Count(table, name string, slots, limit int, window time.Duration) (bool, error) {
	return s.unlessLost(s.shared.Count(table, name, slots, limit, window))
}

func (s strict) unlessLost(allowed bool, err error) (bool, error) {
	if err != nil && s.lost() {
		return false, nil
	}
	return allowed, err
}

// Close ends the connections.
func (f *Counts) Close() error {
	if f.shared == nil {
		return nil
	}
	return f.shared.Close()
}

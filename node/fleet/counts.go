package fleet

import (
	"crypto/tls"
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
	closed bool // refuse answers in sign-ins when Redis is away for longer than stale
}

// purpose derives the key that hashes names and addresses for Redis.
const purpose = "names in redis"

// NewCounts connects to Redis, in the background if it does not answer at once. c is nil without Redis.
func NewCounts(c *config.Redis, box *seal.Box, now func() time.Time, log *slog.Logger, observer Observer) (*Counts, error) {
	if c == nil {
		return &Counts{}, nil
	}
	key, err := box.Derive(purpose, 32)
	if err != nil {
		return nil, err
	}
	shared, err := redis.NewShared(redis.SharedOptions{Options: RedisOptions(c, now, log), Key: key, Counted: observer.SharedCount, State: observer.SharedReached})
	if err != nil {
		return nil, err
	}
	return &Counts{shared: shared, stale: time.Duration(c.MaxStale), closed: c.SignIns == "fail_closed"}, nil
}

// RedisOptions are those that all parts of package redis take.
func RedisOptions(c *config.Redis, now func() time.Time, log *slog.Logger) redis.Options {
	all := redis.Options{Addresses: c.Addresses, Master: c.Master, Username: c.Username, Password: seal.NewSecret(c.Password),
		Database: c.Database, MaxStale: time.Duration(c.MaxStale), Now: now, Logger: log}
	if c.TLS {
		all.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return all
}

// Rates counts calls.
func (f *Counts) Rates() throttle.Shared {
	if f.shared == nil {
		return nil
	}
	return f.shared
}

// Events counts what hourly limits are about.
func (f *Counts) Events() directory.Counter {
	if f.shared == nil {
		return nil
	}
	return f.shared
}

// Used returns a memory of used sessions that is shared with other processes.
func (f *Counts) Used(m *replay.Memory) *replay.Memory {
	if f.shared == nil {
		return m
	}
	return m.With(f.shared, func() bool { return !f.closed || f.shared.Away() <= f.stale })
}

// Close ends the connections.
func (f *Counts) Close() error {
	if f.shared == nil {
		return nil
	}
	return f.shared.Close()
}

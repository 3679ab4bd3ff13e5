package throttle

import (
	"errors"
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"
)

// Limits on the Options of a Table.
const (
	// MaxRate is the highest rate, in calls per second.
	MaxRate = 1_000_000
	// MaxBurst is the largest burst, in calls.
	MaxBurst = 1_000_000
	// MaxPause is the longest time that an address may need to regain a whole burst.
	MaxPause = 24 * time.Hour

	shards        = 64
	defaultMaxAll = 1 << 16
)

// Options are the options of New. Rate and Now are required.
type Options struct {
	Rate  float64 // calls per second that an address may make continuously, more than 0
	Burst int     // calls that an address may make at once; 0 means the calls of one second
	Now   func() time.Time

	// MaxAddresses is the maximum number of addresses in the table, at about 64 bytes each; 0 means 65,536. A new address in a
	// full table replaces the idle ones or, if there are none, any other, which then has a whole burst again.
	MaxAddresses int
}

// Table counts calls per address. It is safe for concurrent use.
type Table struct {
	interval time.Duration // time between calls at Rate
	patience time.Duration // how early a call may come
	now      func() time.Time
	seed     maphash.Seed
	perShard int
	shards   [shards]shard
}

type shard struct {
	mu sync.Mutex
	// due is when the next call of an address is due at Rate, in nanoseconds since 1970. An address whose due time has passed
	// is idle.
	due map[netip.Addr]int64
	_   [64]byte // keeps the locks in separate cache lines
}

// New returns a Table. It returns an error if an option is missing or out of range.
func New(o Options) (*Table, error) {
	if o.Now == nil {
		return nil, errors.New("throttle: Options.Now is required")
	}
	if !(o.Rate > 0 && o.Rate <= MaxRate) || o.Burst < 0 || o.Burst > MaxBurst || o.MaxAddresses < 0 {
		return nil, errors.New("throttle: Rate must be above 0 and at most 1000000, Burst 0 to 1000000, and MaxAddresses not negative")
	}
	if o.Burst == 0 {
		o.Burst = int(math.Ceil(o.Rate))
	}
	if o.MaxAddresses == 0 {
		o.MaxAddresses = defaultMaxAll
	}
	if float64(o.Burst)/o.Rate > MaxPause.Seconds() {
		return nil, errors.New("throttle: Burst is more than the calls of a day at Rate; reduce Burst or raise Rate")
	}
	interval := time.Duration(float64(time.Second) / o.Rate)
	t := &Table{interval: interval, patience: interval * time.Duration(o.Burst-1), now: o.Now, seed: maphash.MakeSeed(),
		perShard: max(o.MaxAddresses/shards, 1)}
	for i := range t.shards {
		t.shards[i].due = make(map[netip.Addr]int64)
	}
	return t, nil
}

// Allow reports whether the address may call now, and if so counts the call. Calls that are not allowed do not count, so a
// client that calls too fast still gets Rate calls per second.
func (t *Table) Allow(from netip.Addr) bool {
	from = network(from)
	s := &t.shards[maphash.Comparable(t.seed, from)%shards]
	now := t.now().UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	due, known := s.due[from]
	due = max(due, now)
	if due-now > int64(t.patience) {
		return false
	}
	if !known && len(s.due) >= t.perShard {
		s.makeRoom(now)
	}
	s.due[from] = due + int64(t.interval)
	return true
}

// makeRoom removes all idle addresses or, if there are none, any one address. The caller holds the lock.
func (s *shard) makeRoom(now int64) {
	full := len(s.due)
	for address, due := range s.due {
		if due <= now {
			delete(s.due, address)
		}
	}
	if len(s.due) < full {
		return
	}
	for address := range s.due {
		delete(s.due, address)
		return
	}
}

// Addresses returns the number of addresses in the table.
func (t *Table) Addresses() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += len(s.due)
		s.mu.Unlock()
	}
	return n
}

// network returns the address under which a client is counted. For IPv6 it is the /64 network.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if prefix, err := a.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return a
}

package throttle

import (
	"errors"
	"hash/maphash"
	"math"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/bounded"
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
	Rate  float64          // calls per second that an address may make continuously, more than 0
	Burst int              // calls that an address may make at once; 0 means the calls of one second
	Now   func() time.Time // the clock of the rate

	// MaxAddresses bounds the table, at about 150 bytes each; 0 = 65,536. A full table forgets the address whose calls will
	// be paid off first, so that those that call most stay limited.
	MaxAddresses int

	// Shared counts the calls over several processes as well, in its table Name; nil = each process counts for itself.
	Shared Shared
	Name   string
}

// Shared counts calls over several processes.
type Shared interface {
	// Rate counts a call under a name in a table, and reports whether it is allowed: calls may come one in interval, and as early as
	// patience. After an error nothing was counted, and the count of this process holds. It must not wait for long.
	Rate(table, name string, interval, patience time.Duration) (bool, error)
}

// Table counts calls per address. It is safe for concurrent use.
type Table struct {
	interval time.Duration // time between calls at Rate
	patience time.Duration // how early a call may come
	now      func() time.Time
	seed     maphash.Seed
	shards   [shards]shard
	shared   Shared
	name     string
}

type shard struct {
	// due is when an address's next call comes at the rate, in nanoseconds since 1970. The entry expires then.
	due *bounded.Map[netip.Addr, int64]
	_   [64]byte // shards are locked by different cores
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
	t := &Table{interval: interval, patience: interval * time.Duration(o.Burst-1), now: o.Now, seed: maphash.MakeSeed(), shared: o.Shared, name: o.Name}
	for i := range t.shards {
		t.shards[i].due = bounded.New[netip.Addr, int64](max(o.MaxAddresses/shards, 1))
	}
	return t, nil
}

// Allow reports whether the address may call now, and if so counts the call. Calls that are not allowed do not count, so a
// client that calls too fast still gets Rate calls per second. With Options.Shared, calls to other processes count as well.
func (t *Table) Allow(from netip.Addr) bool {
	from = Network(from)
	s := &t.shards[maphash.Comparable(t.seed, from)%shards]
	now, allowed := t.now(), false
	s.due.Update(from, now, func(due int64, _ bool) (int64, time.Time) {
		due = max(due, now.UnixNano())
		if allowed = due-now.UnixNano() <= int64(t.patience); allowed {
			due += int64(t.interval)
		}
		return due, time.Unix(0, due)
	})
	if !allowed || t.shared == nil {
		return allowed
	}
	within, err := t.shared.Rate(t.name, from.String(), t.interval, t.patience)
	return within || err != nil
}

// Addresses returns how many addresses the table holds.
func (t *Table) Addresses() (n int) {
	for i := range t.shards {
		n += t.shards[i].due.Len()
	}
	return n
}

// Network returns the address under which a client is counted. For IPv6 it is the /64 network.
func Network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if prefix, err := a.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return a
}

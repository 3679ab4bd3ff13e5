package throttle

import (
	"errors"
	"hash/maphash"
	"math"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

// Bounds of a Table.
const (
	// MaxRate is the highest rate, in calls per second.
	MaxRate = 1_000_000
	// MaxBurst is the largest burst, in calls.
	MaxBurst = 1_000_000
	// MaxPause is the longest pause after which a whole burst may come again.
	MaxPause = 24 * time.Hour

	shards        = 64
	defaultMaxAll = 1 << 16
)

// Options are what New needs. Rate and Now are required.
type Options struct {
	Rate  float64 // calls per second that an address may make for ever, above 0
	Burst int     // calls that it may make at once after a pause; 0 = one second's
	Now   func() time.Time

	// MaxAddresses bounds the table, at about 150 bytes each; 0 = 65,536. A full table forgets the address whose calls will
	// be paid off first, so that those that call most stay limited.
	MaxAddresses int
}

// Table counts the calls of addresses. It is safe for concurrent use.
type Table struct {
	interval time.Duration // between calls at the rate
	patience time.Duration // by how much calls may come too early
	now      func() time.Time
	seed     maphash.Seed
	shards   [shards]shard
}

type shard struct {
	// due is when an address's next call comes at the rate, in nanoseconds since 1970. The entry expires then.
	due *bounded.Map[netip.Addr, int64]
	_   [64]byte // shards are locked by different cores
}

// New makes a Table.
func New(o Options) (*Table, error) {
	if o.Now == nil {
		return nil, errors.New("throttle: Now is required")
	}
	if !(o.Rate > 0 && o.Rate <= MaxRate) || o.Burst < 0 || o.Burst > MaxBurst || o.MaxAddresses < 0 {
		return nil, errors.New("throttle: the rate, the burst or the number of addresses is out of range")
	}
	if o.Burst == 0 {
		o.Burst = int(math.Ceil(o.Rate))
	}
	if o.MaxAddresses == 0 {
		o.MaxAddresses = defaultMaxAll
	}
	if float64(o.Burst)/o.Rate > MaxPause.Seconds() {
		return nil, errors.New("throttle: the burst is more than a day's calls at the rate")
	}
	interval := time.Duration(float64(time.Second) / o.Rate)
	t := &Table{interval: interval, patience: interval * time.Duration(o.Burst-1), now: o.Now, seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].due = bounded.New[netip.Addr, int64](max(o.MaxAddresses/shards, 1))
	}
	return t, nil
}

// Allow reports whether the address may call now, and counts the call if so. A call that is refused costs nothing: whoever
// goes on too fast is let through at the rate.
func (t *Table) Allow(from netip.Addr) bool {
	from = network(from)
	s := &t.shards[maphash.Comparable(t.seed, from)%shards]
	now, allowed := t.now(), false
	s.due.Update(from, now, func(due int64, _ bool) (int64, time.Time) {
		due = max(due, now.UnixNano())
		if allowed = due-now.UnixNano() <= int64(t.patience); allowed {
			due += int64(t.interval)
		}
		return due, time.Unix(0, due)
	})
	return allowed
}

// Addresses returns how many addresses the table holds.
func (t *Table) Addresses() (n int) {
	for i := range t.shards {
		n += t.shards[i].due.Len()
	}
	return n
}

// network is what counts as one client.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if prefix, err := a.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return a
}

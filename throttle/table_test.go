package throttle_test

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/throttle"
)

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) forward(d time.Duration) { c.at.Add(int64(d)) }
func address(n uint32) (a netip.Addr) {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n)))
}
func allowed(t *throttle.Table, a netip.Addr, calls int) (n int) {
	for range calls {
		if t.Allow(a) {
			n++
		}
	}
	return n
}

func table(t testing.TB, o throttle.Options) (*throttle.Table, *clock) {
	t.Helper()
	c := new(clock)
	c.forward(time.Hour)
	o.Now = c.now
	made, err := throttle.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return made, c
}

func TestAnAddressMayCallAtOnceAndThenAtTheRate(t *testing.T) {
	table, c := table(t, throttle.Options{Rate: 10, Burst: 25})
	a, b := address(1), address(2)
	if n := allowed(table, a, 100); n != 25 {
		t.Errorf("%d calls at once", n)
	}
	if n := allowed(table, b, 100); n != 25 {
		t.Errorf("another address: %d calls at once", n)
	}
	if table.Allow(a) {
		t.Error("a call too many")
	}
	c.forward(100 * time.Millisecond)
	if n := allowed(table, a, 100); n != 1 {
		t.Errorf("%d calls after a tenth of a second", n)
	}
	n := 0
	for range 1000 { // ten seconds of calls by a client that ignores the refusals
		c.forward(10 * time.Millisecond)
		n += allowed(table, a, 5)
	}
	if n != 100 {
		t.Errorf("%d calls in ten seconds", n)
	}
	c.forward(time.Hour)
	if n := allowed(table, a, 100); n != 25 {
		t.Errorf("%d calls at once after a pause", n)
	}
}

func TestARateOfLessThanOneCallInASecond(t *testing.T) {
	table, c := table(t, throttle.Options{Rate: 0.5})
	a := address(1)
	if n := allowed(table, a, 10); n != 1 {
		t.Errorf("%d calls", n)
	}
	c.forward(time.Second)
	if table.Allow(a) {
		t.Error("a call after one second")
	}
	c.forward(time.Second)
	if !table.Allow(a) {
		t.Error("no call after two seconds")
	}
}

func TestAddressesThatCountAsOneClient(t *testing.T) {
	table, _ := table(t, throttle.Options{Rate: 1, Burst: 1})
	for _, c := range []struct {
		address string
		want    bool
	}{
		{"2001:db8::1", true},
		{"2001:db8::2", false},
		{"2001:db8::ffff:ffff:ffff:ffff", false},
		{"2001:db8:0:1::1", true},
		{"fe80::1%eth0", true},
		{"fe80::1%eth1", false},
		{"192.0.2.1", true},
		{"::ffff:192.0.2.1", false},
		{"192.0.2.2", true},
	} {
		if got := table.Allow(netip.MustParseAddr(c.address)); got != c.want {
			t.Errorf("%s: %v", c.address, got)
		}
	}
	if !table.Allow(netip.Addr{}) || table.Allow(netip.Addr{}) {
		t.Error("what has no address counts as one client")
	}
}

func TestTheTableIsBounded(t *testing.T) {
	const most = 6400
	table, c := table(t, throttle.Options{Rate: 1, MaxAddresses: most})
	for n := range uint32(10 * most) {
		if !table.Allow(address(n)) {
			t.Fatalf("address %d was refused", n)
		}
	}
	if n := table.Addresses(); n > most {
		t.Errorf("%d addresses are remembered", n)
	}
	// Idle entries are removed first.
	c.forward(time.Minute)
	for n := range uint32(64 * 20) {
		table.Allow(address(1<<20 + n))
	}
	if n := table.Addresses(); n > most {
		t.Errorf("%d addresses are remembered", n)
	}
}

func TestConcurrentCallsAreCountedExactly(t *testing.T) {
	table, _ := table(t, throttle.Options{Rate: 1, Burst: 1000})
	var n atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { n.Add(int64(allowed(table, address(1), 500))) })
	}
	all.Wait()
	if n.Load() != 1000 {
		t.Errorf("%d calls", n.Load())
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for _, o := range []throttle.Options{
		{Rate: 1},
		{Now: time.Now},
		{Now: time.Now, Rate: -1},
		{Now: time.Now, Rate: math.NaN()},
		{Now: time.Now, Rate: math.Inf(1)},
		{Now: time.Now, Rate: 1, Burst: -1},
		{Now: time.Now, Rate: 1, Burst: throttle.MaxBurst + 1},
		{Now: time.Now, Rate: 1, MaxAddresses: -1},
		{Now: time.Now, Rate: 1e-9},
		{Now: time.Now, Rate: 1, Burst: 100_000},
	} {
		if _, err := throttle.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func BenchmarkAllow(b *testing.B) {
	table, err := throttle.New(throttle.Options{Rate: throttle.MaxRate, Burst: throttle.MaxBurst, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for n := uint32(0); pb.Next(); n++ {
			table.Allow(address(n % 1000))
		}
	})
}

func TestAFullTableKeepsThoseWhoCallMost(t *testing.T) {
	table, _ := table(t, throttle.Options{Rate: 1, Burst: 50, MaxAddresses: 640})
	busy := address(1)
	if n := allowed(table, busy, 100); n != 50 {
		t.Fatalf("%d calls", n)
	}
	for n := range uint32(100_000) {
		if !table.Allow(address(1<<20 + n)) {
			t.Fatalf("address %d was refused", n)
		}
	}
	if table.Allow(busy) {
		t.Error("a flood of other addresses freed the one that called most")
	}
}

// shared lets the first calls of all processes pass.
type shared struct {
	left int
	err  error
}

func (s *shared) Rate(_, _ string, _, _ time.Duration) (bool, error) {
	s.left--
	return s.left >= 0, s.err
}

func TestCallsToOtherProcessesCount(t *testing.T) {
	now := time.Unix(1000, 0)
	all := &shared{left: 3}
	table, err := throttle.New(throttle.Options{Rate: 1, Burst: 5, Now: func() time.Time { return now }, Shared: all, Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	allowed := func() (n int) {
		for range 10 {
			if table.Allow(netip.MustParseAddr("192.0.2.1")) {
				n++
			}
		}
		return n
	}
	if n := allowed(); n != 3 {
		t.Errorf("%d calls pass of 3 that all processes have left", n)
	}
	if all.left != -2 {
		t.Errorf("%d calls were counted for all processes, want those that this one allows", 3-all.left)
	}
	all.err, now = errors.New("away"), now.Add(time.Hour)
	if n := allowed(); n != 5 {
		t.Errorf("%d calls pass while nobody knows of other processes, want the limit of one", n)
	}
}

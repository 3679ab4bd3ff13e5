package bounded_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func TestAnEntryLivesUntilItExpires(t *testing.T) {
	m := bounded.New[string, int](2)
	m.Put("a", 1, after(10), noon)
	if v, ok := m.Get("a", after(9)); v != 1 || !ok {
		t.Error(v, ok)
	}
	if v, ok := m.Get("a", after(10)); v != 0 || ok {
		t.Error(v, ok)
	}
	m.Put("a", 2, noon, noon)
	if n := m.Len(); n != 0 {
		t.Errorf("%d entries after a value that had expired", n)
	}
}

func TestAFullMapEvictsTheEntryThatExpiresFirst(t *testing.T) {
	m := bounded.New[string, int](3)
	for key, value := range map[string]int{"late": 30, "early": 10, "middle": 20} {
		if _, full := m.Put(key, value, after(value), noon); full {
			t.Fatal("evicted with fewer than three entries")
		}
	}
	if evicted, full := m.Put("new", 40, after(40), noon); evicted != 10 || !full {
		t.Errorf("evicted %d, %v", evicted, full)
	}
	m.Put("middle", 50, after(50), noon)
	if evicted, full := m.Put("newer", 60, after(60), noon); evicted != 30 || !full {
		t.Errorf("evicted %d, %v: a new expiry counts", evicted, full)
	}
	if evicted, full := m.Put("short", 5, after(5), noon); evicted != 40 || !full {
		t.Errorf("evicted %d, %v: a new entry is never the one that goes", evicted, full)
	}
	if _, full := m.Put("last", 70, after(70), after(6)); full {
		t.Error("a live entry was evicted though one had expired")
	}
}

func TestUpdatePassesOnlyLiveValues(t *testing.T) {
	m := bounded.New[string, int](2)
	count := func(now time.Time) (seen int) {
		m.Update("a", now, func(n int, ok bool) (int, time.Time) {
			if ok != (n > 0) {
				t.Errorf("%d, %v", n, ok)
			}
			seen = n
			return n + 1, now.Add(10 * time.Second)
		})
		return seen
	}
	for want, now := range []time.Time{noon, after(1), after(10)} {
		if got := count(now); got != want {
			t.Errorf("saw %d, want %d", got, want)
		}
	}
	if got := count(after(20)); got != 0 {
		t.Errorf("Update passed the expired value %d", got)
	}
	m.Update("a", after(21), func(int, bool) (int, time.Time) { return 0, time.Time{} })
	if m.Len() != 0 {
		t.Error("not removed")
	}
}

func TestDeleteAndClear(t *testing.T) {
	m := bounded.New[int, int](10)
	for i := range 10 {
		m.Put(i, i, after(10-i), noon)
	}
	for _, i := range []int{3, 3, 9, 0, 77} {
		m.Delete(i)
	}
	if _, ok := m.Get(3, noon); ok || m.Len() != 7 {
		t.Errorf("%d entries", m.Len())
	}
	m.Clear()
	if _, ok := m.Get(4, noon); ok || m.Len() != 0 {
		t.Errorf("%d entries", m.Len())
	}
	m.Put(1, 1, after(1), noon)
	if v, ok := m.Get(1, noon); v != 1 || !ok {
		t.Error("a cleared map cannot be used again")
	}
}

func TestCapacitiesOutOfRangePanic(t *testing.T) {
	for _, n := range []int{-1, 0, 1 << 31} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d is taken", n)
				}
			}()
			bounded.New[int, int](n)
		}()
	}
}

func TestConcurrentUpdatesCountExactly(t *testing.T) {
	m := bounded.New[string, int](4)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 1000 {
				m.Update("shared", noon, func(n int, _ bool) (int, time.Time) { return n + 1, after(1000) })
				m.Put(strconv.Itoa(g*1000+i), i, after(1+i%100), noon)
				m.Get("shared", noon)
			}
		})
	}
	all.Wait()
	if n, _ := m.Get("shared", noon); n != 8000 || m.Len() != 4 {
		t.Errorf("counted %d of 8000, %d entries", n, m.Len())
	}
}

// model is a simple and slow implementation of Map.
type model struct {
	capacity int
	entries  map[byte]entry
}

type entry struct {
	value   int
	expires time.Time
}

// put reports whether a live entry must have been evicted, and when it would have expired.
func (m *model) put(key byte, e entry, now time.Time) (full bool, first time.Time) {
	for k, old := range m.entries {
		if !old.expires.After(now) {
			delete(m.entries, k)
		}
	}
	if _, known := m.entries[key]; !known && len(m.entries) == m.capacity {
		full = true
		for _, old := range m.entries {
			if first.IsZero() || old.expires.Before(first) {
				first = old.expires
			}
		}
	}
	m.entries[key] = e
	return full, first
}

// FuzzMap compares a Map with a model. Each step is three bytes: an operation, a key, and an amount.
func FuzzMap(f *testing.F) {
	f.Add([]byte("\x00a\x05\x00b\x03\x00c\x09\x00d\x01\x02\x00\x02\x01b\x00\x03c\x07"))
	f.Add([]byte("\x00\x01\xff\x00\x02\x01\x00\x03\x02\x00\x04\x03\x00\x05\x04\x02\x00\x03\x00\x06\x09\x00\x07\x08"))
	f.Fuzz(func(t *testing.T, steps []byte) {
		const capacity = 4
		m, want := bounded.New[byte, int](capacity), model{capacity, map[byte]entry{}}
		now := noon
		for n := 0; len(steps) >= 3; n++ {
			do, key, amount := steps[0]%4, steps[1]%8, time.Duration(steps[2]%16)*time.Second
			steps = steps[3:]
			switch do {
			case 0:
				// Expiries are all different, so that there is one entry to evict.
				e := entry{n, now.Add(amount + time.Second + time.Duration(n))}
				evicted, full := m.Put(key, n, e.expires, now)
				wantFull, first := want.put(key, e, now)
				if full != wantFull {
					t.Fatalf("step %d: full is %v", n, full)
				}
				for k, old := range want.entries {
					if full && old.expires.Equal(first) {
						if old.value != evicted {
							t.Fatalf("step %d: evicted %d, want %d", n, evicted, old.value)
						}
						delete(want.entries, k)
					}
				}
			case 1:
				m.Delete(key)
				delete(want.entries, key)
			case 2:
				now = now.Add(amount)
			case 3:
				m.Update(key, now, func(v int, ok bool) (int, time.Time) {
					e := want.entries[key]
					if alive := e.expires.After(now); ok != alive || ok && v != e.value {
						t.Fatalf("step %d: %d, %v", n, v, ok)
					}
					return 0, now
				})
				delete(want.entries, key)
			}
			for k := range byte(8) {
				e := want.entries[k]
				if v, ok := m.Get(k, now); ok != e.expires.After(now) || ok && v != e.value {
					t.Fatalf("step %d: key %d: %d, %v; want %v", n, k, v, ok, e)
				}
			}
			if m.Len() > capacity {
				t.Fatalf("%d entries", m.Len())
			}
		}
	})
}

// BenchmarkPut compares a full map of live entries with one that has room.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{1000, 250_000} {
		b.Run("full of "+strconv.Itoa(size), func(b *testing.B) {
			m := bounded.New[uint64, int](size)
			n := uint64(0)
			put := func() {
				n++
				// The keys are in scattered order, which is the worst case of the heap.
				m.Put(n, 0, noon.Add(time.Hour+time.Duration(n*0x9e3779b97f4a7c15>>40)), noon)
			}
			for range size {
				put()
			}
			b.ReportAllocs()
			for b.Loop() {
				put()
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	m := bounded.New[uint64, int](250_000)
	for n := range uint64(250_000) {
		m.Put(n, 0, after(10), noon)
	}
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		n++
		m.Get(n%250_000, noon)
	}
}

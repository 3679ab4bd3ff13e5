package bounded

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The fault that this excludes: a full table that is searched on each call, under its lock. The test counts steps, since times depend on
// the machine. Removing, adding and changing an entry each move at most one item through the heap, whose depth is log₂ of the size.
func TestTheWorkOfACallIsTheSameForAFullMapWhateverItsSize(t *testing.T) {
	start := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	for name, expiry := range map[string]func(i int) time.Duration{
		"each later than the one before":   func(i int) time.Duration { return time.Duration(i) * time.Millisecond },
		"each earlier than the one before": func(i int) time.Duration { return time.Hour*24 - time.Duration(i)*time.Millisecond },
		"all at once":                      func(int) time.Duration { return time.Hour },
		"in any order":                     func(int) time.Duration { return time.Duration(1 + random.Int64N(int64(time.Hour))) },
	} {
		for depth, capacity := range map[int]int{7: 100, 11: 2_000, 18: 200_000} {
			m := New[int, int](capacity)
			for i := range capacity {
				m.Put(i, i, start.Add(time.Minute+expiry(i)), start)
			}
			most := 0
			for i := capacity; i < capacity+20_000; i++ {
				before := m.steps
				if _, full := m.Put(i, i, start.Add(time.Minute+expiry(i)), start); !full {
					t.Fatalf("%s: the map of %d entries was not full", name, capacity)
				}
				most = max(most, m.steps-before)
				before = m.steps
				m.Update(i, start, func(v int, _ bool) (int, time.Time) { return v, start.Add(time.Minute + expiry(i+1)) })
				most = max(most, m.steps-before)
			}
			if m.Len() != capacity || most > 2*(depth+2) {
				t.Errorf("%s: a call takes up to %d steps with %d entries", name, most, m.Len())
			}
			// Everything has expired: what is removed meanwhile is bounded, too.
			before := m.steps
			m.Put(-1, 0, start.Add(time.Hour*100), start.Add(time.Hour*50))
			if n := m.steps - before; n > 3*(depth+2) || m.Len() != capacity-1 {
				t.Errorf("%s: a call that finds %d expired entries takes %d steps and leaves %d", name, capacity, n, m.Len())
			}
		}
	}
}

package observe

import "sync/atomic"

// linesPerSecond bounds the lines about refusals of one outcome on one route.
const linesPerSecond = 10

// Sampler takes a fixed number of events a second and counts the others. It uses no lock and may take a few more events when
// the second changes.
type Sampler struct {
	second, count, skipped atomic.Int64
}

// Take reports whether it takes the event, and how many events it has skipped since the last one that it took.
func (s *Sampler) Take(second int64) (skipped int64, ok bool) {
	if last := s.second.Load(); last != second && s.second.CompareAndSwap(last, second) {
		s.count.Store(0)
	}
	if s.count.Add(1) > linesPerSecond {
		s.skipped.Add(1)
		return 0, false
	}
	return s.skipped.Swap(0), true
}

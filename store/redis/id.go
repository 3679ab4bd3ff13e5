package redis

import (
	"strconv"
	"strings"
	"sync"
)

// start is the id that sorts before those of all entries.
const start = "0-0"

// written returns when Redis added the entry, in milliseconds by Redis's clock. It is the first half of the id.
func written(id string) (int64, bool) {
	ms, _, ok := parseID(id)
	return ms, ok
}

// parseID parses an id, "<milliseconds>-<sequence>".
func parseID(id string) (ms, sequence int64, ok bool) {
	first, second, ok := strings.Cut(id, "-")
	if !ok {
		return 0, 0, false
	}
	ms, err := strconv.ParseInt(first, 10, 64)
	if err != nil || ms < 0 {
		return 0, 0, false
	}
	sequence, err = strconv.ParseInt(second, 10, 64)
	return ms, sequence, err == nil && sequence >= 0
}

// before reports whether the id a sorts before the id b.
func before(a, b string) bool {
	ms1, sequence1, _ := parseID(a)
	ms2, sequence2, _ := parseID(b)
	return ms1 < ms2 || ms1 == ms2 && sequence1 < sequence2
}

// span is the oldest and the newest id of some entries. Both are empty if there are none.
type span struct{ first, last string }

func (s *span) add(id string) {
	if s.first == "" || before(id, s.first) {
		s.first = id
	}
	if s.last == "" || before(s.last, id) {
		s.last = id
	}
}

// acked is the span of the entries that Redis acknowledged. Two goroutines add to it and the reader takes from it.
type acked struct {
	mu sync.Mutex
	span
}

func (a *acked) add(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.span.add(id)
}

// take returns the span and resets it.
func (a *acked) take() span {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.span
	a.span = span{}
	return taken
}

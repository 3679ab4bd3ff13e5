package gatemetrics

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Counters caches counters by their label values, because WithLabelValues hashes the values and takes a lock. There are few
// label values, so the map is soon complete and no longer copied.
type Counters[K comparable] struct {
	last  atomic.Pointer[counted[K]] // most requests end as the one before did
	known atomic.Pointer[map[K]*counted[K]]
	mu    sync.Mutex // of writers
}

type counted[K comparable] struct {
	key     K
	counter prometheus.Counter
}

// Get returns the counter of a key; false if there is none yet.
func (c *Counters[K]) Get(key K) (prometheus.Counter, bool) {
	if last := c.last.Load(); last != nil && last.key == key {
		return last.counter, true
	}
	known := c.known.Load()
	if known == nil {
		return nil, false
	}
	found, ok := (*known)[key]
	if !ok {
		return nil, false
	}
	c.last.Store(found)
	return found.counter, true
}

// Put keeps the counter of a key.
func (c *Counters[K]) Put(key K, counter prometheus.Counter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[K]*counted[K]{key: {key, counter}}
	if known := c.known.Load(); known != nil {
		maps.Copy(next, *known)
	}
	c.known.Store(&next)
}

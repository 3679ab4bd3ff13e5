package userpool

import (
	"sync"
	"time"
)

// cache keeps records that every request needs and that seldom change. An entry is used for a fixed time; a writer in this
// process drops it at once. A load that began before a drop is not kept, so a reader cannot bring back what a writer has
// replaced.
type cache[V any] struct {
	now func() time.Time
	ttl time.Duration
	max int

	mu      sync.RWMutex
	entries map[string]cached[V]
	drops   uint64 // counts drops
}

type cached[V any] struct {
	value V
	until time.Time
}

func newCache[V any](now func() time.Time, ttl time.Duration, limit int) *cache[V] {
	return &cache[V]{now: now, ttl: ttl, max: limit, entries: map[string]cached[V]{}}
}

// get returns the entry, or loads it. It does not keep errors.
func (c *cache[V]) get(key string, load func() (V, error)) (V, error) {
	now := c.now()
	c.mu.RLock()
	e, ok := c.entries[key]
	drops := c.drops
	c.mu.RUnlock()
	if ok && now.Before(e.until) {
		return e.value, nil
	}
	v, err := load()
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops == drops {
		c.evict(now)
		c.entries[key] = cached[V]{v, now.Add(c.ttl)}
	}
	return v, nil
}

// evict makes room: it removes expired entries first, then any.
func (c *cache[V]) evict(now time.Time) {
	if len(c.entries) < c.max {
		return
	}
	for k, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, k)
		}
	}
	for k := range c.entries {
		if len(c.entries) < c.max {
			return
		}
		delete(c.entries, k)
	}
}

// drop removes the entry.
func (c *cache[V]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	delete(c.entries, key)
}

// clear removes all entries.
func (c *cache[V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	clear(c.entries)
}

package userpool

import (
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

// cache keeps records that every request needs and that seldom change. An entry is used for a fixed time; a writer in this
// process drops it at once. A load that began before a drop is not kept, so a reader cannot bring back what a writer has
// replaced.
type cache[V any] struct {
	now     func() time.Time
	ttl     time.Duration
	entries *bounded.Map[string, V]

	mu    sync.Mutex
	drops uint64 // counts drops
}

func newCache[V any](now func() time.Time, ttl time.Duration, limit int) *cache[V] {
	return &cache[V]{now: now, ttl: ttl, entries: bounded.New[string, V](limit)}
}

// get returns the entry, or loads it. It does not keep errors.
func (c *cache[V]) get(key string, load func() (V, error)) (V, error) {
	now := c.now()
	if v, ok := c.entries.Get(key, now); ok {
		return v, nil
	}
	c.mu.Lock()
	drops := c.drops
	c.mu.Unlock()
	v, err := load()
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops == drops {
		c.entries.Put(key, v, now.Add(c.ttl), now)
	}
	return v, nil
}

// drop removes the entry.
func (c *cache[V]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.entries.Delete(key)
}

// clear removes all entries.
func (c *cache[V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.entries.Clear()
}

package identitypool

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
)

// Limits of the cache of identities.
const (
	identityBytes = 16 << 20
	// identityFor is how long an identity is cached. Writes of this process are visible at once, those of another process on
	// the same store after this time.
	identityFor = 2 * time.Second
)

// identityCache caches identities, because most clients request credentials repeatedly.
type identityCache struct {
	known  *token.Cache[*store.Identity]
	writes atomic.Uint64
}

func newIdentityCache() (*identityCache, error) {
	known, err := token.NewCache[*store.Identity](token.CacheOptions{MaxBytes: identityBytes})
	return &identityCache{known: known}, err
}

// get returns the identity from the cache or from read. The result is shared and must not be changed.
//
// A read that overlaps a write must not leave an old value in the cache: a writer increments the count before it removes the
// entry, and a reader compares the count after it has stored its value.
func (c *identityCache) get(ctx context.Context, id string, now time.Time, read func(context.Context, string) (store.Identity, error)) (*store.Identity, error) {
	key := c.known.Key(id)
	if identity, outcome, _ := c.known.Get(key, now); outcome == token.Hit { // the cache holds no refusals
		return identity, nil
	}
	count := c.writes.Load()
	identity, err := read(ctx, id)
	if err != nil {
		return nil, err
	}
	c.known.Put(key, &identity, sizeOf(&identity), now.Add(identityFor))
	if c.writes.Load() != count {
		c.known.Remove(key)
	}
	return &identity, nil
}

// forget removes identities that were just written.
func (c *identityCache) forget(ids ...string) {
	c.writes.Add(1)
	for _, id := range ids {
		c.known.Remove(c.known.Key(id))
	}
}

// forgetAll empties the cache, after a pool was deleted with its identities.
func (c *identityCache) forgetAll() {
	c.writes.Add(1)
	c.known.Purge()
}

// sizeOf estimates the bytes of memory that an identity holds.
func sizeOf(i *store.Identity) int {
	n := int(unsafe.Sizeof(*i)) + len(i.PoolID) + len(i.ID)
	for _, l := range i.Logins {
		n += int(unsafe.Sizeof(l)) + len(l.Provider) + len(l.Subject)
	}
	return n
}

package identitypool

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
)

// Bounds of what is remembered of identities.
const (
	identityBytes = 16 << 20
	// identityFor is how long an identity is remembered. Writes in this process show at once; those of another process on
	// the same store show when this is over.
	identityFor = 2 * time.Second
)

// identityCache remembers identities between calls, since most clients ask for credentials again and again.
type identityCache struct {
	known  *token.Cache[*store.Identity]
	writes atomic.Uint64
}

func newIdentityCache() (*identityCache, error) {
	known, err := token.NewCache[*store.Identity](token.CacheOptions{MaxBytes: identityBytes})
	return &identityCache{known: known}, err
}

// get returns the identity, from memory or by read. What get returns is shared and must not be changed.
//
// A read that overlaps a write must not leave what it read before: whoever writes counts first and forgets then, and
// whoever reads compares the count after it has remembered.
func (c *identityCache) get(ctx context.Context, id string, now time.Time, read func(context.Context, string) (store.Identity, error)) (*store.Identity, error) {
	key := c.known.Key(id)
	if identity, outcome, _ := c.known.Get(key, now); outcome == token.Hit { // refusals are never put
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

// forget drops what is known of identities that were just written.
func (c *identityCache) forget(ids ...string) {
	c.writes.Add(1)
	for _, id := range ids {
		c.known.Remove(c.known.Key(id))
	}
}

// forgetAll drops everything: a pool went, with its identities.
func (c *identityCache) forgetAll() {
	c.writes.Add(1)
	c.known.Purge()
}

// sizeOf is about how many bytes an identity keeps alive.
func sizeOf(i *store.Identity) int {
	n := int(unsafe.Sizeof(*i)) + len(i.PoolID) + len(i.ID)
	for _, l := range i.Logins {
		n += int(unsafe.Sizeof(l)) + len(l.Provider) + len(l.Subject)
	}
	return n
}

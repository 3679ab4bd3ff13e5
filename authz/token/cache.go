package token

import (
	"crypto/rand"
	"fmt"
	"io"
	"time"
	"unsafe"
)

// Default limits of a Cache, in bytes.
const (
	DefaultCacheBytes    = 64 << 20
	DefaultNegativeBytes = 4 << 20
)

// CacheOptions are the limits of a Cache.
type CacheOptions struct {
	MaxBytes         int64 // for accepted tokens, including overhead; 0 means DefaultCacheBytes
	NegativeMaxBytes int64 // for refused tokens, including overhead; 0 means DefaultNegativeBytes
	// FirstSight is how many bytes of accepted tokens the cache keeps when it sees them for the first time. Beyond it, a
	// token is kept when it is put for the second time, so that tokens that are used once do not fill memory. 0 means
	// MaxBytes.
	FirstSight int64
	Rand       io.Reader // for the hash key; nil means crypto/rand.Reader
}

// Cache remembers the results of verifying tokens, each until a given time. Accepted and refused tokens have separate
// limits, so that refused tokens never evict accepted ones. Reads take no lock and seldom write to shared memory. A full
// cache evicts entries that were not read recently (CLOCK).
//
// Use a Cache with one Verifier only: another Verifier may refuse what this one accepts. A value must say under which
// Verifier.Generation it was verified; the caller compares it.
//
// V is what the caller derives from a token, such as a principal. If the value also depends on other things, such as
// policies or revocations, the caller must check those itself or call Purge when they change.
type Cache[V any] struct {
	keyer keyer
	good  partition[V]
	bad   partition[error]
}

// Outcome is the result of a lookup in a Cache.
type Outcome uint8

// The outcomes.
const (
	Miss    Outcome = iota // nothing
	Hit                    // it was accepted; the value is valid
	Refused                // it was refused; the error is valid
)

// NewCache returns an empty Cache.
func NewCache[V any](o CacheOptions) (*Cache[V], error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultCacheBytes
	}
	if o.NegativeMaxBytes == 0 {
		o.NegativeMaxBytes = DefaultNegativeBytes
	}
	if o.FirstSight == 0 {
		o.FirstSight = o.MaxBytes
	}
	if o.MaxBytes < 0 || o.NegativeMaxBytes < 0 || o.FirstSight < 0 {
		return nil, fmt.Errorf("token: cache limits of %d, %d and %d bytes must not be negative", o.MaxBytes, o.NegativeMaxBytes, o.FirstSight)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	c := &Cache[V]{}
	if err := c.keyer.init(o.Rand); err != nil {
		return nil, err
	}
	c.good.init(o.MaxBytes, o.FirstSight)
	c.bad.init(o.NegativeMaxBytes, o.NegativeMaxBytes)
	return c, nil
}

// Key hashes a token. Check the token's length before.
func (c *Cache[V]) Key(raw string) CacheKey { return c.keyer.sum(raw) }

// Get returns a value with Hit, an error with Refused, or Miss. Expired entries are misses.
func (c *Cache[V]) Get(key CacheKey, now time.Time) (value V, outcome Outcome, err error) {
	at := now.UnixNano()
	if e := c.good.get(&key, at); e != nil {
		return e.value, Hit, nil
	}
	if e := c.bad.get(&key, at); e != nil {
		return value, Refused, e.value
	}
	return value, Miss, nil
}

// Put remembers an accepted token until expires. size is the number of bytes that value keeps alive. An entry larger than
// its shard's limit is not kept, nor is one that CacheOptions.FirstSight excludes.
func (c *Cache[V]) Put(key CacheKey, value V, size int, expires time.Time) {
	c.good.put(key, value, int64(size), expires.UnixNano())
}

// PutNegative remembers a refused token until expires. Choose a time a few seconds ahead, because a token can become valid.
// err should be a shared value, as the errors of Verifier are.
func (c *Cache[V]) PutNegative(key CacheKey, err error, expires time.Time) {
	c.bad.put(key, err, 0, expires.UnixNano())
}

// Remove removes one token.
func (c *Cache[V]) Remove(key CacheKey) {
	c.good.remove(&key)
	c.bad.remove(&key)
}

// Purge removes all tokens.
func (c *Cache[V]) Purge() {
	c.good.purge()
	c.bad.purge()
}

// CacheStats describes the content of a Cache.
type CacheStats struct {
	Entries, Bytes, Evictions                         int64 // accepted tokens
	NegativeEntries, NegativeBytes, NegativeEvictions int64
}

// Stats returns the current statistics. It locks each shard for a moment.
func (c *Cache[V]) Stats() (s CacheStats) {
	s.Entries, s.Bytes, s.Evictions = c.good.stats()
	s.NegativeEntries, s.NegativeBytes, s.NegativeEvictions = c.bad.stats()
	return s
}

// entryBytes is the size of an entry without its value: the struct, three places in the table on average, and up to two in
// the ring, both of which grow by doubling.
func entryBytes[V any]() int64 {
	return int64(unsafe.Sizeof(entry[V]{})) + 3*8 + 2*8
}

package token

import (
	"crypto/rand"
	"fmt"
	"io"
	"time"
	"unsafe"
)

// Default bounds of a Cache, in bytes.
const (
	DefaultCacheBytes    = 64 << 20
	DefaultNegativeBytes = 4 << 20
)

// CacheOptions bound a Cache.
type CacheOptions struct {
	MaxBytes         int64     // all entries of good tokens together, overhead included; 0 means DefaultCacheBytes
	NegativeMaxBytes int64     // all entries of refused tokens together; 0 means DefaultNegativeBytes
	Rand             io.Reader // for the hash key; nil means crypto/rand.Reader
}

// Cache remembers what a token turned out to be until a moment given with it. Good and refused tokens lie in two
// partitions of their own bounds: refused ones never push out good ones. Reading takes no lock and writes no memory
// that other cores read, other than one mark per entry and round of the eviction. When a partition is full, the entries
// that were not read since the last round go first.
//
// A Cache belongs to one Verifier: another one may refuse what this one accepts.
//
// It is generic so that whoever maps tokens to principals keeps the principal. What an entry's value depends on besides
// the token (policies, revocations) is for the owner to compare, or to Purge.
type Cache[V any] struct {
	keyer keyer
	good  partition[V]
	bad   partition[error]
}

// Outcome says what a Cache knows about a token.
type Outcome uint8

// The outcomes.
const (
	Miss    Outcome = iota // nothing
	Hit                    // it is good: the value is valid
	Refused                // it was refused: the error is valid
)

// NewCache makes a Cache.
func NewCache[V any](o CacheOptions) (*Cache[V], error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultCacheBytes
	}
	if o.NegativeMaxBytes == 0 {
		o.NegativeMaxBytes = DefaultNegativeBytes
	}
	if o.MaxBytes < 0 || o.NegativeMaxBytes < 0 {
		return nil, fmt.Errorf("token: cache bounds of %d and %d bytes", o.MaxBytes, o.NegativeMaxBytes)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	c := &Cache[V]{}
	if err := c.keyer.init(o.Rand); err != nil {
		return nil, err
	}
	c.good.init(o.MaxBytes)
	c.bad.init(o.NegativeMaxBytes)
	return c, nil
}

// Key hashes a token; once per request, whatever is asked afterwards. Check the token's length before.
func (c *Cache[V]) Key(raw string) CacheKey { return c.keyer.sum(raw) }

// Get returns what is known: the value with Hit, the error with Refused. An entry whose time is over is a Miss.
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

// Put remembers a good token until expires. size is how many bytes value keeps alive; an entry that alone is larger than
// its share of the bound is not kept.
func (c *Cache[V]) Put(key CacheKey, value V, size int, expires time.Time) {
	c.good.put(key, value, int64(size), expires.UnixNano())
}

// PutNegative remembers a refusal until expires, which should be seconds ahead: a token can become valid. err should be
// a shared value, as the Verifier's are.
func (c *Cache[V]) PutNegative(key CacheKey, err error, expires time.Time) {
	c.bad.put(key, err, 0, expires.UnixNano())
}

// Remove forgets one token.
func (c *Cache[V]) Remove(key CacheKey) {
	c.good.remove(&key)
	c.bad.remove(&key)
}

// Purge forgets everything.
func (c *Cache[V]) Purge() {
	c.good.purge()
	c.bad.purge()
}

// CacheStats is a Cache's account.
type CacheStats struct {
	Entries, Bytes, Evictions                         int64 // good tokens
	NegativeEntries, NegativeBytes, NegativeEvictions int64
}

// Stats adds up the account; it takes each shard's lock for a moment.
func (c *Cache[V]) Stats() (s CacheStats) {
	s.Entries, s.Bytes, s.Evictions = c.good.stats()
	s.NegativeEntries, s.NegativeBytes, s.NegativeEvictions = c.bad.stats()
	return s
}

// entryBytes is what an entry costs beyond its value: itself, two to four places in the table (three on average) and
// up to two in the ring, which grow by doubling.
func entryBytes[V any]() int64 {
	return int64(unsafe.Sizeof(entry[V]{})) + 3*8 + 2*8
}

package sigv4

import (
	"crypto/subtle"
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// KeyCache caches signing keys, each of which takes four HMACs to derive. It has a fixed number of slots, overwrites old keys
// with new ones, and takes no lock. It is safe for concurrent use.
type KeyCache struct {
	slots []atomic.Pointer[cachedKey] // a power of two; a key is in one of the two slots of a pair
	seed  maphash.Seed
}

// keySource is what a signing key is derived from.
type keySource struct{ secret, day, region, service string }

// cachedKey is a signing key with its source. The source includes the secret, so a changed or guessed secret of the same access
// key misses the cache.
type cachedKey struct {
	source keySource
	key    *signingKey
}

// NewKeyCache returns a cache with room for at least n signing keys, but at most 1,048,576. There is one signing key for each
// access key, region, service and day.
func NewKeyCache(n int) *KeyCache {
	size := 2
	for size < n && size < 1<<20 {
		size *= 2
	}
	return &KeyCache{slots: make([]atomic.Pointer[cachedKey], size), seed: maphash.MakeSeed()}
}

// get returns the signing key, and keeps it if the cache does not have it.
func (c *KeyCache) get(secret, day, region, service string) *signingKey {
	source := keySource{secret, day, region, service}
	key := c.find(source)
	if key == nil {
		key = source.derive()
		c.keep(source, key)
	}
	return key
}

// find returns the signing key, nil if the cache does not have it or is nil.
func (c *KeyCache) find(source keySource) *signingKey {
	if c == nil {
		return nil
	}
	pair := maphash.Comparable(c.seed, source) & uint64(len(c.slots)-1) &^ 1
	for way := range uint64(2) {
		if k := c.slots[pair+way].Load(); k != nil && k.source.equal(source) {
			return k.key
		}
	}
	return nil
}

func (s keySource) derive() *signingKey { return deriveKey(s.secret, s.day, s.region, s.service) }

// equal reports whether s and t are equal. It compares the secrets in constant time.
func (s keySource) equal(t keySource) bool {
	return s.day == t.day && s.region == t.region && s.service == t.service &&
		subtle.ConstantTimeCompare([]byte(s.secret), []byte(t.secret)) == 1
}

// keep stores a key in one of the two slots of its pair.
func (c *KeyCache) keep(source keySource, key *signingKey) {
	if c == nil {
		return
	}
	k := &cachedKey{
		// The strings may be parts of large headers, which the cache must not retain.
		source: keySource{strings.Clone(source.secret), strings.Clone(source.day), strings.Clone(source.region), strings.Clone(source.service)},
		key:    key,
	}
	sum := maphash.Comparable(c.seed, source)
	pair, way := sum&uint64(len(c.slots)-1)&^1, sum>>63
	if c.slots[pair].Load() == nil {
		way = 0
	} else if c.slots[pair+1].Load() == nil {
		way = 1
	}
	c.slots[pair+way].Store(k)
}

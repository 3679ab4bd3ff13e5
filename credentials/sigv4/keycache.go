package sigv4

import (
	"crypto/subtle"
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// KeyCache remembers signing keys, which cost four HMACs each. It holds a fixed number and forgets by overwriting; reads
// and writes take no lock. It is safe for concurrent use.
type KeyCache struct {
	slots []atomic.Pointer[cachedKey] // a power of two, in pairs: a key lies in either slot of its pair
	seed  maphash.Seed
}

// keySource is what a signing key is derived from.
type keySource struct{ secret, day, region, service string }

// cachedKey is a signing key with its source. Because the source includes the secret, a changed or guessed secret under the
// same access key misses.
type cachedKey struct {
	source keySource
	key    *signingKey
}

// NewKeyCache returns a cache of at least n signing keys, at most 1,048,576. One key serves one access key, region and
// service for a day.
func NewKeyCache(n int) *KeyCache {
	size := 2
	for size < n && size < 1<<20 {
		size *= 2
	}
	return &KeyCache{slots: make([]atomic.Pointer[cachedKey], size), seed: maphash.MakeSeed()}
}

// get returns the signing key, deriving it if need be. A nil cache derives each time.
func (c *KeyCache) get(secret, day, region, service string) *signingKey {
	if c == nil {
		return deriveKey(secret, day, region, service)
	}
	source := keySource{secret, day, region, service}
	sum := maphash.Comparable(c.seed, source)
	pair := sum & uint64(len(c.slots)-1) &^ 1
	for way := range uint64(2) {
		if k := c.slots[pair+way].Load(); k != nil && k.source.equal(source) {
			return k.key
		}
	}
	return c.add(sum, pair, source)
}

// equal compares the secrets in constant time.
func (s keySource) equal(t keySource) bool {
	return s.day == t.day && s.region == t.region && s.service == t.service &&
		subtle.ConstantTimeCompare([]byte(s.secret), []byte(t.secret)) == 1
}

// add derives a key and stores it in one of the two slots of the pair.
func (c *KeyCache) add(sum, pair uint64, source keySource) *signingKey {
	k := &cachedKey{
		// Clone the strings: they may be parts of large headers.
		source: keySource{strings.Clone(source.secret), strings.Clone(source.day), strings.Clone(source.region), strings.Clone(source.service)},
		key:    deriveKey(source.secret, source.day, source.region, source.service),
	}
	way := sum >> 63
	if c.slots[pair].Load() == nil {
		way = 0
	} else if c.slots[pair+1].Load() == nil {
		way = 1
	}
	c.slots[pair+way].Store(k)
	return k.key
}

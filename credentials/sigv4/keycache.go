package sigv4

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// KeyCache remembers signing keys, which cost four HMACs each. It holds a fixed number and forgets by overwriting; reads
// and writes take no lock. It is safe for concurrent use.
type KeyCache struct {
	seed  maphash.Seed
	slots []atomic.Pointer[cachedKey] // a power of two, in pairs: a key lies in either slot of its pair
}

// cachedKey is a signing key with all that it was made from. Comparing the secret itself makes a changed or guessed
// secret under the same access key miss.
type cachedKey struct {
	secret, scope string
	key           *signingKey
}

// NewKeyCache returns a cache of at least n signing keys, at most 1,048,576. One key serves one access key, region and
// service for a day.
func NewKeyCache(n int) *KeyCache {
	size := 2
	for size < n && size < 1<<20 {
		size *= 2
	}
	return &KeyCache{seed: maphash.MakeSeed(), slots: make([]atomic.Pointer[cachedKey], size)}
}

// get returns the signing key, deriving it if need be. The scope is "date/region/service/aws4_request". A nil cache
// derives each time.
func (c *KeyCache) get(secret, scope, date, region, service string) *signingKey {
	if c == nil {
		return deriveKey(secret, date, region, service)
	}
	sum := maphash.String(c.seed, secret) + spread(scope)
	pair := sum & uint64(len(c.slots)-1) &^ 1
	for way := range uint64(2) {
		k := c.slots[pair+way].Load()
		if k != nil && k.scope == scope && sameSecret(k.secret, secret) {
			return k.key
		}
	}
	k := &cachedKey{
		// The caller's strings may be parts of large headers; keep copies of what is needed only.
		secret: strings.Clone(secret), scope: strings.Clone(scope),
		key: deriveKey(secret, date, region, service),
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

// spread sets the keys of one secret apart by the scope's day and the end of its service. Nobody gains from choosing a scope,
// which Options bound, so it need not be a keyed hash.
func spread(scope string) uint64 {
	end := len(scope) - len("/"+terminator)
	if end < 8 {
		return 0
	}
	return (word(scope) + word(scope[end-8:])) * 0x9e3779b97f4a7c15
}

// sameSecret compares two secrets in a time that depends on their lengths only: as crypto/subtle does, but by words.
func sameSecret(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	differ := uint64(0)
	for ; len(a) >= 8 && len(b) >= 8; a, b = a[8:], b[8:] {
		differ |= word(a) ^ word(b)
	}
	for i := 0; i < len(a) && i < len(b); i++ {
		differ |= uint64(a[i] ^ b[i])
	}
	return differ == 0
}

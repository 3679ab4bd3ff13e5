package sigv4

import (
	"strings"
	"sync/atomic"
)

// KeyCache remembers signing keys, which cost four HMACs each. It holds a fixed number and forgets by overwriting; reads
// and writes take no lock. It is safe for concurrent use.
type KeyCache struct {
	slots []atomic.Pointer[cachedKey] // a power of two, in pairs: a key lies in either slot of its pair
}

// cachedKey is a signing key with all that it was made from. Comparing the secret itself makes a changed or guessed
// secret under the same access key miss.
type cachedKey struct {
	secret, day, region, service string
	key                          *signingKey
}

// NewKeyCache returns a cache of at least n signing keys, at most 1,048,576. One key serves one access key, region and
// service for a day.
func NewKeyCache(n int) *KeyCache {
	size := 2
	for size < n && size < 1<<20 {
		size *= 2
	}
	return &KeyCache{slots: make([]atomic.Pointer[cachedKey], size)}
}

// get returns the signing key, deriving it if need be. A nil cache derives each time.
func (c *KeyCache) get(secret, day, region, service string) *signingKey {
	if c == nil {
		return deriveKey(secret, day, region, service)
	}
	sum := spread(secret, day, region, service)
	pair := sum & uint64(len(c.slots)-1) &^ 1
	for way := range uint64(2) {
		k := c.slots[pair+way].Load()
		if k != nil && k.day == day && k.region == region && k.service == service && sameSecret(k.secret, secret) {
			return k.key
		}
	}
	return c.add(sum, pair, secret, day, region, service)
}

// add derives a key and keeps it in one of the two slots.
//
//go:noinline
func (c *KeyCache) add(sum, pair uint64, secret, day, region, service string) *signingKey {
	k := &cachedKey{
		// The caller's strings may be parts of large headers; keep copies of what is needed only.
		secret: strings.Clone(secret), day: strings.Clone(day), region: strings.Clone(region), service: strings.Clone(service),
		key: deriveKey(secret, day, region, service),
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

// spread sets keys apart. Secrets are random and Options bound the scope, so nobody chooses what is hashed here and this need
// not be a good hash.
func spread(secret, day, region, service string) uint64 {
	sum := uint64(len(region)<<8|len(service)) ^ uint64(len(secret))<<16
	if len(secret) >= 16 {
		sum ^= word(secret) ^ word(secret[8:])*0xff51afd7ed558ccd
	}
	if len(region) >= 8 { // all of "us-east-1" but its digit
		sum += word(region) * 0xc4ceb9fe1a85ec53
	}
	if day != "" && region != "" && service != "" {
		sum = sum<<24 | sum>>40 ^ uint64(day[len(day)-1])<<16 ^ uint64(region[len(region)-1])<<8 ^ uint64(service[len(service)-1])
	}
	sum *= 0x9e3779b97f4a7c15
	return sum ^ sum>>32
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

package seal

import (
	"crypto/subtle"
	"fmt"
	"maps"
)

// MACSize is the length of a MAC in bytes.
const MACSize = 32

// MAC returns a keyed hash of the parts with the current key. The parts are delimited: ("ab", "c") and ("a", "bc") have
// different MACs.
//
// After the master key has been replaced, a stored MAC is that of an old key. Look it up with each of MACs, or compare it with
// MatchMAC.
func (b *Box) MAC(purpose string, parts ...[]byte) [MACSize]byte {
	return b.now.Load().keys[0].purpose(purpose).mac(parts)
}

// MACs returns the MAC of the parts with each key, the current key first.
func (b *Box) MACs(purpose string, parts ...[]byte) [][MACSize]byte {
	set := b.now.Load()
	all := make([][MACSize]byte, len(set.keys))
	for i, r := range set.keys {
		all[i] = r.purpose(purpose).mac(parts)
	}
	return all
}

// MatchMAC reports whether mac is the MAC of the parts with any key of the Box. It compares in constant time.
func (b *Box) MatchMAC(mac []byte, purpose string, parts ...[]byte) bool {
	match := 0
	for _, r := range b.now.Load().keys {
		sum := r.purpose(purpose).mac(parts)
		match |= subtle.ConstantTimeCompare(sum[:], mac)
	}
	return match == 1
}

// Derive returns a key of n bytes, 1 to 8160, for the purpose. It is derived from the current master key and changes with it, so
// it is suitable for data that can be rebuilt, such as caches.
func (b *Box) Derive(purpose string, n int) ([]byte, error) {
	if n < 1 || n > 255*MACSize {
		return nil, fmt.Errorf("seal: cannot derive a key of %d bytes; use 1 to 8160", n)
	}
	return b.now.Load().keys[0].key.derive("derive", purpose, n), nil
}

// Pin sets the key of PinnedMAC for a purpose, KeySize bytes. See MACKey.
func (b *Box) Pin(purpose string, key []byte) error {
	if len(key) != KeySize {
		return fmt.Errorf("seal: the pinned key of %q has %d bytes, not %d", purpose, len(key), KeySize)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	next := maps.Clone(*b.pinned.Load())
	next[purpose] = newPurposeKeys(key, key) // seals nothing
	b.pinned.Store(&next)
	return nil
}

// PinnedMAC is MAC for values that must outlive the master key: with the key that Pin set for the purpose, else with the current
// master key.
func (b *Box) PinnedMAC(purpose string, parts ...[]byte) [MACSize]byte {
	if p := (*b.pinned.Load())[purpose]; p != nil {
		return p.mac(parts)
	}
	return b.MAC(purpose, parts...)
}

// MACKey returns the key with which MAC hashes for a purpose now, KeySize bytes. It is a secret. Pinned, it keeps the MACs of the
// purpose as they are when the master key is replaced.
func (b *Box) MACKey(purpose string) []byte {
	return b.now.Load().keys[0].key.derive("mac", purpose, KeySize)
}

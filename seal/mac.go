package seal

import (
	"crypto/subtle"
	"fmt"
)

// MACSize is the length of a MAC in bytes.
const MACSize = 32

// MAC is a keyed hash of the parts under the current key. Parts are told apart: ("ab", "c") and ("a", "bc") differ.
//
// A MAC that is stored outlives its key when the master key is replaced; look such a one up by each of MACs, or compare
// with MatchMAC.
func (b *Box) MAC(purpose string, parts ...[]byte) [MACSize]byte {
	return b.keys[0].purpose(purpose).mac(parts)
}

// MACs gives the MAC under each key, the current one first: the values under which something stored may be found.
func (b *Box) MACs(purpose string, parts ...[]byte) [][MACSize]byte {
	all := make([][MACSize]byte, len(b.keys))
	for i, r := range b.keys {
		all[i] = r.purpose(purpose).mac(parts)
	}
	return all
}

// MatchMAC reports, in constant time for each key, whether mac is the MAC of the parts under any key of the Box.
func (b *Box) MatchMAC(mac []byte, purpose string, parts ...[]byte) bool {
	match := 0
	for _, r := range b.keys {
		sum := r.purpose(purpose).mac(parts)
		match |= subtle.ConstantTimeCompare(sum[:], mac)
	}
	return match == 1
}

// Derive returns n bytes of key for the purpose from the current master key, 1 to 8160. They change when the current key
// does, so they suit what may be rebuilt, such as a node's cache keys.
func (b *Box) Derive(purpose string, n int) ([]byte, error) {
	if n < 1 || n > 255*MACSize {
		return nil, fmt.Errorf("seal: a key of %d bytes cannot be derived", n)
	}
	return b.keys[0].key.derive("derive", purpose, n), nil
}

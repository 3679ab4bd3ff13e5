package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"
)

// A sealed message consists of a format (1 byte), a key ID (4 bytes, big endian), a nonce (24 bytes) and the ciphertext with its
// tag (16 bytes more than the plaintext). Format and key ID are not authenticated: a changed one selects another key or none.
const (
	formatXChaCha = 1
	headerSize    = 1 + 4
	nonceSize     = chacha20poly1305.NonceSizeX

	// Overhead is the difference in bytes between the length of a sealed message and that of its plaintext.
	Overhead = headerSize + nonceSize + chacha20poly1305.Overhead
)

// ErrOpen means that a message was not sealed with one of the keys of the Box for this purpose and additional data. It does not
// say which of them is wrong, which would only help a forger.
var ErrOpen = errors.New("seal: message does not open")

// Options are the options of New.
type Options struct {
	Keys []Key     // at least one: the first seals, all of them open
	Rand io.Reader // source of nonces; nil means crypto/rand
}

// Box seals and opens under one or more master keys, which Replace may change at any time. It is safe for concurrent use.
type Box struct {
	now    atomic.Pointer[keySet]
	rand   io.Reader
	mu     sync.Mutex // held by Replace
	pinned atomic.Pointer[map[string]*purposeKeys]
}

// keySet is the keys of a Box between two calls of Replace. It is immutable.
type keySet struct{ keys []*ring } // the current one first

// New returns a Box. It returns an error if there is no key, if a key is the zero Key, or if two keys have the same ID.
func New(o Options) (*Box, error) {
	b := &Box{rand: o.Rand}
	if b.rand == nil {
		b.rand = rand.Reader
	}
	b.now.Store(&keySet{})
	b.pinned.Store(&map[string]*purposeKeys{})
	if err := b.Replace(o.Keys); err != nil {
		return nil, err
	}
	return b, nil
}

// Replace exchanges the master keys: the first seals from now on, all of them open. It returns the errors of New, and changes nothing
// then. Messages that are sealed or opened meanwhile have the keys from before or those from after. A Use follows its Box.
func (b *Box) Replace(keys []Key) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(keys) == 0 {
		return errors.New("seal: at least one master key is required")
	}
	old, next := b.now.Load(), &keySet{}
	for _, k := range keys {
		if k.secret.IsZero() {
			return errors.New("seal: a master key is empty; use ParseMasterKey or GenerateMasterKey")
		}
		if next.ring(k.id) != nil {
			return fmt.Errorf("seal: master key %s is listed twice", k.ID())
		}
		r := old.ring(k.id) // with the keys that it has derived
		if r == nil || !r.key.secret.Equal(k.secret) {
			r = newRing(k)
		}
		next.keys = append(next.keys, r)
	}
	b.now.Store(next)
	return nil
}

// Keys returns the master keys, the one that seals first.
func (b *Box) Keys() []Key {
	set := b.now.Load()
	keys := make([]Key, len(set.keys))
	for i, r := range set.keys {
		keys[i] = r.key
	}
	return keys
}

// Seals reports whether the master key with the ID is the one that seals.
func (b *Box) Seals(id uint32) bool { return b.now.Load().keys[0].key.id == id }

// Seal encrypts plaintext for a purpose. Purposes are constants of the calling package, such as "session token". The message
// does not contain the additional data aad, but Open needs the same aad. Seal returns an error only if the source of nonces
// does.
func (b *Box) Seal(purpose string, plaintext, aad []byte) ([]byte, error) {
	r := b.now.Load().keys[0]
	dst := make([]byte, headerSize+nonceSize, len(plaintext)+Overhead)
	dst[0] = formatXChaCha
	binary.BigEndian.PutUint32(dst[1:], r.key.id)
	nonce := dst[headerSize:]
	if _, err := io.ReadFull(b.rand, nonce); err != nil {
		return nil, fmt.Errorf("seal: cannot read random bytes: %w", err)
	}
	return r.purpose(purpose).aead.Seal(dst, nonce, plaintext, aad), nil
}

// Open returns the plaintext of a message that was sealed for the purpose and with the same aad, by any of the keys of the Box.
// The error is ErrOpen.
func (b *Box) Open(purpose string, sealed, aad []byte) ([]byte, error) {
	return b.open(nil, purpose, sealed, aad)
}

// OpenInPlace is like Open but decrypts into the memory of sealed, which avoids an allocation. It overwrites sealed even if it
// returns an error.
func (b *Box) OpenInPlace(purpose string, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrOpen
	}
	return b.open(sealed[headerSize+nonceSize:headerSize+nonceSize], purpose, sealed, aad)
}

func (b *Box) open(dst []byte, purpose string, sealed, aad []byte) ([]byte, error) {
	id, ok := KeyID(sealed)
	if !ok {
		return nil, ErrOpen
	}
	r := b.now.Load().ring(id)
	if r == nil {
		return nil, ErrOpen
	}
	return r.purpose(purpose).open(dst, sealed, aad)
}

// KeyID returns the ID of the master key that a sealed message names. It returns false if sealed cannot be a sealed message. The
// ID is not authenticated until the message has been opened.
func KeyID(sealed []byte) (uint32, bool) {
	if len(sealed) < Overhead || sealed[0] != formatXChaCha {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:headerSize]), true
}

// KeyIDs returns the IDs of the master keys of the Box, as Key.ID does, the current key first.
func (b *Box) KeyIDs() []string {
	var ids []string
	for _, key := range b.Keys() {
		ids = append(ids, key.ID())
	}
	return ids
}

// ring returns the keys with the ID, or nil. There are only a few, so a loop is faster than a map.
func (s *keySet) ring(id uint32) *ring {
	for _, r := range s.keys {
		if r.key.id == id {
			return r
		}
	}
	return nil
}

// newAEAD returns the cipher for a 32-byte key.
func newAEAD(key []byte) cipher.AEAD {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic("seal: " + err.Error()) // the key has the wrong length
	}
	return aead
}

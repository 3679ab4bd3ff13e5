package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// A sealed message is: format (1 byte), key id (4, big endian), nonce (24), ciphertext with its tag (16 over the
// plaintext). Format and key id need no authentication of their own: a changed one selects another key or none.
const (
	formatXChaCha = 1
	headerSize    = 1 + 4
	nonceSize     = chacha20poly1305.NonceSizeX

	// Overhead is how many bytes longer a sealed message is than its plaintext.
	Overhead = headerSize + nonceSize + chacha20poly1305.Overhead
)

// ErrOpen says that a sealed message was not made by this Box's keys for this purpose and additional data. It does not
// say which of these is wrong: that would help only a forger.
var ErrOpen = errors.New("seal: message does not open")

// Options are what New needs.
type Options struct {
	Keys []Key     // the first seals, all open; at least one
	Rand io.Reader // source of nonces; crypto/rand when nil
}

// Box seals and opens under one or more master keys. It is safe for concurrent use.
type Box struct {
	keys []*ring // the current one first
	rand io.Reader
}

// New returns a Box. It fails when there is no key, when a key is not one of ParseMasterKey or GenerateMasterKey, and
// when two of them have the same id.
func New(o Options) (*Box, error) {
	if len(o.Keys) == 0 {
		return nil, errors.New("seal: no master key")
	}
	b := &Box{rand: o.Rand}
	if b.rand == nil {
		b.rand = rand.Reader
	}
	for _, k := range o.Keys {
		if k.secret.IsZero() {
			return nil, errors.New("seal: an empty master key")
		}
		if b.ring(k.id) != nil {
			return nil, fmt.Errorf("seal: master key %s is given twice", k.ID())
		}
		b.keys = append(b.keys, newRing(k))
	}
	return b, nil
}

// Seal encrypts plaintext for the purpose and binds aad to it without containing it: Open needs the same aad. Purposes
// are constants of the calling package, such as "session token". It fails only when the source of nonces does.
func (b *Box) Seal(purpose string, plaintext, aad []byte) ([]byte, error) {
	r := b.keys[0]
	dst := make([]byte, headerSize+nonceSize, len(plaintext)+Overhead)
	dst[0] = formatXChaCha
	binary.BigEndian.PutUint32(dst[1:], r.key.id)
	nonce := dst[headerSize:]
	if _, err := io.ReadFull(b.rand, nonce); err != nil {
		return nil, fmt.Errorf("seal: no randomness: %w", err)
	}
	return r.purpose(purpose).aead.Seal(dst, nonce, plaintext, aad), nil
}

// Open returns the plaintext of a message sealed for the purpose with the same aad, under any of the Box's keys;
// otherwise ErrOpen.
func (b *Box) Open(purpose string, sealed, aad []byte) ([]byte, error) {
	return b.open(nil, purpose, sealed, aad)
}

// OpenInPlace is Open that decrypts into sealed and so allocates nothing. It spoils sealed, also when it fails.
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
	r := b.ring(id)
	if r == nil {
		return nil, ErrOpen
	}
	return r.purpose(purpose).open(dst, sealed, aad)
}

// KeyID returns the id of the master key that a sealed message names, and false when it cannot be a sealed message. The
// id is only a claim until the message has opened.
func KeyID(sealed []byte) (uint32, bool) {
	if len(sealed) < Overhead || sealed[0] != formatXChaCha {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:headerSize]), true
}

// ring returns the keys under the id, or nil. There are a handful at most, so a loop beats a map.
func (b *Box) ring(id uint32) *ring {
	for _, r := range b.keys {
		if r.key.id == id {
			return r
		}
	}
	return nil
}

// newAEAD returns the cipher under a 32-byte key.
func newAEAD(key []byte) cipher.AEAD {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic("seal: " + err.Error()) // only a key of another length
	}
	return aead
}

package seal

import (
	"encoding/binary"
	"fmt"
	"io"
)

// HeadSize is how many bytes of a sealed message stand before its ciphertext.
const HeadSize = headerSize + nonceSize

// Use is a Box for one purpose, its keys looked up once: for those who seal or open on every request, and in memory of their
// own. It is safe for concurrent use.
type Use struct {
	box  *Box
	keys []*purposeKeys // as the Box's, the current one first
}

// For returns the Box for a purpose. What either does for it, the other undoes.
func (b *Box) For(purpose string) *Use {
	u := &Use{box: b, keys: make([]*purposeKeys, len(b.keys))}
	for i, r := range b.keys {
		u.keys[i] = r.purpose(purpose)
	}
	return u
}

// SealInPlace seals message[HeadSize:] where it stands, binding aad as Box.Seal does: the first HeadSize bytes, whatever they
// hold, become the head, and the tag is appended, which allocates nothing if message has the capacity. It fails only when
// the source of nonces does.
func (u *Use) SealInPlace(message, aad []byte) ([]byte, error) {
	head, plaintext := message[:HeadSize], message[HeadSize:]
	head[0] = formatXChaCha
	binary.BigEndian.PutUint32(head[1:], u.box.keys[0].key.id)
	nonce := head[headerSize:]
	if _, err := io.ReadFull(u.box.rand, nonce); err != nil {
		return nil, fmt.Errorf("seal: no randomness: %w", err)
	}
	return u.keys[0].aead.Seal(head, nonce, plaintext, aad), nil
}

// OpenInPlace is Box.OpenInPlace: it decrypts into sealed and spoils it, also when it fails. The failure is ErrOpen.
func (u *Use) OpenInPlace(sealed, aad []byte) ([]byte, error) {
	id, ok := KeyID(sealed)
	if !ok {
		return nil, ErrOpen
	}
	keys := u.under(id)
	if keys == nil {
		return nil, ErrOpen
	}
	return keys.open(sealed[HeadSize:HeadSize], sealed, aad)
}

// under returns the purpose's keys from the master key of that id, or nil.
func (u *Use) under(id uint32) *purposeKeys {
	for i, r := range u.box.keys {
		if r.key.id == id {
			return u.keys[i]
		}
	}
	return nil
}

// Nonce returns the 24 bytes of a sealed message that are random, or nil when it cannot be a sealed message. They are of this
// message alone, and one with others does not open.
func Nonce(sealed []byte) []byte {
	if len(sealed) < Overhead {
		return nil
	}
	return sealed[headerSize:HeadSize:HeadSize]
}

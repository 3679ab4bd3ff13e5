package seal

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
)

// HeadSize is the number of bytes of a sealed message before its ciphertext.
const HeadSize = headerSize + nonceSize

// Use is a Box for one purpose. It looks up the keys only once for each set of master keys and works in the memory of the caller, for
// code that seals or opens on every request. It is safe for concurrent use.
type Use struct {
	box  *Box
	keys func(*keySet) ([]uint32, []*purposeKeys)
	made atomic.Pointer[useKeys]
}

// useKeys are the keys of a Use while the Box has a set of master keys.
type useKeys struct {
	of   *keySet
	ids  []uint32       // of the master keys, the current one first
	keys []*purposeKeys // in the order of ids
}

// For returns a Use for the purpose. Messages sealed by the Box for the purpose can be opened by the Use, and vice versa.
func (b *Box) For(purpose string) *Use {
	return newUse(b, func(set *keySet) (ids []uint32, keys []*purposeKeys) {
		for _, r := range set.keys {
			ids, keys = append(ids, r.key.id), append(keys, r.purpose(purpose))
		}
		return ids, keys
	})
}

func newUse(b *Box, keys func(*keySet) ([]uint32, []*purposeKeys)) *Use {
	u := &Use{box: b, keys: keys}
	u.current()
	return u
}

// current returns the keys for the master keys that the Box has now.
func (u *Use) current() *useKeys {
	set := u.box.now.Load()
	if made := u.made.Load(); made != nil && made.of == set {
		return made
	}
	made := &useKeys{of: set}
	made.ids, made.keys = u.keys(set)
	u.made.Store(made)
	return made
}

// SealInPlace encrypts message[HeadSize:] in place, overwrites the first HeadSize bytes, appends the tag, and returns the sealed
// message. It does not allocate if message has the capacity. For aad see Box.Seal. SealInPlace returns an error only if the
// source of nonces does.
func (u *Use) SealInPlace(message, aad []byte) ([]byte, error) {
	keys := u.current()
	head, plaintext := message[:HeadSize], message[HeadSize:]
	head[0] = formatXChaCha
	binary.BigEndian.PutUint32(head[1:], keys.ids[0])
	nonce := head[headerSize:]
	if _, err := io.ReadFull(u.box.rand, nonce); err != nil {
		return nil, fmt.Errorf("seal: cannot read random bytes: %w", err)
	}
	return keys.keys[0].aead.Seal(head, nonce, plaintext, aad), nil
}

// OpenInPlace is like Box.OpenInPlace. It overwrites sealed even if it returns an error. The error is ErrOpen.
func (u *Use) OpenInPlace(sealed, aad []byte) ([]byte, error) {
	id, ok := KeyID(sealed)
	if !ok {
		return nil, ErrOpen
	}
	keys := u.current().under(id)
	if keys == nil {
		return nil, ErrOpen
	}
	return keys.open(sealed[HeadSize:HeadSize], sealed, aad)
}

// under returns the keys of the purpose for the master key with the ID, or nil.
func (u *useKeys) under(id uint32) *purposeKeys {
	for i, known := range u.ids {
		if known == id {
			return u.keys[i]
		}
	}
	return nil
}

// Nonce returns the nonce of a sealed message, 24 random bytes, or nil if sealed cannot be a sealed message. Each message has its
// own, and a message with a changed nonce does not open.
func Nonce(sealed []byte) []byte {
	if len(sealed) < Overhead {
		return nil
	}
	return sealed[headerSize:HeadSize:HeadSize]
}

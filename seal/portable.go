package seal

import "slices"

// PurposeKey is the key of one purpose that a master key gives. It opens and makes what was sealed for the purpose, and tells nothing
// about the master key or other purposes.
type PurposeKey struct {
	ID   uint32 // of the master key
	AEAD []byte // KeySize bytes
	MAC  []byte // KeySize bytes
}

// PurposeKeys returns the keys of a purpose for each master key, the current one first. They are secrets. Hand them on with data that
// another Box is to read as this one does: see ForWith.
func (b *Box) PurposeKeys(purpose string) []PurposeKey {
	return b.now.Load().purposeKeys(purpose)
}

func (s *keySet) purposeKeys(purpose string) []PurposeKey {
	keys := make([]PurposeKey, len(s.keys))
	for i, r := range s.keys {
		keys[i] = PurposeKey{ID: r.key.id, AEAD: r.key.derive("aead", purpose, KeySize), MAC: r.key.derive("mac", purpose, KeySize)}
	}
	return keys
}

// Valid reports whether the key has the right lengths.
func (k *PurposeKey) Valid() bool { return len(k.AEAD) == KeySize && len(k.MAC) == KeySize }

// ForWith returns a Use for a purpose that also opens with keys of other Boxes, which must be valid. It seals with the current master
// key. The keys of the purpose are derived again in each call, so that there can be any number of purposes.
func (b *Box) ForWith(purpose string, more []PurposeKey) *Use {
	return newUse(b, func(set *keySet) (ids []uint32, keys []*purposeKeys) {
		for _, k := range append(set.purposeKeys(purpose), more...) {
			if !slices.Contains(ids, k.ID) { // the other Box may have the same master key
				ids, keys = append(ids, k.ID), append(keys, newPurposeKeys(k.AEAD, k.MAC))
			}
		}
		return ids, keys
	})
}

// SealToken is Box.SealToken for the purpose of u.
func (u *Use) SealToken(plaintext, aad []byte) (string, error) {
	message := make([]byte, HeadSize, len(plaintext)+Overhead)
	sealed, err := u.SealInPlace(append(message, plaintext...), aad)
	if err != nil {
		return "", err
	}
	return base64url.EncodeToString(sealed), nil
}

// OpenToken is Box.OpenToken for the purpose of u.
func (u *Use) OpenToken(token string, aad []byte, maxLen int) ([]byte, error) {
	if len(token) > maxLen {
		return nil, ErrOpen
	}
	sealed, err := AppendDecoded(nil, token)
	if err != nil {
		return nil, err
	}
	return u.OpenInPlace(sealed, aad)
}

// MACs is Box.MACs for the purpose of u.
func (u *Use) MACs(parts ...[]byte) [][MACSize]byte {
	keys := u.current().keys
	all := make([][MACSize]byte, len(keys))
	for i, k := range keys {
		all[i] = k.mac(parts)
	}
	return all
}

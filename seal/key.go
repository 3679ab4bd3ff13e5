package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// Key is a master key. Its ID is derived from it, so a key has the same ID on every node. The zero Key is not valid.
type Key struct {
	id     uint32
	secret Secret // the bytes themselves
}

// ParseMasterKey parses a master key of 32 bytes in base64, with the standard or the URL alphabet, padded or not, and with or
// without surrounding white space. The error does not contain the text.
func ParseMasterKey(text string) (Key, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	if len(text) != base64.RawStdEncoding.EncodedLen(KeySize) {
		return Key{}, errors.New("seal: a master key must be 32 bytes in base64 (44 characters)")
	}
	raw, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return Key{}, errors.New("seal: the master key is not valid base64")
	}
	return newKey(raw)
}

// GenerateMasterKey returns a new master key from random. If random is nil, it uses crypto/rand.
func GenerateMasterKey(random io.Reader) (Key, error) {
	if random == nil {
		random = rand.Reader
	}
	raw := make([]byte, KeySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Key{}, fmt.Errorf("seal: cannot read random bytes: %w", err)
	}
	return newKey(raw)
}

// NewMasterKey returns the master key with these bytes, KeySize of them.
func NewMasterKey(raw []byte) (Key, error) {
	if len(raw) != KeySize {
		return Key{}, fmt.Errorf("seal: a master key has %d bytes, not %d", KeySize, len(raw))
	}
	return newKey(raw)
}

func newKey(raw []byte) (Key, error) {
	// One repeated byte is a placeholder that was not replaced.
	if bytes.Count(raw, raw[:1]) == KeySize {
		return Key{}, errors.New("seal: the master key is one byte repeated; use 32 random bytes")
	}
	k := Key{secret: NewSecret(string(raw))}
	k.id = binary.BigEndian.Uint32(k.derive("id", "", 4))
	return k, nil
}

// Encode returns the key in base64, for storing it.
func (k Key) Encode() Secret {
	return NewSecret(base64.StdEncoding.EncodeToString([]byte(k.secret.Reveal())))
}

// ID returns the ID of the key in hexadecimal. It is not secret.
func (k Key) ID() string { return fmt.Sprintf("%08x", k.id) }

// Fingerprint returns 32 hexadecimal digits that identify the key: no other key with the same digits can be found. It is not secret.
func (k Key) Fingerprint() string { return hex.EncodeToString(k.derive("fingerprint", "", 16)) }

// String returns a text with the ID of the key and without the key.
func (k Key) String() string { return "master key " + k.ID() }

// GoString returns a text with the ID of the key and without the key.
func (k Key) GoString() string { return "seal.Key(" + k.ID() + ")" }

// derive returns n bytes of key for a use and a purpose. The use is a constant of this package without NUL bytes, so no two pairs
// of use and purpose have the same info.
func (k Key) derive(use, purpose string, n int) []byte {
	out, err := hkdf.Key(sha256.New, []byte(k.secret.Reveal()), nil, "sluice seal v1\x00"+use+"\x00"+purpose, n)
	if err != nil {
		panic("seal: " + err.Error()) // n is more than 255 hashes, which Derive rejects
	}
	return out
}

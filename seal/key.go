package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// Key is a master key. Its id is computed from it, so the same key has the same id on every node and nobody numbers keys.
// The zero Key is not usable.
type Key struct {
	id     uint32
	secret Secret // the bytes themselves
}

// ParseMasterKey reads 32 bytes in base64, standard or URL alphabet, padded or not, with white space around it. The error
// never quotes the text.
func ParseMasterKey(text string) (Key, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	if len(text) != base64.RawStdEncoding.EncodedLen(KeySize) {
		return Key{}, errors.New("seal: a master key is 32 bytes in base64 (44 characters)")
	}
	raw, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return Key{}, errors.New("seal: the master key is not base64")
	}
	return newKey(raw)
}

// GenerateMasterKey makes a master key from rand, or from crypto/rand when rand is nil.
func GenerateMasterKey(random io.Reader) (Key, error) {
	if random == nil {
		random = rand.Reader
	}
	raw := make([]byte, KeySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Key{}, fmt.Errorf("seal: no randomness: %w", err)
	}
	return newKey(raw)
}

func newKey(raw []byte) (Key, error) {
	// A key of one repeated byte is a placeholder that somebody forgot to replace.
	if bytes.Count(raw, raw[:1]) == KeySize {
		return Key{}, errors.New("seal: the master key is one byte repeated, not a random key")
	}
	k := Key{secret: NewSecret(string(raw))}
	k.id = binary.BigEndian.Uint32(k.derive("id", "", 4))
	return k, nil
}

// Encode returns the key in base64, for the file or the operator that keeps it.
func (k Key) Encode() Secret {
	return NewSecret(base64.StdEncoding.EncodeToString([]byte(k.secret.Reveal())))
}

// ID returns the key's id in hexadecimal; it may be logged.
func (k Key) ID() string { return fmt.Sprintf("%08x", k.id) }

// String shows the id only.
func (k Key) String() string { return "master key " + k.ID() }

// GoString shows the id only.
func (k Key) GoString() string { return "seal.Key(" + k.ID() + ")" }

// derive gives n bytes for one use and purpose. The use is a constant of this package and holds no NUL, so no two pairs of
// use and purpose make the same info.
func (k Key) derive(use, purpose string, n int) []byte {
	out, err := hkdf.Key(sha256.New, []byte(k.secret.Reveal()), nil, "sluice seal v1\x00"+use+"\x00"+purpose, n)
	if err != nil {
		panic("seal: " + err.Error()) // only n above 255 hashes, which Derive refuses
	}
	return out
}

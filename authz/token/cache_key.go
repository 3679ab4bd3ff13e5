package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// CacheKey is a keyed hash of a token for one Cache. It must not leave the process.
type CacheKey [16]byte

func (k *CacheKey) shard() uint64 { return binary.LittleEndian.Uint64(k[0:8]) }
func (k *CacheKey) home() uint64  { return binary.LittleEndian.Uint64(k[8:16]) }

// keyer hashes tokens with a secret. If two tokens had the same hash, one principal could be served for another. So an
// attacker must not be able to find such tokens, nor to predict or choose an entry's place in the table.
//
// The hash is the tag of AES-GCM with the token as additional data and a fixed nonce, encrypted with a second key. The tag
// is a polynomial in a secret point (GHASH) plus a constant. Two chosen tokens of n bytes have the same tag with a
// probability of at most (n/16+2)/2^128, provided the attacker learns nothing about tags. The second encryption ensures
// that: what leaks about hashes, such as the time of a search, reveals nothing about the point. GCM's rule to use a nonce
// only once applies to published tags. docs/decisions/0007-what-a-token-costs.md has the alternatives.
type keyer struct {
	aead   cipher.AEAD
	cipher cipher.Block
	secret [sha256.BlockSize]byte // for SHA-256 in FIPS 140-3 mode, which does not approve this use of GCM
	spaces sync.Pool
}

// keyerSpace is the reusable memory for hashing one token.
type keyerSpace struct {
	text  []byte
	nonce [12]byte // zero
	key   CacheKey
}

func (k *keyer) init(rand io.Reader) error {
	if _, err := io.ReadFull(rand, k.secret[:]); err != nil {
		return fmt.Errorf("token: cache key: %w", err)
	}
	k.spaces.New = func() any { return &keyerSpace{text: make([]byte, 0, 2048)} }
	if fips140.Enabled() {
		return nil
	}
	block, err := aes.NewCipher(k.secret[:16])
	if err == nil {
		k.aead, err = cipher.NewGCM(block)
	}
	if err == nil {
		k.cipher, err = aes.NewCipher(k.secret[16:32])
	}
	if err != nil {
		return fmt.Errorf("token: cache key: %w", err)
	}
	return nil
}

func (k *keyer) sum(raw string) CacheKey {
	s := k.spaces.Get().(*keyerSpace)
	if k.aead != nil {
		s.text = append(s.text[:0], raw...)
		k.cipher.Encrypt(s.key[:], k.aead.Seal(s.key[:0], s.nonce[:], nil, s.text))
	} else {
		// A key prefix is as good as HMAC here, because the hash never leaves the process.
		s.text = append(append(s.text[:0], k.secret[:]...), raw...)
		sum := sha256.Sum256(s.text)
		copy(s.key[:], sum[:])
	}
	key := s.key
	k.spaces.Put(s)
	return key
}

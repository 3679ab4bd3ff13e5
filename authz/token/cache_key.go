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

// CacheKey stands for one token in one Cache: a keyed hash of all of its bytes. It must not leave the process.
type CacheKey [16]byte

func (k *CacheKey) shard() uint64 { return binary.LittleEndian.Uint64(k[0:8]) }
func (k *CacheKey) home() uint64  { return binary.LittleEndian.Uint64(k[8:16]) }

// keyer hashes tokens under a secret of its own. Two tokens with one key would be one principal served for another, so
// that nobody may find two, however many tokens he has or makes up; nor may anybody tell or steer where an entry lies.
//
// A token is the additional data of AES-GCM under a fixed nonce. The tag is then a polynomial in a secret point, GHASH,
// and a constant: for two tokens of n bytes it is the same with a probability of at most (n/16+2)/2^128, whoever chose
// them, as long as he learns nothing of the tags. That is why the tag is encrypted under a second key: nothing that shows
// of a key afterwards, such as the time that a search takes, tells anything of the point. GCM's rule of a nonce only once
// is for tags that are shown. docs/decisions/0007 has what else was considered.
type keyer struct {
	aead   cipher.AEAD
	cipher cipher.Block
	secret [sha256.BlockSize]byte // instead of both in FIPS 140-3 mode, which does not have GCM for this
	spaces sync.Pool
}

// keyerSpace is what hashing one token needs; it is used again.
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
		// One block of key before the token. The hash never leaves the process, so that a prefix is as good as HMAC here.
		s.text = append(append(s.text[:0], k.secret[:]...), raw...)
		sum := sha256.Sum256(s.text)
		copy(s.key[:], sum[:])
	}
	key := s.key
	k.spaces.Put(s)
	return key
}

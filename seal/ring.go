package seal

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"sync"
	"sync/atomic"
)

// maxPurposes bounds what a ring remembers. Purposes are constants of the program, far fewer than this; past it keys are
// derived anew each time, which is slow but right.
const maxPurposes = 256

// ring holds what one master key gives: the keys of each purpose, derived at first use.
type ring struct {
	key  Key
	mu   sync.Mutex // for writers of made
	made atomic.Pointer[map[string]*purposeKeys]
}

// purposeKeys are one purpose's cipher and hashes.
type purposeKeys struct {
	aead cipher.AEAD
	macs sync.Pool // of *keyedHash, so that the key's two blocks are hashed once
}

// keyedHash is an HMAC keyed for a purpose, with memory for what goes in and comes out of it.
type keyedHash struct {
	hash.Hash
	length [8]byte
	sum    [MACSize]byte
}

func newRing(k Key) *ring {
	r := &ring{key: k}
	r.made.Store(&map[string]*purposeKeys{})
	return r
}

// purpose returns the purpose's keys; readers take no lock.
func (r *ring) purpose(name string) *purposeKeys {
	if p := (*r.made.Load())[name]; p != nil {
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	made := *r.made.Load()
	if p := made[name]; p != nil {
		return p
	}
	p := &purposeKeys{aead: newAEAD(r.key.derive("aead", name, KeySize))}
	macKey := r.key.derive("mac", name, KeySize)
	p.macs.New = func() any { return &keyedHash{Hash: hmac.New(sha256.New, macKey)} }
	if len(made) < maxPurposes {
		next := maps.Clone(made)
		next[name] = p
		r.made.Store(&next)
	}
	return p
}

// open decrypts a sealed message, of at least Overhead bytes, and appends it to dst.
func (p *purposeKeys) open(dst, sealed, aad []byte) ([]byte, error) {
	plaintext, err := p.aead.Open(dst, sealed[headerSize:HeadSize], sealed[HeadSize:], aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// mac hashes the parts, each after its length, so that moving a byte from one part to the next changes the hash.
func (p *purposeKeys) mac(parts [][]byte) [MACSize]byte {
	h := p.macs.Get().(*keyedHash)
	h.Reset()
	for _, part := range parts {
		binary.BigEndian.PutUint64(h.length[:], uint64(len(part)))
		_, _ = h.Write(h.length[:]) // a hash does not fail
		_, _ = h.Write(part)
	}
	h.Sum(h.sum[:0])
	sum := h.sum
	p.macs.Put(h)
	return sum
}

package seal

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
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
	macs sync.Pool // of hash.Hash keyed for the purpose, so that the key's two blocks are hashed once
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
	p.macs.New = func() any { return hmac.New(sha256.New, macKey) }
	if len(made) < maxPurposes {
		next := maps.Clone(made)
		next[name] = p
		r.made.Store(&next)
	}
	return p
}

// mac hashes the parts, each after its length, so that moving a byte from one part to the next changes the hash.
func (p *purposeKeys) mac(parts [][]byte) (sum [MACSize]byte) {
	h := p.macs.Get().(hash.Hash)
	h.Reset()
	var length [8]byte
	for _, part := range parts {
		for i, n := 7, uint64(len(part)); n > 0; i, n = i-1, n>>8 {
			length[i] = byte(n)
		}
		h.Write(length[:])
		h.Write(part)
		clear(length[:])
	}
	h.Sum(sum[:0])
	p.macs.Put(h)
	return sum
}

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

// maxPurposes is the number of purposes for which a ring caches keys. Purposes are constants, so there are far fewer. Beyond the
// limit, keys are derived on every call, which is slow but correct.
const maxPurposes = 256

// ring holds the keys derived from one master key. The keys of a purpose are derived on first use.
type ring struct {
	key  Key
	mu   sync.Mutex // held to replace made
	made atomic.Pointer[map[string]*purposeKeys]
}

// purposeKeys are the cipher and the keyed hashes of one purpose.
type purposeKeys struct {
	aead cipher.AEAD
	macs sync.Pool // of *keyedHash, so that the key is not hashed every time
}

// keyedHash is an HMAC with memory for its input and output.
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

// purpose returns the keys of a purpose. It takes a lock only to derive them.
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
	p := newPurposeKeys(r.key.derive("aead", name, KeySize), r.key.derive("mac", name, KeySize))
	if len(made) < maxPurposes {
		next := maps.Clone(made)
		next[name] = p
		r.made.Store(&next)
	}
	return p
}

func newPurposeKeys(aeadKey, macKey []byte) *purposeKeys {
	p := &purposeKeys{aead: newAEAD(aeadKey)}
	p.macs.New = func() any { return &keyedHash{Hash: hmac.New(sha256.New, macKey)} }
	return p
}

// open decrypts a sealed message of at least Overhead bytes and appends the plaintext to dst.
func (p *purposeKeys) open(dst, sealed, aad []byte) ([]byte, error) {
	plaintext, err := p.aead.Open(dst, sealed[headerSize:HeadSize], sealed[HeadSize:], aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// mac hashes the length of each part before the part, so that the hash depends on where one part ends and the next begins.
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

package token

import (
	"hash/maphash"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// header holds the fields of a token's header that the verifier uses.
type header struct {
	keyID     string
	print     string // x5t#S256, or x5t, of a header without kid
	algorithm *algorithm
	typ       string
}

// Limits of headers.
const (
	maxHeaders    = 64
	maxKeptHeader = 1 << 10 // bytes, encoded
	incompleteFor = 600     // seconds
)

// headers remembers the encoded headers of tokens whose signature was checked. Issuers use few different headers, so
// most headers need not be parsed again. A token with an unknown header was not verified before. Reading takes no lock.
//
// Headers of genuine and of forged tokens are stored separately, so that a forger evicts only headers of forged tokens.
type headers struct {
	known      atomic.Pointer[map[string]header] // of genuine tokens
	incomplete atomic.Int64                      // until then, in seconds since 1970, not all headers of genuine tokens are known
	mu         sync.Mutex
	forged     [maxHeaders]atomic.Pointer[string] // each at the place of its hash
}

// forgedSeed makes the slots of forged headers unpredictable.
var forgedSeed = maphash.MakeSeed()

func (h *headers) find(encoded string) (found header, ok bool) {
	if known := h.known.Load(); known != nil {
		found, ok = (*known)[encoded]
	}
	return found, ok
}

// seen returns false if no token with this header was verified before, or if the header was dropped.
func (h *headers) seen(encoded string) bool {
	if _, ok := h.find(encoded); ok || h.incomplete.Load() > 0 {
		return true
	}
	forged := h.place(encoded).Load()
	return forged != nil && *forged == encoded
}

func (h *headers) place(encoded string) *atomic.Pointer[string] {
	return &h.forged[maphash.String(forgedSeed, encoded)%maxHeaders]
}

// learn remembers the header of a genuine token. If an issuer uses more headers than fit, for example a different one
// for each token, learn drops all headers and makes seen return true for every header for a while. This also removes the
// headers of old keys. now is in seconds since 1970.
func (h *headers) learn(encoded string, found header, now int64) {
	until := h.incomplete.Load()
	if now < until {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := make(map[string]header)
	if known := h.known.Load(); known != nil && until == 0 {
		maps.Copy(next, *known)
	}
	if len(next) >= maxHeaders || len(encoded) > maxKeptHeader {
		h.incomplete.Store(now + incompleteFor)
		return
	}
	next[strings.Clone(encoded)] = found
	h.known.Store(&next)
	h.incomplete.Store(0)
}

// learnForged remembers the header of a token with a bad signature, so that the same token is refused from the cache.
func (h *headers) learnForged(encoded string) {
	if len(encoded) > maxKeptHeader || h.seen(encoded) {
		return
	}
	own := strings.Clone(encoded)
	h.place(encoded).Store(&own)
}

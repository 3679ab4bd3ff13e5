package token

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// header holds the fields of a token's header that the verifier uses.
type header struct {
	keyID     string
	algorithm *algorithm
	typ       string
}

// Limits of headers.
const (
	maxHeaders    = 64
	maxKeptHeader = 1 << 10 // bytes, encoded
)

// headers remembers the encoded headers of tokens that were verified as far as their signature. Issuers use few different
// headers, so most headers need not be parsed again, and a token with another header was not verified before. Reading takes
// no lock.
type headers struct {
	known      atomic.Pointer[map[string]header]
	incomplete atomic.Bool // some headers were not kept because of the limits
	mu         sync.Mutex
}

func (h *headers) find(encoded string) (found header, ok bool) {
	if known := h.known.Load(); known != nil {
		found, ok = (*known)[encoded]
	}
	return found, ok
}

// seen returns false if no token with this header was verified before.
func (h *headers) seen(encoded string) bool {
	_, ok := h.find(encoded)
	return ok || h.incomplete.Load()
}

func (h *headers) learn(encoded string, found header) {
	if h.incomplete.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := make(map[string]header)
	if known := h.known.Load(); known != nil {
		maps.Copy(next, *known)
	}
	if len(next) >= maxHeaders || len(encoded) > maxKeptHeader {
		h.incomplete.Store(true)
		return
	}
	next[strings.Clone(encoded)] = found
	h.known.Store(&next)
}

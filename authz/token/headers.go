package token

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// header is what is read of a token's header.
type header struct {
	keyID     string
	algorithm *algorithm
	typ       string
}

// Bounds of what is remembered of headers.
const (
	maxHeaders    = 64
	maxKeptHeader = 1 << 10 // bytes, encoded
)

// headers remembers the headers, as they are encoded, of tokens that got as far as their signature: an issuer's tokens
// have a handful of them. Whoever has such a header need not be read twice, and who has another one has not been here.
// Reading takes no lock.
type headers struct {
	known      atomic.Pointer[map[string]header]
	incomplete atomic.Bool // there were more, or longer ones, than are kept
	mu         sync.Mutex
}

func (h *headers) find(encoded string) (found header, ok bool) {
	if known := h.known.Load(); known != nil {
		found, ok = (*known)[encoded]
	}
	return found, ok
}

// seen is false when no token with this header was here.
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

package bounded

import "sync"

// Shares counts places that many holders take, such as the workers that send messages. One holder may have only a share, so that a holder
// whose work does not end keeps out nobody else. It is safe for concurrent use.
type Shares struct {
	total, share int

	mu   sync.Mutex
	held int
	by   map[string]int // only holders that have places
}

// NewShares returns total places, of which one holder may have up to share. A total of 0 means that only the share limits.
func NewShares(total, share int) *Shares {
	return &Shares{total: total, share: share, by: map[string]int{}}
}

// Take takes a place for the holder and reports whether there was one. Each place must be put back.
func (s *Shares) Take(holder string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free(holder) < 1 {
		return false
	}
	s.held++
	s.by[holder]++
	return true
}

// Free returns how many places the holder could take.
func (s *Shares) Free(holder string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free(holder)
}

func (s *Shares) free(holder string) int {
	n := s.share - s.by[holder]
	if s.total > 0 {
		n = min(n, s.total-s.held)
	}
	return n
}

// Put puts a place of the holder back.
func (s *Shares) Put(holder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held--
	if s.by[holder]--; s.by[holder] == 0 {
		delete(s.by, holder)
	}
}

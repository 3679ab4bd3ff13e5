package bounded

import (
	"errors"
	"io"
	"net/netip"
	"sync"
)

// FreeBytes is the number of bytes of each text that Budget.ReadAll reads without counting them. A connection needs
// about as much memory anyway, and small requests succeed while the budget is used up.
const FreeBytes = 16 << 10

// Errors of Budget.ReadAll.
var (
	ErrTooLong = errors.New("bounded: the text is longer than the limit")
	ErrNoBytes = errors.New("bounded: too many bytes are being read at the same time; try again")
)

// Budget limits the memory for texts that are being read, such as the bodies of requests whose sender is not verified
// yet. It is safe for concurrent use.
type Budget struct {
	total, share int64

	mu   sync.Mutex
	held int64
	by   map[netip.Addr]int64 // only clients that hold bytes
}

// NewBudget returns a Budget of total bytes, of which one client may hold up to share.
func NewBudget(total, share int64) *Budget {
	return &Budget{total: total, share: share, by: map[netip.Addr]int64{}}
}

// ReadAll reads r to its end and returns the text. It counts the memory for client from the allocation until it returns.
// The error is ErrTooLong after limit bytes, ErrNoBytes if the budget is used up, or the error of r.
func (b *Budget) ReadAll(r io.Reader, client netip.Addr, limit int64) ([]byte, error) {
	text, free, err := b.Hold(r, client, limit)
	free()
	return text, err
}

// Hold reads as ReadAll does, and counts the memory until free is called. free is never nil, and does nothing after an error.
func (b *Budget) Hold(r io.Reader, client netip.Addr, limit int64) (text []byte, free func(), err error) {
	var held int64
	free = func() { b.put(client, held); held = 0 }
	whole := false
	defer func() {
		if !whole {
			free()
		}
	}()
	text, err = b.read(r, client, limit, &held)
	whole = err == nil
	return text, free, err
}

// read reads r to its end and adds what it counts to held.
func (b *Budget) read(r io.Reader, client netip.Addr, limit int64, held *int64) ([]byte, error) {
	text := make([]byte, 0, min(512, limit+1))
	for {
		if len(text) == cap(text) {
			room := min(2*int64(cap(text)), limit+1) // one more byte, to detect a text longer than the limit
			if more := room - FreeBytes - *held; more > 0 {
				if !b.take(client, more) {
					return nil, ErrNoBytes
				}
				*held += more
			}
			text = append(make([]byte, 0, room), text...)
		}
		n, err := r.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case int64(len(text)) > limit:
			return nil, ErrTooLong
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, err
		}
	}
}

// Held returns the number of bytes that are counted at the moment.
func (b *Budget) Held() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

func (b *Budget) take(client netip.Addr, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+n > b.total || b.by[client]+n > b.share {
		return false
	}
	b.held += n
	b.by[client] += n
	return true
}

func (b *Budget) put(client netip.Addr, n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.by[client] -= n; b.by[client] == 0 {
		delete(b.by, client)
	}
}

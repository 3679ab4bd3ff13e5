package accesstoken

import (
	"context"
	"crypto/sha256"
	"sync"
)

// tokenKey is the hash of a token with its provider.
type tokenKey [sha256.Size]byte

// flights are the questions under way, so that many calls with one token ask once.
type flights struct {
	mu  sync.Mutex
	all map[tokenKey]*flight
}

// flight is one request to a provider. Its result may be read once done is closed.
type flight struct {
	done chan struct{}
	user *User
	err  error
}

// join returns the question about a token, and whether the caller must ask it.
func (f *flights) join(key tokenKey) (*flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found := f.all[key]; found != nil {
		return found, false
	}
	if f.all == nil {
		f.all = map[tokenKey]*flight{}
	}
	own := &flight{done: make(chan struct{})}
	f.all[key] = own
	return own, true
}

func (f *flights) land(key tokenKey, own *flight) {
	f.mu.Lock()
	delete(f.all, key)
	f.mu.Unlock()
	close(own.done)
}

// turn waits until one more question may be asked, and returns what ends it. Tokens that were a user's before have places that no others
// take, so that made-up tokens do not keep users waiting.
func (v *Verifier) turn(ctx context.Context, key tokenKey, provider string) (done func(), err error) {
	places := []chan struct{}{v.asking[provider]}
	if _, known := v.users.Get(key, v.o.Now()); !known {
		places = []chan struct{}{v.askNew[provider], v.asking[provider]}
	}
	for i, place := range places {
		select {
		case place <- struct{}{}:
		case <-ctx.Done():
			for _, taken := range places[:i] {
				<-taken
			}
			return nil, ErrUnavailable
		}
	}
	return func() {
		for _, place := range places {
			<-place
		}
	}, nil
}

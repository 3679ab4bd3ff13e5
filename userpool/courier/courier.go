package courier

import (
	"sync"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
)

// Courier does work in the background, after the requests that caused it are answered. The time that a mail server takes, and its
// failure, would reveal to a client that a user exists. Its methods may be called from any goroutine.
type Courier struct {
	places *bounded.Shares // by pool; one is taken for each message
	all    sync.WaitGroup
}

// New returns a Courier for places messages at a time, of which one pool has up to share.
func New(places, share int) *Courier { return &Courier{places: bounded.NewShares(places, share)} }

// Place is room for one message.
type Place struct {
	courier *Courier
	pool    string
	used    bool
}

// Reserve takes a place for a request that may send a message of the pool. It is called whether or not the user exists, so that a
// refusal does not reveal it. The caller must free the place.
func (c *Courier) Reserve(pool string) (*Place, error) {
	if !c.places.Take(pool) {
		return nil, fault.New(fault.TooManyRequests, "Too many requests")
	}
	return &Place{courier: c, pool: pool}, nil
}

// Free releases the place unless Use has taken it.
func (p *Place) Free() {
	if !p.used {
		p.courier.places.Put(p.pool)
	}
}

// Use runs f in the background and then releases the place.
func (p *Place) Use(f func()) {
	p.used = true
	p.courier.all.Go(func() {
		defer p.courier.places.Put(p.pool)
		f()
	})
}

// Wait waits for the work that is underway.
func (c *Courier) Wait() { c.all.Wait() }

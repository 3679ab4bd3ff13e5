package directory

import (
	"sync"

	"github.com/sluicegate/sluice/fault"
)

// maxUnderway bounds the messages that are being sent in the background.
const maxUnderway = 1000

// courier sends messages in the background, after their requests are answered. The time that a mail server takes, and its
// failure, would reveal to a client that a user exists.
type courier struct {
	places chan struct{} // one is taken for each message
	all    sync.WaitGroup
}

func newCourier(places int) *courier { return &courier{places: make(chan struct{}, places)} }

// place is room for one message.
type place struct {
	courier *courier
	used    bool
}

// reserve takes a place for a request that may send a message. It is called whether or not the user exists, so that a
// refusal does not reveal it. The caller must free the place.
func (c *courier) reserve() (*place, error) {
	select {
	case c.places <- struct{}{}:
		return &place{courier: c}, nil
	default:
		return nil, fault.New(fault.TooManyRequests, "Too many requests")
	}
}

// free releases the place unless use has taken it.
func (p *place) free() {
	if !p.used {
		<-p.courier.places
	}
}

// use runs f in the background and then releases the place.
func (p *place) use(f func()) {
	p.used = true
	p.courier.all.Go(func() {
		defer func() { <-p.courier.places }()
		f()
	})
}

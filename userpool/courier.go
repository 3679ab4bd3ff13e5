package userpool

import (
	"context"
	"sync"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// maxUnderway bounds the messages that are being handed over behind answers.
const maxUnderway = 1000

// courier hands messages over after their requests have been answered. The time that a mail server takes would tell a
// client that there is somebody to write to, and so would its failure.
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

// reserve takes a place for a request that may end with a message, whether or not there is a user, so that a refusal says
// nothing either. The caller frees the place in the end.
func (c *courier) reserve() (*place, error) {
	select {
	case c.places <- struct{}{}:
		return &place{courier: c}, nil
	default:
		return nil, fault.New(fault.TooManyRequests, "Too many requests")
	}
}

// free gives the place back, unless a message uses it.
func (p *place) free() {
	if !p.used {
		<-p.courier.places
	}
}

// use runs f in the background and gives the place back then.
func (p *place) use(f func()) {
	p.used = true
	p.courier.all.Go(func() {
		defer func() { <-p.courier.places }()
		f()
	})
}

// sendCodeTo makes a code, keeps it and sends it: behind the answer to a client that hides who exists. Then the log says
// what became of it, and the user asks again.
func (s *Service) sendCodeTo(ctx context.Context, c *client, at *place, p *pool, u *store.User, purpose, attribute string) (*Delivery, error) {
	if !c.hidden {
		return s.sendCode(ctx, p, u, purpose, attribute)
	}
	l, err := s.keepCode(ctx, p, u, purpose, attribute)
	if err != nil {
		return nil, err
	}
	at.use(func() { _, _ = s.send(context.WithoutCancel(ctx), p, l) }) // which logs its failure
	return l.delivery(), nil
}

// Drain waits for the messages that are being handed over. Call it when no more requests come.
func (s *Service) Drain() { s.courier.all.Wait() }

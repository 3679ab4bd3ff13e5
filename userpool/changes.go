package userpool

import (
	"context"

	"github.com/sluicegate/sluice/fault"
)

// Changed reads a pool and its keys again, after another process may have changed it. The tokens of a pool that was deleted do not
// verify any more. Of an empty id, it drops all pools from memory: one has changed, and it is unknown which.
func (s *Service) Changed(ctx context.Context, poolID string) error {
	if poolID == "" {
		s.pools.clear()
		return nil
	}
	s.pools.drop(poolID)
	p, err := s.load(ctx, poolID)
	if fault.Is(err, fault.ResourceNotFound) {
		if !s.ring.Withdrawn(poolID) {
			s.forgetKeys(poolID)
			s.clients.clear()
		}
		return nil
	}
	if err != nil {
		return err
	}
	return s.ring.Publish(poolID, p.keys)
}

// ChangedClient drops a client from memory, after another process may have changed it.
func (s *Service) ChangedClient(id string) { s.clients.drop(id) }

// ChangedAll is Changed for every pool, and drops all clients.
func (s *Service) ChangedAll(ctx context.Context) error {
	s.clients.clear()
	s.pools.clear()
	for _, owner := range s.ring.Owners() {
		if err := s.Changed(ctx, owner); err != nil {
			return err
		}
	}
	return s.Start(ctx) // publishes the keys of pools that are new
}

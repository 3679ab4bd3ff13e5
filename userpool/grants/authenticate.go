package grants

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Caller is a client that has authenticated.
type Caller struct {
	Pool   *userpool.Pool
	Client *userpool.Client
	Method string
}

// Authenticate returns the client of a pool that the credentials prove. A client that does not exist, one of another pool, a wrong
// secret and one that is missing are the same InvalidClient, after the same work.
func (s *Service) Authenticate(ctx context.Context, poolID string, c Credentials) (*Caller, error) {
	p, client, err := s.o.Pools.ClientOf(ctx, poolID, c.ClientID)
	if err != nil && !fault.Is(err, fault.ResourceNotFound) {
		return nil, err
	}
	if err == nil && c.proves(client) {
		return &Caller{Pool: p, Client: client, Method: c.Method}, nil
	}
	if err == nil {
		// The client may be in the cache; one that does not exist never is. Reading the store takes the same time for both.
		err = s.base.View(ctx, func(tx store.Tx) error {
			_, err := tx.Clients.Get(c.ClientID)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return nil, refuse(InvalidClient, "")
}

// proves reports whether the credentials prove the client.
func (c *Credentials) proves(client *userpool.Client) bool {
	switch c.Method {
	case Basic, Post:
		if client.Secret.IsZero() {
			return false
		}
		proved := false
		for _, secret := range c.secrets {
			if client.CheckSecret(secret) == nil {
				proved = true
			}
		}
		return proved
	case None:
		return client.Secret.IsZero()
	}
	return false
}

package grants

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Caller is a client that has authenticated.
type Caller struct {
	Pool   *userpool.Pool   // of Client
	Client *userpool.Client // as it was when it authenticated
	Method string           // Basic, Post, PrivateKeyJWT or None
}

// Authenticate returns the client of a pool that the credentials prove. A client that does not exist, one of another pool, a wrong
// secret and one that is missing are the same InvalidClient, after the same work.
func (s *Service) Authenticate(ctx context.Context, poolID string, c Credentials) (*Caller, error) {
	if c.ClientID == "" && c.Method == PrivateKeyJWT {
		c.ClientID, _ = token.UnverifiedIssuer(c.assertion)
	}
	p, client, err := s.o.Pools.ClientOf(ctx, poolID, c.ClientID)
	if err != nil && !fault.Is(err, fault.ResourceNotFound) {
		return nil, err
	}
	known := err == nil
	if known {
		proved, err := s.proves(ctx, &c, p, client)
		if err != nil {
			return nil, err
		}
		if proved {
			return &Caller{Pool: p, Client: client, Method: c.Method}, nil
		}
	}
	if known {
		// The client may be in the cache; one that does not exist never is. Reading the store takes the same time for both.
		err := s.base.View(ctx, func(tx store.Tx) error {
			_, err := tx.Clients.Get(c.ClientID)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return nil, refuse(InvalidClient, "")
}

// proves reports whether the credentials prove the client. A client that signs assertions cannot prove itself by anything less.
func (s *Service) proves(ctx context.Context, c *Credentials, p *userpool.Pool, client *userpool.Client) (bool, error) {
	if client.Settings.OAuth.SignsAssertions() || c.Method == PrivateKeyJWT {
		if !client.Settings.OAuth.SignsAssertions() || c.Method != PrivateKeyJWT {
			return false, nil
		}
		return s.asserts(ctx, c, p, client)
	}
	if c.Method == None || client.Secret.IsZero() {
		return c.Method == None && client.Secret.IsZero(), nil
	}
	proved := false
	for _, secret := range c.secrets {
		if client.HasSecret(secret) {
			proved = true
		}
	}
	if c.posted != "" && !client.HasSecret(c.posted) {
		proved = false
	}
	return proved, nil
}

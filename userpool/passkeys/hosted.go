package passkeys

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// StartFor is Start for a user who is signed in on the login pages, with the name by which the user knows the account: devices show it in
// their list of passkeys.
func (s *Service) StartFor(ctx context.Context, p *userpool.Pool, c *userpool.Client, sub, name string) (json.RawMessage, error) {
	h, err := s.signedIn(ctx, p, c, sub)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, h, name)
}

// CompleteFor is Complete for a user who is signed in on the login pages.
func (s *Service) CompleteFor(ctx context.Context, p *userpool.Pool, c *userpool.Client, sub string, credential json.RawMessage) error {
	h, err := s.signedIn(ctx, p, c, sub)
	if err != nil {
		return err
	}
	return s.finish(ctx, h, credential)
}

// signedIn returns the user as the holder of a session. The error is userpool.ErrNoUser, or userpool.ErrDisabled.
func (s *Service) signedIn(ctx context.Context, p *userpool.Pool, c *userpool.Client, sub string) (*tokens.Holder, error) {
	var u store.User
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		u, err = tx.Users.Get(p.ID, sub)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, userpool.ErrNoUser
	case err != nil:
		return nil, err
	case !u.Enabled:
		return nil, userpool.ErrDisabled
	}
	return &tokens.Holder{Pool: p, Client: c, User: u}, nil
}

package oauth

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what New needs. Base, Pools and Tokens are required.
type Options struct {
	Base   *userpool.Base    // the store with codes and sessions, and what seals requests
	Pools  *userpool.Service // finds pools and app clients
	Tokens *tokens.Service   // issues the tokens of a code
	// Reach returns the levels that a user can reach at a client, see userpool/assurance, the highest first; nil does not know.
	Reach func(ctx context.Context, p *userpool.Pool, c *userpool.Client, sub string) ([]int, error)
	// Identifier returns the name of the identity provider of a pool that has the identifier, or a fault.ResourceNotFound; nil knows none.
	Identifier func(ctx context.Context, poolID, identifier string) (string, error)
	// Strict turns off what Cognito does not do.
	Strict bool
}

// Service authorizes requests. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.Tokens == nil {
		return nil, errors.New("oauth: Options.Base, Pools and Tokens are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

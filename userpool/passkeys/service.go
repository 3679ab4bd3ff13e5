package passkeys

import (
	"errors"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what New needs. All are required.
type Options struct {
	Base   *userpool.Base    // the store, clock and randomness of all user pools
	Pools  *userpool.Service // the pools of the same store
	Tokens *tokens.Service   // checks access tokens
}

// Service keeps passkeys. Its methods may be called from any goroutine.
type Service struct {
	o      Options
	base   *userpool.Base
	anyKey []byte // see answerOf
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.Tokens == nil {
		return nil, errors.New("passkeys: Options.Base, Options.Pools and Options.Tokens are required")
	}
	key, err := anyKey()
	return &Service{o: o, base: o.Base, anyKey: key}, err
}

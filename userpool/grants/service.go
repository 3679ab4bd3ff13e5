package grants

import (
	"errors"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what New needs. All are required.
type Options struct {
	Base     *userpool.Base    // the store with device grants and spent assertions, and the clock
	Pools    *userpool.Service // finds and makes app clients
	Tokens   *tokens.Service   // issues, inspects, exchanges and revokes tokens
	OAuth    *oauth.Service    // redeems codes and takes pushed requests
	SignOuts SignOuts          // knows which access tokens were revoked
}

// Service gives tokens to app clients. Its methods may be called from any goroutine.
type Service struct {
	o      Options
	base   *userpool.Base
	grants map[string]grant // by grant_type

	verifiers *bounded.Map[string, *token.Verifier] // of clients' assertions
	polls     *bounded.Map[string, poll]            // of devices that wait for their user, by device grant
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.Tokens == nil || o.OAuth == nil || o.SignOuts == nil {
		return nil, errors.New("grants: Options.Base, Pools, Tokens, OAuth and SignOuts are required")
	}
	s := &Service{o: o, base: o.Base, verifiers: bounded.New[string, *token.Verifier](maxVerifiers),
		polls: bounded.New[string, poll](maxPolls)}
	s.grants = s.registry()
	return s, nil
}

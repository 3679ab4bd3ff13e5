package grants

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// ClientTokenRequest is the input of GetClientToken.
type ClientTokenRequest struct {
	ClientID string            // names the app client, and so the pool
	Secret   string            // one of the client's
	Scopes   []string          // none means all that the client may have
	Metadata map[string]string // ClientMetadata for PreTokenGeneration; nil = none
}

// ClientToken is GetClientToken: the token of a client that acts for itself. The client must allow ALLOW_CLIENT_TOKEN_AUTH. The
// errors are faults.
func (s *Service) ClientToken(ctx context.Context, in ClientTokenRequest) (*tokens.Set, error) {
	p, c, err := s.o.Pools.PoolAndClient(ctx, in.ClientID)
	if err != nil {
		return nil, err
	}
	if err := c.CheckSecret(in.Secret); err != nil {
		return nil, err
	}
	if c.Secret.IsZero() || !c.Allowed["ALLOW_CLIENT_TOKEN_AUTH"] {
		return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
	}
	scopes, err := machineScopes(&Caller{Pool: p, Client: c}, in.Scopes)
	if refused, ok := err.(*Error); ok { //nolint:errorlint // machineScopes returns it as it is
		return nil, fault.Wrap(fault.InvalidParameter, refused, "Invalid scope requested")
	}
	if err != nil {
		return nil, err
	}
	return s.o.Tokens.IssueMachine(ctx, tokens.MachineRequest{Pool: p, Client: c, Scopes: scopes, Metadata: in.Metadata})
}

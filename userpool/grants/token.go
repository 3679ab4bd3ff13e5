package grants

import (
	"context"
	"maps"
	"slices"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Request is a request to the token endpoint.
type Request struct {
	PoolID      string                 // of the endpoint
	Parameters  Parameters             // of the form, each once
	Credentials Credentials            // as Present returns them
	Context     userpool.ClientContext // its Metadata is not used: see aws_client_metadata
}

// Answer is the tokens that a grant gives.
type Answer struct {
	tokens.Set
	IssuedTokenType string // of a token exchange; "" else
	Scope           string // "" leaves it out, as Cognito does
}

// grant runs one grant for a client that has authenticated. Its errors are converted by refusal.
type grant func(ctx context.Context, by *Caller, r *Request) (*Answer, error)

// registry returns the grants by their grant_type.
func (s *Service) registry() map[string]grant {
	return map[string]grant{
		"authorization_code": s.authorizationCode,
		"client_credentials": s.clientCredentials,
		"refresh_token":      s.refreshToken,
		deviceType:           s.deviceCode,
		exchangeType:         s.tokenExchange,
	}
}

// GrantTypes returns all grant types, in alphabetical order.
func GrantTypes() []string { return slices.Sorted(maps.Keys((&Service{}).registry())) }

// Token runs the grant that the request names. The error is an *Error, internal, or a fault of kind Unavailable.
func (s *Service) Token(ctx context.Context, r Request) (*Answer, error) {
	kind := r.Parameters["grant_type"]
	if kind == "" {
		return nil, refuse(InvalidRequest, "grant_type is missing.")
	}
	by, err := s.Authenticate(ctx, r.PoolID, r.Credentials)
	if err != nil {
		return nil, err
	}
	run := s.grants[kind]
	if run == nil {
		return nil, refuse(UnsupportedGrantType, "")
	}
	answer, err := run(ctx, by, &r)
	return answer, refusal(err)
}

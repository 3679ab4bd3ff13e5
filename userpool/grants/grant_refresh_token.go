package grants

import (
	"context"

	"github.com/sluicegate/sluice/userpool/tokens"
)

// refreshToken is the grant of RFC 6749 section 6. As at Cognito, it takes every refresh token of the client, also that of a
// sign-in through the API, and has no use for scope: the tokens get the scopes of the sign-in.
func (s *Service) refreshToken(ctx context.Context, by *Caller, r *Request) (*Answer, error) {
	if !by.Client.Rotates && !by.Client.Allowed["ALLOW_REFRESH_TOKEN_AUTH"] {
		return nil, refuse(UnauthorizedClient, "")
	}
	raw := r.Parameters["refresh_token"]
	if raw == "" {
		return nil, refuse(InvalidRequest, "refresh_token is missing.")
	}
	set, err := s.o.Tokens.Renew(ctx, tokens.RenewRequest{Pool: by.Pool, Client: by.Client, RefreshToken: raw, Visit: by.Client.Visit(r.Context)})
	if err != nil {
		return nil, err
	}
	return &Answer{Set: *set}, nil
}

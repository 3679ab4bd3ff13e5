package grants

import (
	"context"

	"github.com/sluicegate/sluice/fault"
)

// Revoke ends the sign-in of a refresh token: that token and every ID and access token with its origin_jti. An unknown token is
// no error.
//
// Source: RFC 7009; the Amazon Cognito developer guide, "Revoke endpoint".
func (s *Service) Revoke(ctx context.Context, poolID string, p Parameters, c Credentials) error {
	by, err := s.Authenticate(ctx, poolID, c)
	if err != nil {
		return err
	}
	raw := p["token"]
	if raw == "" {
		return refuse(InvalidRequest, "token is missing.")
	}
	err = s.o.Tokens.Revoke(ctx, by.Pool, by.Client, raw, false)
	switch fault.KindOf(err) {
	case fault.InvalidParameter: // a text that is not one of our tokens
		return nil
	case fault.UnsupportedOperation:
		return &Error{Code: InvalidRequest, Description: "Token revocation is not enabled for the client.", cause: err}
	case fault.UnsupportedTokenType:
		return &Error{Code: UnsupportedTokenType, Description: "Only refresh tokens can be revoked.", cause: err}
	case fault.Unauthorized: // RFC 6749 section 5.2: issued to another client
		return &Error{Code: InvalidGrant, cause: err}
	default:
		return refusal(err)
	}
}

package grants

import (
	"context"
	"errors"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Scopes of OpenID Connect.
const (
	openID  = "openid"
	profile = "profile"
	email   = "email"
	phone   = "phone"
)

// The texts with which the UserInfo endpoint refuses a token.
const (
	infoRefused = "Access token is expired, disabled, or deleted, or the user has globally signed out."
	infoScope   = "Access token does not contain openid scope"
)

// UserInfo returns the claims about the user of an access token with the scope openid. All are text, as at Cognito, where
// email_verified is "true". The error is InvalidToken for a token that is not accepted.
//
// Source: OpenID Connect Core 1.0 section 5.3; the Amazon Cognito developer guide, "UserInfo endpoint".
func (s *Service) UserInfo(ctx context.Context, poolID, accessToken string) (map[string]string, error) {
	h, err := s.o.Tokens.AuthenticateFor(ctx, accessToken, openID)
	if err == nil && h.Pool.ID != poolID {
		err = fault.New(fault.NotAuthorized, "the token belongs to another pool")
	}
	switch {
	case errors.Is(err, tokens.ErrAccessScope):
		return nil, &Error{Code: InvalidToken, Description: infoScope, cause: err}
	case fault.Is(err, fault.NotAuthorized), fault.Is(err, fault.UserNotFound), fault.Is(err, fault.PasswordResetRequired):
		return nil, &Error{Code: InvalidToken, Description: infoRefused, cause: err}
	case err != nil:
		return nil, err
	}
	return claimsOf(h.Client, &h.User, h.Token.Scopes), nil
}

// claimsOf returns the claims about a user that the scopes release to the client.
func claimsOf(c *userpool.Client, u *store.User, scopes []string) map[string]string {
	claims := map[string]string{}
	for name, value := range u.Attributes {
		if !strings.HasPrefix(name, "dev:") && tokens.Released(scopes, c, name) {
			claims[name] = value
		}
	}
	claims["sub"], claims["username"] = u.Sub, u.Username
	return claims
}

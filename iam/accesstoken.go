package iam

import (
	"bytes"
	"context"
	"errors"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
)

// AccessTokens verifies access tokens of the providers that AssumeRoleWithWebIdentity takes as ProviderId. Package accesstoken has its
// errors.
type AccessTokens interface {
	// Verify returns the user of a token of any application.
	Verify(ctx context.Context, provider, token string, apps ...string) (*accesstoken.User, error)
}

// subjectKeys are the names of the condition keys for the user of an access token; that of the application is app_id. IAM user guide,
// "Keys for AWS OIDC federation".
var subjectKeys = map[string]string{accesstoken.Facebook: "id", accesstoken.Amazon: "user_id"}

// userKeys are the names of the condition keys for the user that the sessions of providers without an ARN keep. IAM user guide,
// "Identify users with OIDC federation".
var userKeys = map[string]string{googleProvider: "sub", accesstoken.Facebook: "id", accesstoken.Amazon: "user_id"}

// UseAccessTokens sets the verifier of access tokens. Without one they are refused.
func (s *Service) UseAccessTokens(v AccessTokens) { s.access.Store(&v) }

// verifyAccess verifies an access token. The provider is asked only for a role whose trust policy names it, so that callers cannot make Sluice
// ask for nothing.
func (s *Service) verifyAccess(ctx context.Context, in WebIdentityInput) (*token.Token, error) {
	if subjectKeys[in.ProviderID] == "" {
		return nil, fault.New(fault.InvalidIdentityToken, "%s is not a provider of OAuth 2.0 access tokens: ProviderId is %s or %s, and is left out for an OpenID Connect token.",
			in.ProviderID, accesstoken.Amazon, accesstoken.Facebook)
	}
	verifier := s.access.Load()
	if verifier == nil {
		return nil, fault.New(fault.InvalidIdentityToken, "Access tokens of %s cannot be verified by this server.", in.ProviderID)
	}
	if to := s.current.Load().byARN[in.RoleARN]; to == nil || !bytes.Contains(to.record.Trust, []byte(in.ProviderID)) {
		return nil, errNotTrusted(notAuthorizedWeb)
	}
	user, err := (*verifier).Verify(ctx, in.ProviderID, in.Token)
	switch {
	case errors.Is(err, accesstoken.ErrIDToken):
		return nil, fault.Wrap(fault.InvalidIdentityToken, err, "The token is an ID token: leave ProviderId out, or send the access token of %s.", in.ProviderID)
	case errors.Is(err, accesstoken.ErrUnavailable):
		return nil, fault.Wrap(fault.ExternalService, err, "Couldn't verify the token: %s does not answer", in.ProviderID)
	case errors.Is(err, accesstoken.ErrRefused):
		return nil, fault.Wrap(fault.InvalidIdentityToken, err, "The access token of %s is not valid, or has expired.", in.ProviderID)
	case err != nil:
		return nil, err
	}
	now := s.now().Unix()
	return &token.Token{Issuer: &token.Issuer{URL: "https://" + in.ProviderID}, Subject: user.ID, Audience: []string{user.App}, AuthTime: now, IssuedAt: now}, nil
}

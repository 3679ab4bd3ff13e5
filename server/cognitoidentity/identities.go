package cognitoidentity

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/rpc"
)

// tell reports a refusal. The caller sees a sentence of AWS, and the operator finds the cause by the id.
func (s *server) tell(ctx context.Context, c *rpc.Call, poolOrIdentity string, err error) {
	if s.Refused != nil && fault.Is(err, fault.NotAuthorized) {
		s.Refused(ctx, c.Operation.Name, c.RequestID, poolOrIdentity, err)
	}
}

func (s *server) getID(ctx context.Context, c *rpc.Call, in *cognitoidentity.GetIdInput) (*cognitoidentity.GetIdResponse, error) {
	id, err := s.Pools.GetID(ctx, api.Value(in.IdentityPoolId), api.Value(in.AccountId), in.Logins)
	s.tell(ctx, c, api.Value(in.IdentityPoolId), err)
	return &cognitoidentity.GetIdResponse{IdentityId: &id}, err
}

func (s *server) getCredentialsForIdentity(ctx context.Context, c *rpc.Call, in *cognitoidentity.GetCredentialsForIdentityInput) (*cognitoidentity.GetCredentialsForIdentityResponse, error) {
	out, err := s.Pools.GetCredentials(ctx, api.Value(in.IdentityId), in.Logins, api.Value(in.CustomRoleArn), s.env(c))
	if err != nil {
		s.tell(ctx, c, api.Value(in.IdentityId), err)
		return nil, err
	}
	if s.Minted != nil {
		s.Minted(c.Operation.Name)
	}
	return &cognitoidentity.GetCredentialsForIdentityResponse{IdentityId: &out.IdentityID, Credentials: &cognitoidentity.Credentials{
		AccessKeyId: &out.Session.AccessKeyID, SecretKey: new(out.Session.SecretAccessKey.Reveal()),
		SessionToken: &out.Session.SessionToken, Expiration: api.At(out.Session.Expiration),
	}}, nil
}

func (s *server) getOpenIDToken(ctx context.Context, c *rpc.Call, in *cognitoidentity.GetOpenIdTokenInput) (*cognitoidentity.GetOpenIdTokenResponse, error) {
	out, err := s.Pools.GetOpenIDToken(ctx, api.Value(in.IdentityId), in.Logins)
	s.tell(ctx, c, api.Value(in.IdentityId), err)
	return &cognitoidentity.GetOpenIdTokenResponse{IdentityId: &out.IdentityID, Token: &out.Token}, err
}

func (s *server) getOpenIDTokenForDeveloperIdentity(ctx context.Context, c *rpc.Call, in *cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput) (*cognitoidentity.GetOpenIdTokenForDeveloperIdentityResponse, error) {
	out, err := s.Pools.DeveloperToken(ctx, identitypool.DeveloperInput{
		PoolID: api.Value(in.IdentityPoolId), IdentityID: api.Value(in.IdentityId), Logins: in.Logins, Tags: in.PrincipalTags,
		Life: time.Duration(api.Value(in.TokenDuration)) * time.Second,
	})
	s.tell(ctx, c, api.Value(in.IdentityPoolId), err)
	return &cognitoidentity.GetOpenIdTokenForDeveloperIdentityResponse{IdentityId: &out.IdentityID, Token: &out.Token}, err
}

func (s *server) describeIdentity(ctx context.Context, _ *rpc.Call, in *cognitoidentity.DescribeIdentityInput) (*cognitoidentity.IdentityDescription, error) {
	i, err := s.Pools.DescribeIdentity(ctx, api.Value(in.IdentityId))
	out := identityOut(i)
	return &out, err
}

func (s *server) listIdentities(ctx context.Context, _ *rpc.Call, in *cognitoidentity.ListIdentitiesInput) (*cognitoidentity.ListIdentitiesResponse, error) {
	after, err := afterToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Pools.ListIdentities(ctx, api.Value(in.IdentityPoolId), after, api.Value(in.MaxResults), api.Value(in.HideDisabled))
	if err != nil {
		return nil, err
	}
	out := &cognitoidentity.ListIdentitiesResponse{IdentityPoolId: in.IdentityPoolId, NextToken: rpc.PageToken(next), Identities: []cognitoidentity.IdentityDescription{}}
	for _, i := range list {
		out.Identities = append(out.Identities, identityOut(i))
	}
	return out, nil
}

func (s *server) deleteIdentities(ctx context.Context, _ *rpc.Call, in *cognitoidentity.DeleteIdentitiesInput) (*cognitoidentity.DeleteIdentitiesResponse, error) {
	out := &cognitoidentity.DeleteIdentitiesResponse{UnprocessedIdentityIds: []cognitoidentity.UnprocessedIdentityId{}}
	for _, id := range s.Pools.DeleteIdentities(ctx, in.IdentityIdsToDelete) {
		out.UnprocessedIdentityIds = append(out.UnprocessedIdentityIds, cognitoidentity.UnprocessedIdentityId{
			IdentityId: &id, ErrorCode: new(cognitoidentity.ErrorCodeInternalServerError),
		})
	}
	return out, nil
}

func (s *server) unlinkIdentity(ctx context.Context, c *rpc.Call, in *cognitoidentity.UnlinkIdentityInput) (*api.Empty, error) {
	err := s.Pools.Unlink(ctx, api.Value(in.IdentityId), in.Logins, in.LoginsToRemove)
	s.tell(ctx, c, api.Value(in.IdentityId), err)
	return nil, err
}

func (s *server) lookupDeveloperIdentity(ctx context.Context, _ *rpc.Call, in *cognitoidentity.LookupDeveloperIdentityInput) (*cognitoidentity.LookupDeveloperIdentityResponse, error) {
	after, err := afterToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	id, users, next, err := s.Pools.Lookup(ctx, api.Value(in.IdentityPoolId), api.Value(in.IdentityId),
		api.Value(in.DeveloperUserIdentifier), after, api.Value(in.MaxResults))
	return &cognitoidentity.LookupDeveloperIdentityResponse{IdentityId: &id, DeveloperUserIdentifierList: users, NextToken: rpc.PageToken(next)}, err
}

func (s *server) mergeDeveloperIdentities(ctx context.Context, _ *rpc.Call, in *cognitoidentity.MergeDeveloperIdentitiesInput) (*cognitoidentity.MergeDeveloperIdentitiesResponse, error) {
	id, err := s.Pools.Merge(ctx, api.Value(in.IdentityPoolId), api.Value(in.DeveloperProviderName),
		api.Value(in.SourceUserIdentifier), api.Value(in.DestinationUserIdentifier))
	return &cognitoidentity.MergeDeveloperIdentitiesResponse{IdentityId: &id}, err
}

func (s *server) unlinkDeveloperIdentity(ctx context.Context, _ *rpc.Call, in *cognitoidentity.UnlinkDeveloperIdentityInput) (*api.Empty, error) {
	return nil, s.Pools.UnlinkDeveloper(ctx, api.Value(in.IdentityPoolId), api.Value(in.IdentityId),
		api.Value(in.DeveloperProviderName), api.Value(in.DeveloperUserIdentifier))
}

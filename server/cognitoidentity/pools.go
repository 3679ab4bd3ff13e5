package cognitoidentity

import (
	"context"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/rpc"
)

func (s *server) createIdentityPool(ctx context.Context, _ *rpc.Call, in *cognitoidentity.CreateIdentityPoolInput) (*cognitoidentity.IdentityPool, error) {
	if err := rpc.CheckTags(in.IdentityPoolTags); err != nil {
		return nil, err
	}
	p, err := s.Pools.Create(ctx, api.Value(in.IdentityPoolName), createIn(in))
	if err != nil {
		return nil, err
	}
	return poolOut(p), nil
}

func (s *server) updateIdentityPool(ctx context.Context, _ *rpc.Call, in *cognitoidentity.IdentityPool) (*cognitoidentity.IdentityPool, error) {
	if err := rpc.CheckTags(in.IdentityPoolTags); err != nil {
		return nil, err
	}
	p, err := s.Pools.Update(ctx, api.Value(in.IdentityPoolId), api.Value(in.IdentityPoolName), updateIn(in))
	if err != nil {
		return nil, err
	}
	return poolOut(p), nil
}

func (s *server) describeIdentityPool(_ context.Context, _ *rpc.Call, in *cognitoidentity.DescribeIdentityPoolInput) (*cognitoidentity.IdentityPool, error) {
	p, err := s.Pools.Describe(api.Value(in.IdentityPoolId))
	if err != nil {
		return nil, err
	}
	return poolOut(p), nil
}

func (s *server) deleteIdentityPool(ctx context.Context, _ *rpc.Call, in *cognitoidentity.DeleteIdentityPoolInput) (*api.Empty, error) {
	return nil, s.Pools.Delete(ctx, api.Value(in.IdentityPoolId))
}

func (s *server) listIdentityPools(ctx context.Context, _ *rpc.Call, in *cognitoidentity.ListIdentityPoolsInput) (*cognitoidentity.ListIdentityPoolsResponse, error) {
	after, err := afterToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	pools, next := s.Pools.List(ctx, after, api.Value(in.MaxResults))
	out := &cognitoidentity.ListIdentityPoolsResponse{NextToken: rpc.PageToken(next), IdentityPools: []cognitoidentity.IdentityPoolShortDescription{}}
	for _, p := range pools {
		out.IdentityPools = append(out.IdentityPools, cognitoidentity.IdentityPoolShortDescription{IdentityPoolId: &p.ID, IdentityPoolName: &p.Name})
	}
	return out, nil
}

func (s *server) setIdentityPoolRoles(ctx context.Context, _ *rpc.Call, in *cognitoidentity.SetIdentityPoolRolesInput) (*api.Empty, error) {
	for key := range in.Roles {
		if key != keyAuthenticated && key != keyGuest {
			return nil, fault.New(fault.InvalidParameter, "%s is not a valid role type; use authenticated or unauthenticated.", key)
		}
	}
	return nil, s.Pools.SetRoles(ctx, api.Value(in.IdentityPoolId), rolesIn(in))
}

func (s *server) getIdentityPoolRoles(_ context.Context, _ *rpc.Call, in *cognitoidentity.GetIdentityPoolRolesInput) (*cognitoidentity.GetIdentityPoolRolesResponse, error) {
	roles, err := s.Pools.GetRoles(api.Value(in.IdentityPoolId))
	if err != nil {
		return nil, err
	}
	return rolesOut(api.Value(in.IdentityPoolId), roles), nil
}

func (s *server) setPrincipalTagAttributeMap(ctx context.Context, _ *rpc.Call, in *cognitoidentity.SetPrincipalTagAttributeMapInput) (*cognitoidentity.SetPrincipalTagAttributeMapResponse, error) {
	m, err := s.Pools.SetTagMap(ctx, api.Value(in.IdentityPoolId), api.Value(in.IdentityProviderName),
		identitypool.TagMap{UseDefaults: api.Value(in.UseDefaults), Tags: in.PrincipalTags})
	if err != nil {
		return nil, err
	}
	return &cognitoidentity.SetPrincipalTagAttributeMapResponse{
		IdentityPoolId: in.IdentityPoolId, IdentityProviderName: in.IdentityProviderName, UseDefaults: &m.UseDefaults, PrincipalTags: orEmpty(m.Tags),
	}, nil
}

func (s *server) getPrincipalTagAttributeMap(_ context.Context, _ *rpc.Call, in *cognitoidentity.GetPrincipalTagAttributeMapInput) (*cognitoidentity.GetPrincipalTagAttributeMapResponse, error) {
	m, err := s.Pools.GetTagMap(api.Value(in.IdentityPoolId), api.Value(in.IdentityProviderName))
	if err != nil {
		return nil, err
	}
	return &cognitoidentity.GetPrincipalTagAttributeMapResponse{
		IdentityPoolId: in.IdentityPoolId, IdentityProviderName: in.IdentityProviderName, UseDefaults: &m.UseDefaults, PrincipalTags: orEmpty(m.Tags),
	}, nil
}

func (s *server) tagResource(ctx context.Context, _ *rpc.Call, in *cognitoidentity.TagResourceInput) (*cognitoidentity.TagResourceResponse, error) {
	if err := rpc.CheckTags(in.Tags); err != nil {
		return nil, err
	}
	id, err := s.Pools.PoolOf(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return nil, s.Pools.Tag(ctx, id, in.Tags)
}

func (s *server) untagResource(ctx context.Context, _ *rpc.Call, in *cognitoidentity.UntagResourceInput) (*cognitoidentity.UntagResourceResponse, error) {
	id, err := s.Pools.PoolOf(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return nil, s.Pools.Untag(ctx, id, in.TagKeys)
}

func (s *server) listTagsForResource(ctx context.Context, _ *rpc.Call, in *cognitoidentity.ListTagsForResourceInput) (*cognitoidentity.ListTagsForResourceResponse, error) {
	id, err := s.Pools.PoolOf(ctx, api.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	p, err := s.Pools.Describe(id)
	return &cognitoidentity.ListTagsForResourceResponse{Tags: orEmpty(p.Tags)}, err
}

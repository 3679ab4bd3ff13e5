package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
)

// poolOperations are the operations on pools.
func (s *server) poolOperations() rpc.Registry {
	return rpc.Registry{
		"AddCustomAttributes": rpc.Handle(s.addCustomAttributes),
		"CreateUserPool":      rpc.Handle(s.createUserPool),
		"DeleteUserPool":      rpc.Handle(s.deleteUserPool),
		"DescribeUserPool":    rpc.Handle(s.describeUserPool),
		"ListUserPools":       rpc.Handle(s.listUserPools),
		"UpdateUserPool":      rpc.Handle(s.updateUserPool),
	}
}

func (s *server) createUserPool(ctx context.Context, _ *rpc.Call, in *wire.CreateUserPoolRequest) (*wire.CreateUserPoolResponse, error) {
	settings, name, err := poolIn(in)
	if err != nil {
		return nil, err
	}
	if err := s.checkPool(ctx, "", &settings, in.EmailConfiguration); err != nil {
		return nil, err
	}
	p, err := s.pools.CreateUserPool(ctx, name, settings)
	if err != nil {
		return nil, err
	}
	out, err := poolOut(p)
	return &wire.CreateUserPoolResponse{UserPool: out}, err
}

func (s *server) describeUserPool(ctx context.Context, _ *rpc.Call, in *wire.DescribeUserPoolRequest) (*wire.DescribeUserPoolResponse, error) {
	p, err := s.pools.DescribeUserPool(ctx, api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	out, err := poolOut(p)
	if err != nil {
		return nil, err
	}
	out.UserPoolTags = present(out.UserPoolTags)
	list, err := s.domains.OfPool(ctx, p.ID)
	for _, d := range list {
		if d.Custom {
			out.CustomDomain = &d.Name
		} else {
			out.Domain = &d.Name
		}
	}
	return &wire.DescribeUserPoolResponse{UserPool: out}, err
}

func (s *server) updateUserPool(ctx context.Context, _ *rpc.Call, in *wire.UpdateUserPoolRequest) (*wire.UpdateUserPoolResponse, error) {
	settings, name, err := poolIn(in)
	if err != nil {
		return nil, err
	}
	if err := s.checkPool(ctx, api.Value(in.UserPoolId), &settings, in.EmailConfiguration); err != nil {
		return nil, err
	}
	return nil, s.pools.UpdateUserPool(ctx, api.Value(in.UserPoolId), name, settings)
}

func (s *server) deleteUserPool(ctx context.Context, _ *rpc.Call, in *wire.DeleteUserPoolRequest) (*api.Empty, error) {
	return nil, s.pools.DeleteUserPool(ctx, api.Value(in.UserPoolId))
}

func (s *server) listUserPools(ctx context.Context, _ *rpc.Call, in *wire.ListUserPoolsRequest) (*wire.ListUserPoolsResponse, error) {
	after, size, err := s.pageOf(in.NextToken, in.MaxResults, "ListUserPools")
	if err != nil {
		return nil, err
	}
	list, last, err := s.pools.ListUserPools(ctx, after, size)
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoolsResponse{UserPools: []wire.UserPoolDescriptionType{}}
	for _, p := range list {
		lambda := &wire.LambdaConfigType{}
		if err := convert(p.Settings.LambdaConfig, lambda); err != nil {
			return nil, err
		}
		d := wire.UserPoolDescriptionType{Id: &p.ID, Name: &p.Name, LambdaConfig: lambda,
			CreationDate: api.At(p.CreatedAt), LastModifiedDate: api.At(p.ModifiedAt)}
		for _, r := range p.Settings.Replicas {
			d.ReplicaRegions = append(d.ReplicaRegions, r.Region)
		}
		out.UserPools = append(out.UserPools, d)
	}
	out.NextToken, err = s.next(last, "ListUserPools")
	return out, err
}

func (s *server) addCustomAttributes(ctx context.Context, _ *rpc.Call, in *wire.AddCustomAttributesRequest) (*wire.AddCustomAttributesResponse, error) {
	var attrs []userpool.SchemaAttribute
	if err := convert(in.CustomAttributes, &attrs); err != nil {
		return nil, err
	}
	return nil, s.pools.AddCustomAttributes(ctx, api.Value(in.UserPoolId), attrs)
}

package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
)

// factorOperations are the operations on the factors of users.
func (s *server) factorOperations() rpc.Registry {
	return rpc.Registry{
		"AdminGetUserAuthFactors": rpc.Handle(s.adminGetUserAuthFactors),
		"GetUserAuthFactors":      rpc.Handle(s.getUserAuthFactors),
	}
}

func (s *server) getUserAuthFactors(ctx context.Context, _ *rpc.Call, in *wire.GetUserAuthFactorsRequest) (*wire.GetUserAuthFactorsResponse, error) {
	f, err := s.factors.GetUserAuthFactors(ctx, api.Value(in.AccessToken))
	if err != nil {
		return nil, err
	}
	return &wire.GetUserAuthFactorsResponse{Username: &f.Username, ConfiguredUserAuthFactors: f.Configured, UserMFASettingList: f.MFA,
		PreferredMfaSetting: textOut(f.Preferred)}, nil
}

func (s *server) adminGetUserAuthFactors(ctx context.Context, _ *rpc.Call, in *wire.AdminGetUserAuthFactorsRequest) (*wire.AdminGetUserAuthFactorsResponse, error) {
	f, err := s.factors.AdminGetUserAuthFactors(ctx, api.Value(in.UserPoolId), api.Value(in.Username))
	if err != nil {
		return nil, err
	}
	return &wire.AdminGetUserAuthFactorsResponse{Username: &f.Username, ConfiguredUserAuthFactors: f.Configured, UserMFASettingList: f.MFA,
		PreferredMfaSetting: textOut(f.Preferred)}, nil
}

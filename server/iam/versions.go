package iam

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/fault"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

func (s *server) createPolicyVersion(ctx context.Context, _ *rpc.Call, in *iam.CreatePolicyVersionRequest) (*iam.CreatePolicyVersionResponse, error) {
	v, err := s.iam.CreatePolicyVersion(ctx, api.Value(in.PolicyArn), json.RawMessage(api.Value(in.PolicyDocument)), api.Value(in.SetAsDefault))
	if err != nil {
		return nil, err
	}
	return &iam.CreatePolicyVersionResponse{PolicyVersion: new(versionOut(v))}, nil
}

func (s *server) getPolicyVersion(_ context.Context, _ *rpc.Call, in *iam.GetPolicyVersionRequest) (*iam.GetPolicyVersionResponse, error) {
	v, err := s.iam.GetPolicyVersion(api.Value(in.PolicyArn), api.Value(in.VersionId))
	if err != nil {
		return nil, err
	}
	out := versionOut(v)
	out.Document = document(v.Document)
	return &iam.GetPolicyVersionResponse{PolicyVersion: &out}, nil
}

func (s *server) listPolicyVersions(_ context.Context, _ *rpc.Call, in *iam.ListPolicyVersionsRequest) (*iam.ListPolicyVersionsResponse, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	list, err := s.iam.ListPolicyVersions(api.Value(in.PolicyArn))
	if err != nil {
		return nil, err
	}
	if after != "" {
		i := slices.IndexFunc(list, func(v domain.PolicyVersion) bool { return v.ID == after })
		if i < 0 {
			return nil, fault.New(fault.Validation, "Invalid Marker.")
		}
		list = list[i+1:]
	}
	next := ""
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].ID
	}
	out := &iam.ListPolicyVersionsResponse{Versions: []iam.PolicyVersion{}}
	out.IsTruncated, out.Marker = more(next)
	for _, v := range list {
		out.Versions = append(out.Versions, versionOut(v))
	}
	return out, nil
}

func (s *server) setDefaultPolicyVersion(ctx context.Context, _ *rpc.Call, in *iam.SetDefaultPolicyVersionRequest) (*api.Empty, error) {
	return nil, s.iam.SetDefaultPolicyVersion(ctx, api.Value(in.PolicyArn), api.Value(in.VersionId))
}

func (s *server) deletePolicyVersion(ctx context.Context, _ *rpc.Call, in *iam.DeletePolicyVersionRequest) (*api.Empty, error) {
	return nil, s.iam.DeletePolicyVersion(ctx, api.Value(in.PolicyArn), api.Value(in.VersionId))
}

package iam

import (
	"context"
	"encoding/json"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

func (s *server) createPolicy(ctx context.Context, _ *rpc.Call, in *iam.CreatePolicyRequest) (*iam.CreatePolicyResponse, error) {
	p, err := s.iam.CreatePolicy(ctx, store.Policy{
		Name: api.Value(in.PolicyName), Path: api.Value(in.Path), Description: api.Value(in.Description),
		Document: json.RawMessage(api.Value(in.PolicyDocument)), Tags: tagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreatePolicyResponse{Policy: s.policyOut(p)}, nil
}

func (s *server) getPolicy(_ context.Context, _ *rpc.Call, in *iam.GetPolicyRequest) (*iam.GetPolicyResponse, error) {
	p, err := s.iam.GetPolicy(api.Value(in.PolicyArn))
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyResponse{Policy: s.policyOut(p)}, nil
}

func (s *server) getPolicyVersion(_ context.Context, _ *rpc.Call, in *iam.GetPolicyVersionRequest) (*iam.GetPolicyVersionResponse, error) {
	p, err := s.iam.GetPolicy(api.Value(in.PolicyArn))
	if err != nil {
		return nil, err
	}
	if version := api.Value(in.VersionId); version != p.Version {
		return nil, fault.New(fault.NoSuchEntity, "Policy %s version %s does not exist or is not attachable.", p.ARN, version)
	}
	return &iam.GetPolicyVersionResponse{PolicyVersion: &iam.PolicyVersion{
		VersionId: &p.Version, IsDefaultVersion: new(true), Document: document(p.Document), CreateDate: api.At(p.ModifiedAt),
	}}, nil
}

func (s *server) listPolicies(_ context.Context, _ *rpc.Call, in *iam.ListPoliciesRequest) (*iam.ListPoliciesResponse, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPoliciesResponse{Policies: []iam.Policy{}, IsTruncated: new(false)}
	if api.Value(in.Scope) == "AWS" {
		return out, nil // the built-in policies can be attached by name, but are not listed
	}
	list := s.iam.ListPolicies(api.Value(in.PathPrefix), after, limit)
	out.IsTruncated, out.Marker = more(list.Next)
	for _, p := range list.Policies {
		shown := s.policyOut(p)
		shown.Tags = nil // IAM API reference, ListPolicies: lists do not return tags
		if api.Value(in.OnlyAttached) && *shown.AttachmentCount == 0 {
			continue
		}
		if in.PolicyUsageFilter != nil && !used(shown, *in.PolicyUsageFilter) {
			continue
		}
		out.Policies = append(out.Policies, *shown)
	}
	return out, nil
}

// used reports whether a policy passes the PolicyUsageFilter.
func used(p *iam.Policy, usage string) bool {
	if usage == "PermissionsBoundary" {
		return *p.PermissionsBoundaryUsageCount > 0
	}
	return *p.AttachmentCount > 0
}

func (s *server) deletePolicy(ctx context.Context, _ *rpc.Call, in *iam.DeletePolicyRequest) (*api.Empty, error) {
	return nil, s.iam.DeletePolicy(ctx, api.Value(in.PolicyArn))
}

package iam

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

func (s *server) createPolicy(ctx context.Context, _ *rpc.Call, in *iam.CreatePolicyRequest) (*iam.CreatePolicyResponse, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := s.iam.CreatePolicy(ctx, store.Policy{
		Name: api.Value(in.PolicyName), Path: api.Value(in.Path), Description: api.Value(in.Description),
		Document: json.RawMessage(api.Value(in.PolicyDocument)), Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	out := s.policyOut(p)
	out.Tags, out.Description = in.Tags, nil // the tags in the order given; moto measured on AWS that the description is not shown
	return &iam.CreatePolicyResponse{Policy: out}, nil
}

func (s *server) getPolicy(_ context.Context, _ *rpc.Call, in *iam.GetPolicyRequest) (*iam.GetPolicyResponse, error) {
	p, err := s.iam.GetPolicy(api.Value(in.PolicyArn))
	if err != nil {
		return nil, err
	}
	out := s.policyOut(p)
	out.Tags = append([]iam.Tag{}, out.Tags...) // an empty list is shown
	return &iam.GetPolicyResponse{Policy: out}, nil
}

func (s *server) listPolicies(_ context.Context, _ *rpc.Call, in *iam.ListPoliciesRequest) (*iam.ListPoliciesResponse, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPoliciesResponse{Policies: []iam.Policy{}, IsTruncated: new(false)}
	scope := map[string]domain.Scope{"AWS": domain.ScopeAWS, "Local": domain.ScopeLocal}[api.Value(in.Scope)]
	list := s.iam.ListPolicies(scope, api.Value(in.PathPrefix), after, limit)
	out.IsTruncated, out.Marker = more(list.Next)
	for _, p := range list.Policies {
		shown := s.policyOut(p)
		shown.Tags, shown.Description = nil, nil // IAM API reference, ListPolicies and Policy: lists have neither
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

func (s *server) tagPolicy(ctx context.Context, _ *rpc.Call, in *iam.TagPolicyRequest) (*api.Empty, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.iam.TagPolicy(ctx, api.Value(in.PolicyArn), tags)
}

func (s *server) untagPolicy(ctx context.Context, _ *rpc.Call, in *iam.UntagPolicyRequest) (*api.Empty, error) {
	return nil, s.iam.UntagPolicy(ctx, api.Value(in.PolicyArn), in.TagKeys)
}

func (s *server) listPolicyTags(_ context.Context, _ *rpc.Call, in *iam.ListPolicyTagsRequest) (*iam.ListPolicyTagsResponse, error) {
	p, err := s.iam.GetPolicy(api.Value(in.PolicyArn))
	if err != nil {
		return nil, err
	}
	out := &iam.ListPolicyTagsResponse{}
	out.Tags, out.IsTruncated, out.Marker, err = tagPage(p.Tags, in.Marker, in.MaxItems)
	return out, err
}

func (s *server) deletePolicy(ctx context.Context, _ *rpc.Call, in *iam.DeletePolicyRequest) (*api.Empty, error) {
	return nil, s.iam.DeletePolicy(ctx, api.Value(in.PolicyArn))
}

// listEntitiesForPolicy lists roles only: there are neither users nor groups.
func (s *server) listEntitiesForPolicy(_ context.Context, _ *rpc.Call, in *iam.ListEntitiesForPolicyRequest) (*iam.ListEntitiesForPolicyResponse, error) {
	arn := api.Value(in.PolicyArn)
	if err := s.iam.CheckAttachable(arn); err != nil {
		return nil, err
	}
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyResponse{PolicyGroups: []iam.PolicyGroup{}, PolicyUsers: []iam.PolicyUser{}, PolicyRoles: []iam.PolicyRole{}}
	var roles []store.Role
	if filter := api.Value(in.EntityFilter); filter == "" || filter == "Role" {
		usage := api.Value(in.PolicyUsageFilter) // "" means both
		roles = s.iam.RolesOfPolicy(arn, api.Value(in.PathPrefix), usage != "PermissionsBoundary", usage != "PermissionsPolicy")
	}
	roles, next := cut(roles, after, limit, func(r store.Role) string { return strings.ToLower(r.Name) })
	for _, r := range roles {
		out.PolicyRoles = append(out.PolicyRoles, iam.PolicyRole{RoleId: &r.ID, RoleName: &r.Name})
	}
	out.IsTruncated, out.Marker = more(next)
	return out, nil
}

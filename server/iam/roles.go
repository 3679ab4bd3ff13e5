package iam

import (
	"context"
	"encoding/json"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

func (s *server) createRole(ctx context.Context, _ *rpc.Call, in *iam.CreateRoleRequest) (*iam.CreateRoleResponse, error) {
	tags, err := roleTags(in.Tags)
	if err != nil {
		return nil, err
	}
	r, err := s.iam.CreateRole(ctx, store.Role{
		Name: api.Value(in.RoleName), Path: api.Value(in.Path), Description: api.Value(in.Description), Tags: tags,
		Trust: json.RawMessage(api.Value(in.AssumeRolePolicyDocument)), Boundary: api.Value(in.PermissionsBoundary),
		MaxSession: api.Value(in.MaxSessionDuration),
	})
	if err != nil {
		return nil, err
	}
	out := s.createdRole(r)
	out.Tags = in.Tags // in the order given
	return &iam.CreateRoleResponse{Role: out}, nil
}

func (s *server) getRole(_ context.Context, _ *rpc.Call, in *iam.GetRoleRequest) (*iam.GetRoleResponse, error) {
	r, err := s.iam.GetRole(api.Value(in.RoleName))
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleResponse{Role: s.roleOut(r)}, nil
}

func (s *server) listRoles(_ context.Context, _ *rpc.Call, in *iam.ListRolesRequest) (*iam.ListRolesResponse, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	list := s.iam.ListRoles(api.Value(in.PathPrefix), after, limit)
	out := &iam.ListRolesResponse{Roles: []iam.Role{}}
	out.IsTruncated, out.Marker = more(list.Next)
	for _, r := range list.Roles {
		out.Roles = append(out.Roles, *s.listedRole(r))
	}
	return out, nil
}

func (s *server) updateRole(ctx context.Context, _ *rpc.Call, in *iam.UpdateRoleRequest) (*iam.UpdateRoleResponse, error) {
	return nil, s.iam.UpdateRole(ctx, api.Value(in.RoleName), domain.RoleUpdate{Description: in.Description, MaxSession: in.MaxSessionDuration})
}

func (s *server) updateRoleDescription(ctx context.Context, _ *rpc.Call, in *iam.UpdateRoleDescriptionRequest) (*iam.UpdateRoleDescriptionResponse, error) {
	if err := s.iam.UpdateRole(ctx, api.Value(in.RoleName), domain.RoleUpdate{Description: in.Description}); err != nil {
		return nil, err
	}
	r, err := s.iam.GetRole(api.Value(in.RoleName))
	if err != nil {
		return nil, err
	}
	out := s.createdRole(r)
	out.Description = api.Optional(r.Description)
	return &iam.UpdateRoleDescriptionResponse{Role: out}, nil
}

func (s *server) updateAssumeRolePolicy(ctx context.Context, _ *rpc.Call, in *iam.UpdateAssumeRolePolicyRequest) (*api.Empty, error) {
	return nil, s.iam.UpdateTrust(ctx, api.Value(in.RoleName), json.RawMessage(api.Value(in.PolicyDocument)))
}

func (s *server) deleteRole(ctx context.Context, _ *rpc.Call, in *iam.DeleteRoleRequest) (*api.Empty, error) {
	return nil, s.iam.DeleteRole(ctx, api.Value(in.RoleName))
}

func (s *server) putRolePolicy(ctx context.Context, _ *rpc.Call, in *iam.PutRolePolicyRequest) (*api.Empty, error) {
	return nil, s.iam.PutRolePolicy(ctx, api.Value(in.RoleName), api.Value(in.PolicyName), json.RawMessage(api.Value(in.PolicyDocument)))
}

func (s *server) getRolePolicy(_ context.Context, _ *rpc.Call, in *iam.GetRolePolicyRequest) (*iam.GetRolePolicyResponse, error) {
	text, err := s.iam.GetRolePolicy(api.Value(in.RoleName), api.Value(in.PolicyName))
	if err != nil {
		return nil, err
	}
	return &iam.GetRolePolicyResponse{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: document(text)}, nil
}

func (s *server) listRolePolicies(_ context.Context, _ *rpc.Call, in *iam.ListRolePoliciesRequest) (*iam.ListRolePoliciesResponse, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	names, err := s.iam.ListRolePolicies(api.Value(in.RoleName))
	if err != nil {
		return nil, err
	}
	names, next := cut(names, after, limit, func(name string) string { return name })
	out := &iam.ListRolePoliciesResponse{PolicyNames: append([]string{}, names...)}
	out.IsTruncated, out.Marker = more(next)
	return out, nil
}

func (s *server) deleteRolePolicy(ctx context.Context, _ *rpc.Call, in *iam.DeleteRolePolicyRequest) (*api.Empty, error) {
	return nil, s.iam.DeleteRolePolicy(ctx, api.Value(in.RoleName), api.Value(in.PolicyName))
}

func (s *server) attachRolePolicy(ctx context.Context, _ *rpc.Call, in *iam.AttachRolePolicyRequest) (*api.Empty, error) {
	return nil, s.iam.AttachRolePolicy(ctx, api.Value(in.RoleName), api.Value(in.PolicyArn))
}

func (s *server) detachRolePolicy(ctx context.Context, _ *rpc.Call, in *iam.DetachRolePolicyRequest) (*api.Empty, error) {
	return nil, s.iam.DetachRolePolicy(ctx, api.Value(in.RoleName), api.Value(in.PolicyArn))
}

func (s *server) listAttachedRolePolicies(_ context.Context, _ *rpc.Call, in *iam.ListAttachedRolePoliciesRequest) (*iam.ListAttachedRolePoliciesResponse, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	attached, err := s.iam.ListAttachedRolePolicies(api.Value(in.RoleName), api.Value(in.PathPrefix))
	if err != nil {
		return nil, err
	}
	attached, next := cut(attached, after, limit, func(p domain.AttachedPolicy) string { return p.ARN })
	out := &iam.ListAttachedRolePoliciesResponse{AttachedPolicies: []iam.AttachedPolicy{}}
	out.IsTruncated, out.Marker = more(next)
	for _, p := range attached {
		out.AttachedPolicies = append(out.AttachedPolicies, iam.AttachedPolicy{PolicyArn: &p.ARN, PolicyName: &p.Name})
	}
	return out, nil
}

func (s *server) putRolePermissionsBoundary(ctx context.Context, _ *rpc.Call, in *iam.PutRolePermissionsBoundaryRequest) (*api.Empty, error) {
	return nil, s.iam.PutBoundary(ctx, api.Value(in.RoleName), api.Value(in.PermissionsBoundary))
}

func (s *server) deleteRolePermissionsBoundary(ctx context.Context, _ *rpc.Call, in *iam.DeleteRolePermissionsBoundaryRequest) (*api.Empty, error) {
	return nil, s.iam.PutBoundary(ctx, api.Value(in.RoleName), "")
}

func (s *server) tagRole(ctx context.Context, _ *rpc.Call, in *iam.TagRoleRequest) (*api.Empty, error) {
	tags, err := roleTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.iam.TagRole(ctx, api.Value(in.RoleName), tags)
}

func (s *server) listRoleTags(_ context.Context, _ *rpc.Call, in *iam.ListRoleTagsRequest) (*iam.ListRoleTagsResponse, error) {
	r, err := s.iam.GetRole(api.Value(in.RoleName))
	if err != nil {
		return nil, err
	}
	out := &iam.ListRoleTagsResponse{}
	out.Tags, out.IsTruncated, out.Marker, err = tagPage(r.Tags, in.Marker, in.MaxItems)
	return out, err
}

// tagPage returns a page of tags by key. The list is never nil, so that the answer shows an empty one.
func tagPage(tags map[string]string, marker *string, items *int) (list []iam.Tag, truncated *bool, next *string, err error) {
	after, limit, err := page(marker, items)
	if err != nil {
		return nil, nil, nil, err
	}
	list, key := cut(tagsOut(tags), after, limit, func(t iam.Tag) string { return api.Value(t.Key) })
	truncated, next = more(key)
	return append([]iam.Tag{}, list...), truncated, next, nil
}

func (s *server) untagRole(ctx context.Context, _ *rpc.Call, in *iam.UntagRoleRequest) (*api.Empty, error) {
	return nil, s.iam.UntagRole(ctx, api.Value(in.RoleName), in.TagKeys)
}

// cut takes the page after a key from a short list, sorted by that key.
func cut[T any](list []T, after string, limit int, key func(T) string) (page []T, next string) {
	for _, item := range list {
		if key(item) <= after {
			continue
		}
		if len(page) == limit {
			return page, key(page[limit-1])
		}
		page = append(page, item)
	}
	return page, ""
}

package iam

import (
	"context"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

func (s *server) createInstanceProfile(ctx context.Context, _ *rpc.Call, in *iam.CreateInstanceProfileRequest) (*iam.CreateInstanceProfileResponse, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := s.iam.CreateInstanceProfile(ctx, domain.InstanceProfile{Name: api.Value(in.InstanceProfileName), Path: api.Value(in.Path), Tags: tags})
	if err != nil {
		return nil, err
	}
	out := s.profileOut(p)
	out.Tags = in.Tags // in the order given
	return &iam.CreateInstanceProfileResponse{InstanceProfile: &out}, nil
}

func (s *server) getInstanceProfile(_ context.Context, _ *rpc.Call, in *iam.GetInstanceProfileRequest) (*iam.GetInstanceProfileResponse, error) {
	p, err := s.iam.InstanceProfile(api.Value(in.InstanceProfileName))
	if err != nil {
		return nil, err
	}
	out := s.profileOut(p)
	return &iam.GetInstanceProfileResponse{InstanceProfile: &out}, nil
}

func (s *server) deleteInstanceProfile(ctx context.Context, _ *rpc.Call, in *iam.DeleteInstanceProfileRequest) (*api.Empty, error) {
	return nil, s.iam.DeleteInstanceProfile(ctx, api.Value(in.InstanceProfileName))
}

func (s *server) addRoleToInstanceProfile(ctx context.Context, _ *rpc.Call, in *iam.AddRoleToInstanceProfileRequest) (*api.Empty, error) {
	return nil, s.iam.AddRole(ctx, api.Value(in.InstanceProfileName), api.Value(in.RoleName))
}

func (s *server) removeRoleFromInstanceProfile(ctx context.Context, _ *rpc.Call, in *iam.RemoveRoleFromInstanceProfileRequest) (*api.Empty, error) {
	return nil, s.iam.RemoveRole(ctx, api.Value(in.InstanceProfileName), api.Value(in.RoleName))
}

func (s *server) listInstanceProfiles(_ context.Context, _ *rpc.Call, in *iam.ListInstanceProfilesRequest) (*iam.ListInstanceProfilesResponse, error) {
	out := &iam.ListInstanceProfilesResponse{}
	var err error
	out.InstanceProfiles, out.IsTruncated, out.Marker, err = s.profilePage(s.iam.InstanceProfiles(api.Value(in.PathPrefix)), in.Marker, in.MaxItems)
	return out, err
}

func (s *server) listInstanceProfilesForRole(_ context.Context, _ *rpc.Call, in *iam.ListInstanceProfilesForRoleRequest) (*iam.ListInstanceProfilesForRoleResponse, error) {
	if _, err := s.iam.GetRole(api.Value(in.RoleName)); err != nil {
		return nil, err
	}
	out := &iam.ListInstanceProfilesForRoleResponse{}
	var err error
	out.InstanceProfiles, out.IsTruncated, out.Marker, err = s.profilePage(s.iam.InstanceProfilesOf(api.Value(in.RoleName)), in.Marker, in.MaxItems)
	return out, err
}

// profilePage returns a page of profiles, which are sorted by name in lower case. The list is never nil. IAM API reference,
// ListInstanceProfiles: lists have no tags.
func (s *server) profilePage(all []domain.InstanceProfile, marker *string, items *int) (list []iam.InstanceProfile, truncated *bool, next *string, err error) {
	after, limit, err := page(marker, items)
	if err != nil {
		return nil, nil, nil, err
	}
	part, key := cut(all, after, limit, func(p domain.InstanceProfile) string { return strings.ToLower(p.Name) })
	list = []iam.InstanceProfile{}
	for _, p := range part {
		out := s.profileOut(p)
		out.Tags = nil
		list = append(list, out)
	}
	truncated, next = more(key)
	return list, truncated, next, nil
}

func (s *server) profileOut(p domain.InstanceProfile) iam.InstanceProfile {
	out := iam.InstanceProfile{Arn: &p.ARN, InstanceProfileName: &p.Name, InstanceProfileId: &p.ID, Path: &p.Path,
		CreateDate: api.At(p.CreatedAt), Tags: append([]iam.Tag{}, tagsOut(p.Tags)...), Roles: []iam.Role{}}
	if r, err := s.iam.GetRole(p.Role); err == nil {
		role := s.createdRole(r)
		role.Tags, role.PermissionsBoundary = nil, nil
		out.Roles = append(out.Roles, *role)
	}
	return out
}

func (s *server) tagInstanceProfile(ctx context.Context, _ *rpc.Call, in *iam.TagInstanceProfileRequest) (*api.Empty, error) {
	tags, err := policyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.iam.TagInstanceProfile(ctx, api.Value(in.InstanceProfileName), tags)
}

func (s *server) untagInstanceProfile(ctx context.Context, _ *rpc.Call, in *iam.UntagInstanceProfileRequest) (*api.Empty, error) {
	return nil, s.iam.UntagInstanceProfile(ctx, api.Value(in.InstanceProfileName), in.TagKeys)
}

func (s *server) listInstanceProfileTags(_ context.Context, _ *rpc.Call, in *iam.ListInstanceProfileTagsRequest) (*iam.ListInstanceProfileTagsResponse, error) {
	p, err := s.iam.InstanceProfile(api.Value(in.InstanceProfileName))
	if err != nil {
		return nil, err
	}
	out := &iam.ListInstanceProfileTagsResponse{}
	out.Tags, out.IsTruncated, out.Marker, err = tagPage(p.Tags, in.Marker, in.MaxItems)
	return out, err
}

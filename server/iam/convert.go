package iam

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

// roleOut returns a role as GetRole shows it.
func (s *server) roleOut(r store.Role) *iam.Role {
	out := s.createdRole(r)
	out.Description, out.MaxSessionDuration = api.Optional(r.Description), &r.MaxSession
	out.RoleLastUsed = &iam.RoleLastUsed{} // empty: the last use is not tracked
	return out
}

// createdRole returns a role as CreateRole shows it, without description and session duration.
func (s *server) createdRole(r store.Role) *iam.Role {
	out := &iam.Role{
		Arn: new(s.iam.RoleARNOf(r)), RoleName: &r.Name, RoleId: &r.ID, Path: &r.Path,
		AssumeRolePolicyDocument: document(s.iam.TrustOf(r)), CreateDate: api.At(r.CreatedAt), Tags: tagsOut(r.Tags),
	}
	if r.Boundary != "" {
		out.PermissionsBoundary = &iam.AttachedPermissionsBoundary{PermissionsBoundaryArn: &r.Boundary, PermissionsBoundaryType: new("Policy")}
	}
	return out
}

// listedRole returns a role as ListRoles shows it. IAM API reference, ListRoles: lists return neither boundary, tags nor last use.
func (s *server) listedRole(r store.Role) *iam.Role {
	out := s.roleOut(r)
	out.PermissionsBoundary, out.Tags, out.RoleLastUsed = nil, nil, nil
	return out
}

func (s *server) policyOut(p store.Policy) *iam.Policy {
	attached, boundaries := s.iam.AttachmentCount(p.ARN)
	return &iam.Policy{
		Arn: &p.ARN, PolicyId: &p.ID, PolicyName: &p.Name, Path: &p.Path, Description: api.Optional(p.Description), DefaultVersionId: &p.Version,
		AttachmentCount: &attached, PermissionsBoundaryUsageCount: &boundaries, IsAttachable: new(true),
		CreateDate: api.At(p.CreatedAt), UpdateDate: api.At(p.ModifiedAt), Tags: tagsOut(p.Tags),
	}
}

// versionOut returns a version of a policy without its document, as lists and CreatePolicyVersion show it.
func versionOut(v domain.PolicyVersion) iam.PolicyVersion {
	return iam.PolicyVersion{VersionId: &v.ID, IsDefaultVersion: &v.Default, CreateDate: api.At(v.CreatedAt)}
}

// document returns a policy document percent-encoded. IAM API reference, GetRolePolicy: "URL-encoded compliant with RFC 3986".
func document(text json.RawMessage) *string {
	return new(strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20"))
}

// roleTags returns the tags of an input for a role. Their keys are compared without case. Errors: InvalidParameter.
func roleTags(list []iam.Tag) (map[string]string, error) {
	return tagsIn(list, policy.FoldKey, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
}

// policyTags returns the tags of an input for a policy. Their keys are compared with case. Errors: InvalidParameter.
func policyTags(list []iam.Tag) (map[string]string, error) {
	return tagsIn(list, func(key string) string { return key }, "Duplicate tag keys found.")
}

func tagsIn(list []iam.Tag, form func(string) string, duplicate string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	tags, seen := make(map[string]string, len(list)), make(map[string]bool, len(list))
	for _, t := range list {
		key := api.Value(t.Key)
		if seen[form(key)] {
			return nil, fault.New(fault.InvalidParameter, "%s", duplicate)
		}
		seen[form(key)] = true
		tags[key] = api.Value(t.Value)
	}
	return tags, rpc.CheckTags(tags)
}

func tagsOut(tags map[string]string) []iam.Tag {
	var list []iam.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, iam.Tag{Key: &key, Value: new(tags[key])})
	}
	return list
}

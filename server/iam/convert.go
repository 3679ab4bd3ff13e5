package iam

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/store"
)

func (s *server) roleOut(r store.Role) *iam.Role {
	out := &iam.Role{
		Arn: new(s.iam.RoleARNOf(r)), RoleName: &r.Name, RoleId: &r.ID, Path: &r.Path, Description: api.Optional(r.Description),
		MaxSessionDuration: &r.MaxSession, AssumeRolePolicyDocument: document(r.Trust), CreateDate: api.At(r.CreatedAt), Tags: tagsOut(r.Tags),
	}
	if r.Boundary != "" {
		out.PermissionsBoundary = &iam.AttachedPermissionsBoundary{PermissionsBoundaryArn: &r.Boundary, PermissionsBoundaryType: new("Policy")}
	}
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

// document returns a policy document percent-encoded. IAM API reference, GetRolePolicy: "URL-encoded compliant with RFC 3986".
func document(text json.RawMessage) *string {
	return new(strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20"))
}

func tagsIn(list []iam.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	tags := make(map[string]string, len(list))
	for _, t := range list {
		tags[api.Value(t.Key)] = api.Value(t.Value)
	}
	return tags
}

func tagsOut(tags map[string]string) []iam.Tag {
	var list []iam.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, iam.Tag{Key: &key, Value: new(tags[key])})
	}
	return list
}

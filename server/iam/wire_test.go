package iam_test

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/caller/callertest"
)

// story makes calls in sequence and compares each answer with a golden file.
type story struct {
	*callertest.World
	t *testing.T
}

func (s *story) call(operation, name string, pairs ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	rec := s.Query("iam", operation, s.Root, pairs...)
	var input strings.Builder
	input.WriteString("Action=" + operation)
	for i := 0; i < len(pairs); i += 2 {
		input.WriteString("\n" + pairs[i] + "=" + pairs[i+1])
	}
	callertest.Golden(s.t, operation, name, input.String(), rec)
	return rec
}

func TestEveryOperationAnswersLikeAWS(t *testing.T) {
	s := &story{callertest.New(t), t}
	trust := string(callertest.AccountTrust())
	const arn = "arn:aws:iam::123456789012:policy/team/reads"
	s.call("CreatePolicy", "full", "PolicyName", "reads", "Path", "/team/", "Description", "d", "PolicyDocument", callertest.AllowAll, "Tags.member.1.Key", "k", "Tags.member.1.Value", "v")
	s.call("CreatePolicy", "again", "PolicyName", "reads", "Path", "/team/", "PolicyDocument", callertest.AllowAll)
	s.call("CreatePolicy", "malformed", "PolicyName", "bad", "PolicyDocument", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Nope":1}}`)
	s.call("GetPolicy", "policy", "PolicyArn", arn)
	s.call("GetPolicyVersion", "v1", "PolicyArn", arn, "VersionId", "v1")
	s.call("GetPolicyVersion", "v2", "PolicyArn", arn, "VersionId", "v2")
	s.call("CreatePolicy", "same tag twice", "PolicyName", "twice", "PolicyDocument", callertest.AllowAll, "Tags.member.1.Key", "k", "Tags.member.1.Value", "v", "Tags.member.2.Key", "k", "Tags.member.2.Value", "w")
	s.call("CreatePolicy", "no version", "PolicyName", "bad", "PolicyDocument", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	s.call("CreatePolicyVersion", "v2", "PolicyArn", arn, "PolicyDocument", callertest.AllowAll)
	s.call("CreatePolicyVersion", "v3", "PolicyArn", arn, "PolicyDocument", callertest.AllowAll, "SetAsDefault", "true")
	s.call("CreatePolicyVersion", "unknown", "PolicyArn", arn+"x", "PolicyDocument", callertest.AllowAll)
	s.call("CreatePolicyVersion", "malformed", "PolicyArn", arn, "PolicyDocument", "{}")
	s.call("ListPolicyVersions", "three", "PolicyArn", arn)
	s.call("ListPolicyVersions", "first page", "PolicyArn", arn, "MaxItems", "1")
	s.call("SetDefaultPolicyVersion", "v1", "PolicyArn", arn, "VersionId", "v1")
	s.call("SetDefaultPolicyVersion", "v9", "PolicyArn", arn, "VersionId", "v9")
	s.call("DeletePolicy", "more than one version", "PolicyArn", arn)
	s.call("DeletePolicyVersion", "v3", "PolicyArn", arn, "VersionId", "v3")
	s.call("DeletePolicyVersion", "v2", "PolicyArn", arn, "VersionId", "v2")
	s.call("DeletePolicyVersion", "the default", "PolicyArn", arn, "VersionId", "v1")
	s.call("DeletePolicyVersion", "unknown", "PolicyArn", arn, "VersionId", "v2")
	s.call("TagPolicy", "tag", "PolicyArn", arn, "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue")
	s.call("TagPolicy", "a tag of AWS", "PolicyArn", arn, "Tags.member.1.Key", "aws:team", "Tags.member.1.Value", "blue")
	s.call("TagPolicy", "no ARN", "PolicyArn", "reads-is-the-name-of-it", "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue")
	s.call("UntagPolicy", "tag", "PolicyArn", arn, "TagKeys.member.1", "team")
	s.call("UntagPolicy", "unknown", "PolicyArn", arn+"x", "TagKeys.member.1", "team")
	s.call("ListPolicyTags", "one", "PolicyArn", arn)
	s.call("GetPolicy", "of AWS", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")
	s.call("GetPolicy", "unknown", "PolicyArn", arn+"x")
	s.call("CreateRole", "full", "RoleName", "editor", "Path", "/staff/", "AssumeRolePolicyDocument", trust, "Description", "edits", "MaxSessionDuration", "7200",
		"PermissionsBoundary", arn, "Tags.member.1.Key", "k", "Tags.member.1.Value", "v")
	s.call("CreateRole", "again", "RoleName", "Editor", "AssumeRolePolicyDocument", trust)
	s.call("CreateRole", "constraints", "RoleName", "a b", "AssumeRolePolicyDocument", trust)
	s.call("CreateRole", "malformed", "RoleName", "x", "AssumeRolePolicyDocument", "{}")
	s.call("GetRole", "role", "RoleName", "editor")
	s.call("GetRole", "unknown", "RoleName", "none")
	s.call("UpdateRole", "description", "RoleName", "editor", "Description", "edits more")
	s.call("UpdateRoleDescription", "description", "RoleName", "editor", "Description", "edits")
	s.call("UpdateRoleDescription", "unknown", "RoleName", "none", "Description", "edits")
	s.call("ListRoleTags", "one", "RoleName", "editor")
	s.call("ListRoleTags", "unknown", "RoleName", "none")
	s.call("ListInstanceProfilesForRole", "none", "RoleName", "editor")
	s.call("ListInstanceProfilesForRole", "unknown", "RoleName", "none")
	s.call("TagRole", "same tag twice", "RoleName", "editor", "Tags.member.1.Key", "k", "Tags.member.1.Value", "v", "Tags.member.2.Key", "K", "Tags.member.2.Value", "w")
	s.call("UpdateAssumeRolePolicy", "trust", "RoleName", "editor", "PolicyDocument", trust)
	s.call("PutRolePolicy", "policy", "RoleName", "editor", "PolicyName", "inline", "PolicyDocument", callertest.AllowAll)
	s.call("GetRolePolicy", "policy", "RoleName", "editor", "PolicyName", "inline")
	s.call("GetRolePolicy", "unknown", "RoleName", "editor", "PolicyName", "none")
	s.call("ListRolePolicies", "one", "RoleName", "editor")
	s.call("AttachRolePolicy", "policy", "RoleName", "editor", "PolicyArn", arn)
	s.call("AttachRolePolicy", "unknown", "RoleName", "editor", "PolicyArn", arn+"x")
	s.call("AttachRolePolicy", "no ARN", "RoleName", "editor", "PolicyArn", "reads-is-the-name-of-it")
	s.call("ListAttachedRolePolicies", "one", "RoleName", "editor")
	s.call("ListAttachedRolePolicies", "path", "RoleName", "editor", "PathPrefix", "/team/")
	s.call("ListAttachedRolePolicies", "another path", "RoleName", "editor", "PathPrefix", "/service-role/")
	s.call("PutRolePermissionsBoundary", "policy", "RoleName", "editor", "PermissionsBoundary", arn)
	s.call("PutRolePermissionsBoundary", "unknown", "RoleName", "editor", "PermissionsBoundary", arn+"x")
	s.call("PutRolePermissionsBoundary", "no policy", "RoleName", "editor", "PermissionsBoundary", "arn:aws:iam::123456789012:nopolicy/x")
	s.call("DeletePolicy", "in use", "PolicyArn", arn)
	s.call("DeleteRole", "in use", "RoleName", "editor")
	s.call("ListPolicies", "attached", "OnlyAttached", "true", "Scope", "Local")
	s.call("ListPolicies", "of AWS", "Scope", "AWS")
	s.call("TagRole", "tag", "RoleName", "editor", "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue")
	s.call("UntagRole", "tag", "RoleName", "editor", "TagKeys.member.1", "k")
	s.call("DeleteRolePermissionsBoundary", "policy", "RoleName", "editor")
	s.call("DeleteRolePermissionsBoundary", "none", "RoleName", "editor")
	s.call("DetachRolePolicy", "policy", "RoleName", "editor", "PolicyArn", arn)
	s.call("DeleteRole", "with inline policies", "RoleName", "editor")
	s.call("DeleteRolePolicy", "policy", "RoleName", "editor", "PolicyName", "inline")
	s.call("DeletePolicy", "policy", "PolicyArn", arn)
	s.call("DeleteRole", "role", "RoleName", "editor")
	s.call("DeleteRole", "unknown", "RoleName", "editor")
}

func TestProvidersAndProfilesAnswerLikeAWS(t *testing.T) {
	s := &story{callertest.New(t), t}
	s.Role("editor", callertest.AccountTrust())
	thumb := strings.Repeat("a", 40)
	const oidc = "arn:aws:iam::123456789012:oidc-provider/idp.example.com/path"
	s.call("CreateOpenIDConnectProvider", "full", "Url", "https://idp.example.com/path", "ClientIDList.member.1", "app", "ThumbprintList.member.1", thumb,
		"Tags.member.1.Key", "k", "Tags.member.1.Value", "v")
	s.call("CreateOpenIDConnectProvider", "again", "Url", "https://idp.example.com/path")
	s.call("CreateOpenIDConnectProvider", "no scheme", "Url", "idp.example.com")
	s.call("CreateOpenIDConnectProvider", "plain HTTP", "Url", "http://idp.example.com")
	s.call("CreateOpenIDConnectProvider", "a query", "Url", "https://idp.example.com/?a=b")
	s.call("CreateOpenIDConnectProvider", "constraints", "Url", strings.Repeat("b", 256), "ThumbprintList.member.1", thumb+"b", "ClientIDList.member.1", strings.Repeat("b", 256))
	s.call("CreateOpenIDConnectProvider", "six thumbprints", "Url", "https://six.example.com", "ThumbprintList.member.1", thumb, "ThumbprintList.member.2", thumb,
		"ThumbprintList.member.3", thumb, "ThumbprintList.member.4", thumb, "ThumbprintList.member.5", thumb, "ThumbprintList.member.6", thumb)
	s.call("GetOpenIDConnectProvider", "full", "OpenIDConnectProviderArn", oidc)
	s.call("GetOpenIDConnectProvider", "unknown", "OpenIDConnectProviderArn", oidc+"x")
	s.call("AddClientIDToOpenIDConnectProvider", "client", "OpenIDConnectProviderArn", oidc, "ClientID", "other")
	s.call("RemoveClientIDFromOpenIDConnectProvider", "client", "OpenIDConnectProviderArn", oidc, "ClientID", "app")
	s.call("RemoveClientIDFromOpenIDConnectProvider", "unknown client", "OpenIDConnectProviderArn", oidc, "ClientID", "none")
	s.call("UpdateOpenIDConnectProviderThumbprint", "empty list", "OpenIDConnectProviderArn", oidc, "ThumbprintList", "")
	s.call("UpdateOpenIDConnectProviderThumbprint", "other", "OpenIDConnectProviderArn", oidc, "ThumbprintList.member.1", strings.Repeat("c", 40))
	s.call("TagOpenIDConnectProvider", "tag", "OpenIDConnectProviderArn", oidc, "Tags.member.1.Key", "l", "Tags.member.1.Value", "w")
	s.call("UntagOpenIDConnectProvider", "tag", "OpenIDConnectProviderArn", oidc, "TagKeys.member.1", "k")
	s.call("TagOpenIDConnectProvider", "more than fifty", append([]string{"OpenIDConnectProviderArn", oidc}, fiftyTags()...)...)
	s.call("ListOpenIDConnectProviderTags", "one", "OpenIDConnectProviderArn", oidc)
	s.call("GetOpenIDConnectProvider", "changed", "OpenIDConnectProviderArn", oidc)
	s.call("ListOpenIDConnectProviders", "one")
	s.call("DeleteOpenIDConnectProvider", "provider", "OpenIDConnectProviderArn", oidc)
	s.call("DeleteOpenIDConnectProvider", "unknown", "OpenIDConnectProviderArn", oidc)
	samlProviders(s)
	s.call("ListOpenIDConnectProviders", "none")

	s.call("CreateInstanceProfile", "full", "InstanceProfileName", "Web", "Path", "/fleet/", "Tags.member.1.Key", "k", "Tags.member.1.Value", "v")
	s.call("CreateInstanceProfile", "again", "InstanceProfileName", "web")
	s.call("AddRoleToInstanceProfile", "role", "InstanceProfileName", "Web", "RoleName", "editor")
	s.call("AddRoleToInstanceProfile", "another role", "InstanceProfileName", "Web", "RoleName", "editor")
	s.call("AddRoleToInstanceProfile", "unknown role", "InstanceProfileName", "Web", "RoleName", "none")
	s.call("GetInstanceProfile", "with role", "InstanceProfileName", "Web")
	s.call("GetInstanceProfile", "unknown", "InstanceProfileName", "none")
	s.call("ListInstanceProfiles", "prefix", "PathPrefix", "/fleet/")
	s.call("ListInstanceProfilesForRole", "one", "RoleName", "editor")
	s.call("DeleteRole", "in a profile", "RoleName", "editor")
	s.call("DeleteInstanceProfile", "with role", "InstanceProfileName", "Web")
	s.call("TagInstanceProfile", "tag", "InstanceProfileName", "Web", "Tags.member.1.Key", "l", "Tags.member.1.Value", "w")
	s.call("UntagInstanceProfile", "tag", "InstanceProfileName", "Web", "TagKeys.member.1", "k")
	s.call("ListInstanceProfileTags", "one", "InstanceProfileName", "Web")
	s.call("RemoveRoleFromInstanceProfile", "role", "InstanceProfileName", "Web", "RoleName", "editor")
	s.call("RemoveRoleFromInstanceProfile", "not there", "InstanceProfileName", "Web", "RoleName", "editor")
	s.call("RemoveRoleFromInstanceProfile", "unknown role", "InstanceProfileName", "Web", "RoleName", "none")
	s.call("DeleteInstanceProfile", "profile", "InstanceProfileName", "Web")
	s.call("AttachRolePolicy", "of AWS", "RoleName", "editor", "PolicyArn", "arn:aws:iam::aws:policy/AmazonS3FullAccess")
	s.call("ListEntitiesForPolicy", "one", "PolicyArn", "arn:aws:iam::aws:policy/AmazonS3FullAccess")
	s.call("ListEntitiesForPolicy", "boundaries", "PolicyArn", "arn:aws:iam::aws:policy/AmazonS3FullAccess", "PolicyUsageFilter", "PermissionsBoundary")
	s.call("ListEntitiesForPolicy", "unknown", "PolicyArn", "arn:aws:iam::aws:policy/NoSuchPolicy")
}

func TestListsContinueAtTheirMarker(t *testing.T) {
	s := &story{callertest.New(t), t}
	for _, name := range []string{"Alpha", "beta", "Gamma"} {
		s.Role(name, callertest.AccountTrust())
	}
	rec := s.call("ListRoles", "first page", "MaxItems", "2")
	var out struct {
		Result struct{ Marker string } `xml:"ListRolesResult"`
	}
	if err := xml.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	if rec := s.Query("iam", "ListRoles", s.Root, "MaxItems", "2", "Marker", out.Result.Marker); !strings.Contains(rec.Body.String(), "<RoleName>Gamma</RoleName>") || strings.Count(rec.Body.String(), "<member>") != 1 {
		t.Errorf("second page: %s", rec.Body)
	}
	s.call("ListRoles", "bad marker", "Marker", "!")
	s.call("ListRoles", "prefix", "PathPrefix", "/none/")
}

//go:embed testdata/metadata.xml
var metadata string

func samlProviders(s *story) {
	const arn = "arn:aws:iam::123456789012:saml-provider/corp"
	s.call("CreateSAMLProvider", "full", "Name", "corp", "SAMLMetadataDocument", metadata, "Tags.member.1.Key", "k", "Tags.member.1.Value", "v")
	s.call("CreateSAMLProvider", "again", "Name", "corp", "SAMLMetadataDocument", metadata)
	s.call("CreateSAMLProvider", "no metadata", "Name", "other", "SAMLMetadataDocument", strings.Repeat("x", 1000))
	s.call("CreateSAMLProvider", "constraints", "Name", "a b", "SAMLMetadataDocument", "x")
	s.call("GetSAMLProvider", "full", "SAMLProviderArn", arn)
	s.call("GetSAMLProvider", "unknown", "SAMLProviderArn", arn+"x")
	s.call("UpdateSAMLProvider", "the same", "SAMLProviderArn", arn, "SAMLMetadataDocument", metadata)
	s.call("UpdateSAMLProvider", "no metadata", "SAMLProviderArn", arn, "SAMLMetadataDocument", strings.Repeat("x", 1000))
	s.call("UpdateSAMLProvider", "unknown", "SAMLProviderArn", arn+"x", "SAMLMetadataDocument", metadata)
	s.call("TagSAMLProvider", "tag", "SAMLProviderArn", arn, "Tags.member.1.Key", "l", "Tags.member.1.Value", "w")
	s.call("UntagSAMLProvider", "tag", "SAMLProviderArn", arn, "TagKeys.member.1", "k")
	s.call("ListSAMLProviderTags", "one", "SAMLProviderArn", arn)
	s.call("ListSAMLProviders", "one")
	s.call("DeleteSAMLProvider", "provider", "SAMLProviderArn", arn)
	s.call("DeleteSAMLProvider", "unknown", "SAMLProviderArn", arn)
}

func fiftyTags() (pairs []string) {
	for i := range 50 {
		pairs = append(pairs, fmt.Sprintf("Tags.member.%d.Key", i+1), fmt.Sprint(i), fmt.Sprintf("Tags.member.%d.Value", i+1), "")
	}
	return pairs
}

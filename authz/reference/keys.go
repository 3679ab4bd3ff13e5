package reference

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
)

// Group is a list of actions that have the same condition keys.
type Group struct {
	// Actions are written as in a policy. A name with a wildcard means all actions of the service that it matches.
	Actions []string
	// Keys are written as in a policy. "/*" at the end means the name of a tag, a header, a claim or the like; a key that
	// begins with "*:" has the name of an OIDC provider before the colon.
	Keys []string
}

// Groups returns the list. An action has the keys of every group that names it.
func Groups() []Group { return groups }

var (
	// globalKeys are in every request with a principal. IAM User Guide, "AWS global condition context keys".
	globalKeys = []string{
		"aws:CurrentTime", "aws:EpochTime", "aws:FederatedProvider", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn",
		"aws:PrincipalIsAWSService", "aws:PrincipalTag/*", "aws:PrincipalType", "aws:Referer", "aws:RequestedRegion", "aws:ResourceAccount",
		"aws:SecureTransport", "aws:SourceIdentity", "aws:SourceIp", "aws:TokenIssueTime", "aws:UserAgent", "aws:userid", "aws:username",
		"aws:ViaAWSService",
		"cognito-identity.amazonaws.com:amr", "cognito-identity.amazonaws.com:aud", "cognito-identity.amazonaws.com:sub",
		"accounts.google.com:sub", "graph.facebook.com:id", "www.amazon.com:user_id",
	}
	// edgeKeys are in every request to an upstream.
	edgeKeys = []string{
		"cognito:client_id", "cognito:groups", "cognito:preferred_role", "cognito:roles", "cognito:sub", "cognito:token_use",
		"cognito:user_pool", "cognito:username", "http:header/*", "http:host", "http:method", "http:path", "http:query/*", "jwt:*",
		"sts:SourceIdentity",
	}
	// samlKeys are those of an assertion. IAM user guide, "Available keys for SAML-based AWS STS federation".
	samlKeys = []string{
		"saml:aud", "saml:cn", "saml:commonName", "saml:doc", "saml:eduOrgHomePageURI", "saml:eduOrgIdentityAuthNPolicyURI",
		"saml:eduOrgLegalName", "saml:eduOrgSuperiorURI", "saml:eduOrgWhitePagesURI", "saml:eduPersonAffiliation", "saml:eduPersonAssurance", "saml:eduPersonEntitlement",
		"saml:eduPersonNickname", "saml:eduPersonOrgDN", "saml:eduPersonOrgUnitDN", "saml:eduPersonPrimaryAffiliation",
		"saml:eduPersonPrimaryOrgUnitDN", "saml:eduPersonPrincipalName", "saml:eduPersonScopedAffiliation", "saml:eduPersonTargetedID",
		"saml:givenName", "saml:iss", "saml:mail", "saml:name", "saml:namequalifier", "saml:organizationStatus", "saml:primaryGroupSID", "saml:sub",
		"saml:sub_type", "saml:surname", "saml:uid", "saml:x500UniqueIdentifier",
	}
	resourceTag = []string{"aws:ResourceTag/*"}
	roleTag     = []string{"aws:ResourceTag/*", "iam:ResourceTag/*"}
	requestTag  = []string{"aws:RequestTag/*", "aws:TagKeys"}
	tagKeys     = []string{"aws:TagKeys"}
	putKeys     = []string{
		"s3:ObjectCreationOperation", "s3:x-amz-copy-source", "s3:x-amz-metadata-directive", "s3:x-amz-server-side-encryption",
		"s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-customer-algorithm",
		"s3:x-amz-website-redirect-location",
	}
	grantKeys = []string{
		"s3:x-amz-acl", "s3:x-amz-grant-full-control", "s3:x-amz-grant-read", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write",
		"s3:x-amz-grant-write-acp",
	}
	objectTagKeys = []string{"s3:RequestObjectTag/*", "s3:RequestObjectTagKeys"}
	lockKeys      = []string{
		"s3:object-lock-legal-hold", "s3:object-lock-mode", "s3:object-lock-remaining-retention-days",
		"s3:object-lock-retain-until-date",
	}
)

var groups = slices.Concat([]Group{
	{[]string{"iam:*", "sts:*", "cognito-idp:*", "cognito-identity:*", "s3:*", "execute-api:*"}, globalKeys},
}, iamGroups, []Group{
	{prefixed("sts:", "AssumeRole", "TagSession", "SetSourceIdentity"), slices.Concat(roleTag, requestTag,
		[]string{"sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys"})},
	{prefixed("sts:", "AssumeRoleWithWebIdentity", "TagSession", "SetSourceIdentity"), slices.Concat(roleTag, requestTag,
		[]string{"*:amr", "*:aud", "*:oaud", "*:sub", "accounts.google.com:email", "graph.facebook.com:app_id", "graph.facebook.com:id", "www.amazon.com:app_id",
			"www.amazon.com:user_id", "sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys"})},
	{prefixed("sts:", "AssumeRoleWithSAML", "TagSession", "SetSourceIdentity"), slices.Concat(roleTag, requestTag, samlKeys,
		[]string{"sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys"})},
	{prefixed("sts:", "GetFederationToken"), requestTag},
	{[]string{"cognito-idp:*"}, resourceTag},
	{prefixed("cognito-idp:", "CreateUserPool", "UpdateUserPool", "TagResource"), requestTag},
	{prefixed("cognito-idp:", "UntagResource"), tagKeys},
	{[]string{"cognito-identity:*"}, resourceTag},
	{prefixed("cognito-identity:", "CreateIdentityPool", "UpdateIdentityPool", "TagResource"), requestTag},
	{prefixed("cognito-identity:", "UntagResource"), tagKeys},
	{prefixed("cognito-identity:", "DescribeIdentity", "DeleteIdentities"), []string{"cognito-identity:IdentityPoolArn"}},
	{[]string{"execute-api:*", "s3:*"}, edgeKeys},
}, s3Groups)

var iamGroups = []Group{
	{prefixed("iam:", "AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy",
		"GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies", "ListRoleTags",
		"PutRolePermissionsBoundary", "PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole",
		"UpdateRoleDescription"), roleTag},
	{prefixed("iam:", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "GetPolicy", "GetPolicyVersion",
		"ListEntitiesForPolicy", "ListPolicyTags", "ListPolicyVersions", "SetDefaultPolicyVersion", "TagPolicy", "UntagPolicy"), resourceTag},
	{prefixed("iam:", "AddRoleToInstanceProfile", "CreateInstanceProfile", "DeleteInstanceProfile", "GetInstanceProfile", "ListInstanceProfileTags",
		"RemoveRoleFromInstanceProfile", "TagInstanceProfile", "UntagInstanceProfile"), resourceTag},
	{prefixed("iam:", "AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "GetOpenIDConnectProvider",
		"ListOpenIDConnectProviderTags", "RemoveClientIDFromOpenIDConnectProvider", "TagOpenIDConnectProvider", "UntagOpenIDConnectProvider",
		"UpdateOpenIDConnectProviderThumbprint"), resourceTag},
	{prefixed("iam:", "CreateSAMLProvider", "DeleteSAMLProvider", "GetSAMLProvider", "ListSAMLProviderTags", "TagSAMLProvider", "UntagSAMLProvider",
		"UpdateSAMLProvider"), resourceTag},
	{prefixed("iam:", "CreateInstanceProfile", "CreateOpenIDConnectProvider", "CreatePolicy", "CreateRole", "CreateSAMLProvider",
		"TagInstanceProfile", "TagOpenIDConnectProvider", "TagPolicy", "TagRole", "TagSAMLProvider"), requestTag},
	{prefixed("iam:", "UntagInstanceProfile", "UntagOpenIDConnectProvider", "UntagPolicy", "UntagRole", "UntagSAMLProvider"), tagKeys},
	{prefixed("iam:", "AttachRolePolicy", "CreateRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy",
		"PutRolePermissionsBoundary", "PutRolePolicy"), []string{"iam:PermissionsBoundary"}},
	{prefixed("iam:", "AttachRolePolicy", "DetachRolePolicy"), []string{"iam:PolicyARN"}},
	{prefixed("iam:", "PassRole"), []string{"iam:AssociatedResourceArn", "iam:PassedToService"}},
}

var s3Groups = []Group{
	{[]string{"s3:*"}, []string{"s3:authType", "s3:ResourceAccount", "s3:signatureAge", "s3:signatureversion", "s3:TlsVersion",
		"s3:x-amz-content-sha256"}},
	{prefixed("s3:", "*Version", "*VersionAcl", "*VersionAttributes", "*VersionTagging", "GetObjectLegalHold", "GetObjectRetention",
		"PutObjectLegalHold", "PutObjectRetention", "RestoreObject", "UpdateObjectEncryption"), []string{"s3:VersionId"}},
	{prefixed("s3:", "ListBucket", "ListBucketVersions"), []string{"s3:delimiter", "s3:max-keys", "s3:prefix"}},
	{prefixed("s3:", "PutObject"), slices.Concat([]string{"s3:if-match", "s3:if-none-match", "s3:x-amz-storage-class"}, grantKeys, lockKeys,
		objectTagKeys, putKeys)},
	{prefixed("s3:", "PutObjectAcl", "PutObjectVersionAcl"), append([]string{"s3:x-amz-storage-class"}, grantKeys...)},
	{prefixed("s3:", "CreateBucket"), append([]string{"s3:locationconstraint", "s3:x-amz-object-ownership"}, grantKeys...)},
	{prefixed("s3:", "CreateBucket", "TagResource"), requestTag},
	{prefixed("s3:", "PutBucketAcl"), grantKeys},
	{prefixed("s3:", "PutObjectTagging", "PutObjectVersionTagging", "BypassGovernanceRetention"), objectTagKeys},
	{prefixed("s3:", "BypassGovernanceRetention", "PutObjectLegalHold", "PutObjectRetention"), lockKeys},
	{prefixed("s3:", "DeleteObject"), []string{"s3:if-match"}},
}

func prefixed(service string, names ...string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = service + name
	}
	return out
}

// Keys returns the condition keys of an action, sorted. It returns nil for an action of another service.
func Keys(action string) []string {
	var keys []string
	for _, g := range groups {
		if slices.ContainsFunc(g.Actions, func(pattern string) bool { return policy.CoversAction(pattern, action) }) {
			keys = append(keys, g.Keys...)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return strings.Compare(policy.FoldKey(a), policy.FoldKey(b)) })
	return slices.Compact(keys)
}

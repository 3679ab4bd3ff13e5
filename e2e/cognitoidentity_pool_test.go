package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

var noIdentityPool = aws.String("us-east-1:00000000-0000-4000-8000-000000000000")

const (
	noIdentityPoolText = "IdentityPool 'us-east-1:00000000-0000-4000-8000-000000000000' not found."
	developerProvider  = "login.example"
)

// identityPool makes an identity pool of the scenario's own, with a developer's provider, guests and the classic flow.
func identityPool(t *testing.T, c *sdk) *cognitoidentity.CreateIdentityPoolOutput {
	t.Helper()
	made, err := c.identities(harness.Admin).CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: &c.name, AllowUnauthenticatedIdentities: true, AllowClassicFlow: aws.Bool(true),
		DeveloperProviderName: aws.String(developerProvider), IdentityPoolTags: map[string]string{"stage": "test"},
		CognitoIdentityProviders: []types.CognitoIdentityProvider{{ProviderName: aws.String(loginKey(c.Sluice)), ClientId: notesClient}},
	})
	ok(t, err)
	return made
}

func identityPoolARN(id *string) *string {
	return aws.String("arn:aws:cognito-identity:" + harness.Region + ":" + harness.Account + ":identitypool/" + aws.ToString(id))
}

func (identityPools) CreateIdentityPool(t *testing.T, c *sdk) {
	pool := identityPool(t, c)
	equal(t, "name", aws.ToString(pool.IdentityPoolName), c.name)
	equal(t, "guests", pool.AllowUnauthenticatedIdentities, true)
	equal(t, "classic flow", aws.ToBool(pool.AllowClassicFlow), true)
	equal(t, "developer's provider", aws.ToString(pool.DeveloperProviderName), developerProvider)
	equal(t, "tag", pool.IdentityPoolTags["stage"], "test")
	equal(t, "client", aws.ToString(pool.CognitoIdentityProviders[0].ClientId), harness.Client)
	_, err := c.identities(harness.Admin).CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: &c.name, CognitoIdentityProviders: []types.CognitoIdentityProvider{{ClientId: notesClient}},
	})
	wantError(t, err, "InvalidParameterException", "Invalid Cognito Identity Provider")
}

func (identityPools) DescribeIdentityPool(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c)
	got, err := admin.DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: pool.IdentityPoolId})
	ok(t, err)
	equal(t, "name", aws.ToString(got.IdentityPoolName), c.name)
	equal(t, "provider", aws.ToString(got.CognitoIdentityProviders[0].ProviderName), loginKey(c.Sluice))
	_, err = admin.DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: noIdentityPool})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

func (identityPools) UpdateIdentityPool(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c)
	update := func(provider string) (*cognitoidentity.UpdateIdentityPoolOutput, error) {
		return admin.UpdateIdentityPool(t.Context(), &cognitoidentity.UpdateIdentityPoolInput{
			IdentityPoolId: pool.IdentityPoolId, IdentityPoolName: aws.String("renamed"), DeveloperProviderName: &provider,
		})
	}
	got, err := update(developerProvider)
	ok(t, err)
	equal(t, "name", aws.ToString(got.IdentityPoolName), "renamed")
	equal(t, "guests", got.AllowUnauthenticatedIdentities, false)
	_, err = c.identities(harness.Anonymous).GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: pool.IdentityPoolId})
	wantError(t, err, "NotAuthorizedException", "Unauthenticated access is not supported for this identity pool.")
	_, err = update("other.example")
	wantError(t, err, "InvalidParameterException", "DeveloperProviderName cannot be changed once it has been set.")
}

func (identityPools) DeleteIdentityPool(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c)
	in := &cognitoidentity.DeleteIdentityPoolInput{IdentityPoolId: pool.IdentityPoolId}
	_, err := admin.DeleteIdentityPool(t.Context(), in)
	ok(t, err)
	_, err = admin.DeleteIdentityPool(t.Context(), in)
	wantError(t, err, "ResourceNotFoundException", "IdentityPool '"+aws.ToString(pool.IdentityPoolId)+"' not found.")
}

func (identityPools) ListIdentityPools(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c)
	listed := map[string]string{}
	for list := cognitoidentity.NewListIdentityPoolsPaginator(admin, &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(1)}); list.HasMorePages(); {
		page, err := list.NextPage(t.Context())
		ok(t, err)
		for _, p := range page.IdentityPools {
			listed[aws.ToString(p.IdentityPoolId)] = aws.ToString(p.IdentityPoolName)
		}
	}
	equal(t, "name of the new pool", listed[aws.ToString(pool.IdentityPoolId)], c.name)
	equal(t, "name of the declared pool", listed[harness.IdentityPool], "notes")
	_, err := admin.ListIdentityPools(t.Context(), &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(61)})
	wantError(t, err, "ValidationException", "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: "+
		"Member must have value less than or equal to 60")
}

func (identityPools) SetIdentityPoolRoles(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c)
	set := func(provider string) error {
		_, err := admin.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{
			IdentityPoolId: pool.IdentityPoolId, Roles: map[string]string{"unauthenticated": roleARN("notes-guest")},
			RoleMappings: map[string]types.RoleMapping{
				provider: {Type: types.RoleMappingTypeToken, AmbiguousRoleResolution: types.AmbiguousRoleResolutionTypeDeny},
			},
		})
		return err
	}
	ok(t, set(loginKey(c.Sluice)+":"+harness.Client))
	got, err := admin.GetIdentityPoolRoles(t.Context(), &cognitoidentity.GetIdentityPoolRolesInput{IdentityPoolId: pool.IdentityPoolId})
	ok(t, err)
	equal(t, "guests' role", got.Roles["unauthenticated"], roleARN("notes-guest"))
	equal(t, "number of role mappings", len(got.RoleMappings), 1)
	wantError(t, set("login.other"), "InvalidParameterException", "(login.other) is not a valid RoleMapping ProviderName or is not a configured provider.")
}

func (identityPools) GetIdentityPoolRoles(t *testing.T, c *sdk) {
	admin := c.identities(harness.Admin)
	got, err := admin.GetIdentityPoolRoles(t.Context(), &cognitoidentity.GetIdentityPoolRolesInput{IdentityPoolId: aws.String(harness.IdentityPool)})
	ok(t, err)
	equal(t, "pool", aws.ToString(got.IdentityPoolId), harness.IdentityPool)
	equal(t, "users' role", got.Roles["authenticated"], roleARN("notes-user"))
	equal(t, "guests' role", got.Roles["unauthenticated"], roleARN("notes-guest"))
	_, err = admin.GetIdentityPoolRoles(t.Context(), &cognitoidentity.GetIdentityPoolRolesInput{IdentityPoolId: noIdentityPool})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

func (identityPools) SetPrincipalTagAttributeMap(t *testing.T, c *sdk) {
	admin, pool, provider := c.identities(harness.Admin), identityPool(t, c), aws.String(loginKey(c.Sluice))
	got, err := admin.SetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.SetPrincipalTagAttributeMapInput{
		IdentityPoolId: pool.IdentityPoolId, IdentityProviderName: provider, UseDefaults: aws.Bool(true),
	})
	ok(t, err)
	equal(t, "provider", aws.ToString(got.IdentityProviderName), *provider)
	equal(t, "defaults", aws.ToBool(got.UseDefaults), true)
	equal(t, "tag username", got.PrincipalTags["username"], "sub")
	_, err = admin.SetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.SetPrincipalTagAttributeMapInput{
		IdentityPoolId: noIdentityPool, IdentityProviderName: provider, UseDefaults: aws.Bool(true),
	})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

func (identityPools) GetPrincipalTagAttributeMap(t *testing.T, c *sdk) {
	admin, pool, provider := c.identities(harness.Admin), identityPool(t, c), aws.String(loginKey(c.Sluice))
	_, err := admin.SetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.SetPrincipalTagAttributeMapInput{
		IdentityPoolId: pool.IdentityPoolId, IdentityProviderName: provider, PrincipalTags: map[string]string{"team": "custom:team"},
	})
	ok(t, err)
	got, err := admin.GetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.GetPrincipalTagAttributeMapInput{
		IdentityPoolId: pool.IdentityPoolId, IdentityProviderName: provider,
	})
	ok(t, err)
	equal(t, "defaults", aws.ToBool(got.UseDefaults), false)
	equal(t, "tag team", got.PrincipalTags["team"], "custom:team")
	_, err = admin.GetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.GetPrincipalTagAttributeMapInput{
		IdentityPoolId: noIdentityPool, IdentityProviderName: provider,
	})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

// identityPoolTags lists the tags of an identity pool.
func identityPoolTags(t *testing.T, c *sdk, arn *string) map[string]string {
	t.Helper()
	list, err := c.identities(harness.Admin).ListTagsForResource(t.Context(), &cognitoidentity.ListTagsForResourceInput{ResourceArn: arn})
	ok(t, err)
	return list.Tags
}

func (identityPools) TagResource(t *testing.T, c *sdk) {
	admin, arn := c.identities(harness.Admin), identityPoolARN(identityPool(t, c).IdentityPoolId)
	_, err := admin.TagResource(t.Context(), &cognitoidentity.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"team": "blue"}})
	ok(t, err)
	equal(t, "new tag", identityPoolTags(t, c, arn)["team"], "blue")
	equal(t, "tag from before", identityPoolTags(t, c, arn)["stage"], "test")
	_, err = admin.TagResource(t.Context(), &cognitoidentity.TagResourceInput{ResourceArn: identityPoolARN(noIdentityPool), Tags: map[string]string{"a": "b"}})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

func (identityPools) UntagResource(t *testing.T, c *sdk) {
	admin, arn := c.identities(harness.Admin), identityPoolARN(identityPool(t, c).IdentityPoolId)
	_, err := admin.UntagResource(t.Context(), &cognitoidentity.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"stage"}})
	ok(t, err)
	equal(t, "number of tags", len(identityPoolTags(t, c, arn)), 0)
	_, err = admin.UntagResource(t.Context(), &cognitoidentity.UntagResourceInput{ResourceArn: identityPoolARN(noIdentityPool), TagKeys: []string{"a"}})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

func (identityPools) ListTagsForResource(t *testing.T, c *sdk) {
	arn := identityPoolARN(identityPool(t, c).IdentityPoolId)
	equal(t, "tag", identityPoolTags(t, c, arn)["stage"], "test")
	_, err := c.identities(harness.Admin).ListTagsForResource(t.Context(), &cognitoidentity.ListTagsForResourceInput{ResourceArn: identityPoolARN(noIdentityPool)})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

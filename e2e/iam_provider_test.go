package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	noProviderText = "OpenIDConnect Provider not found for arn " + noProviderARN
	noProviderARN  = "arn:aws:iam::" + harness.Account + ":oidc-provider/none.example.com"
	noProfileText  = "Instance Profile no-such-profile cannot be found."
)

var noProfile, noProvider = aws.String("no-such-profile"), aws.String(noProviderARN)

func issuerURL(c *sdk) string { return "https://" + c.name + ".example.com" }

// oidcProvider registers the scenario's issuer.
func oidcProvider(t *testing.T, c *sdk) *string {
	t.Helper()
	made, err := c.iam(harness.Admin).CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String(issuerURL(c)), ClientIDList: []string{"app"}, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("test")}},
	})
	ok(t, err)
	return made.OpenIDConnectProviderArn
}

func getOIDCProvider(t *testing.T, c *sdk, arn *string) *iam.GetOpenIDConnectProviderOutput {
	t.Helper()
	got, err := c.iam(harness.Admin).GetOpenIDConnectProvider(t.Context(), &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	ok(t, err)
	return got
}

func (roles) CreateOpenIDConnectProvider(t *testing.T, c *sdk) {
	equal(t, "ARN", aws.ToString(oidcProvider(t, c)), "arn:aws:iam::"+harness.Account+":oidc-provider/"+c.name+".example.com")
	_, err := c.iam(harness.Admin).CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: aws.String(issuerURL(c))})
	wantError(t, err, "EntityAlreadyExists", "Provider with url "+issuerURL(c)+" already exists.")
}

func (roles) GetOpenIDConnectProvider(t *testing.T, c *sdk) {
	got := getOIDCProvider(t, c, oidcProvider(t, c))
	equal(t, "URL", aws.ToString(got.Url), c.name+".example.com")
	equal(t, "client", got.ClientIDList[0], "app")
	equal(t, "tag", aws.ToString(got.Tags[0].Value), "test")
	_, err := c.iam(harness.Admin).GetOpenIDConnectProvider(t.Context(), &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: noProvider})
	wantError(t, err, "NoSuchEntity", noProviderText)
}

func (roles) ListOpenIDConnectProviders(t *testing.T, c *sdk) {
	arn := oidcProvider(t, c)
	_, err := c.iam(harness.Keys("AKIANOBODYNOBODYNOBO", "none", "")).ListOpenIDConnectProviders(t.Context(), &iam.ListOpenIDConnectProvidersInput{})
	wantError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
	list, err := c.iam(harness.Admin).ListOpenIDConnectProviders(t.Context(), &iam.ListOpenIDConnectProvidersInput{})
	ok(t, err)
	for _, p := range list.OpenIDConnectProviderList {
		if aws.ToString(p.Arn) == *arn {
			return
		}
	}
	t.Error("the provider is not in the list")
}

func (roles) DeleteOpenIDConnectProvider(t *testing.T, c *sdk) {
	arn := oidcProvider(t, c)
	_, err := c.iam(harness.Admin).DeleteOpenIDConnectProvider(t.Context(), &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	ok(t, err)
	_, err = c.iam(harness.Admin).DeleteOpenIDConnectProvider(t.Context(), &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	wantError(t, err, "NoSuchEntity", "OpenId connect Provider "+*arn+" cannot be found.")
	_, err = c.iam(harness.Admin).GetOpenIDConnectProvider(t.Context(), &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	wantError(t, err, "NoSuchEntity", "OpenIDConnect Provider not found for arn "+*arn)
	_, err = c.iam(harness.Admin).DeleteOpenIDConnectProvider(t.Context(), &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String("short")})
	wantError(t, err, "ValidationError", "1 validation error detected: Value at 'openIDConnectProviderArn' failed to satisfy constraint: Member must have length greater than or equal to 20")
}

func (roles) AddClientIDToOpenIDConnectProvider(t *testing.T, c *sdk) {
	arn := oidcProvider(t, c)
	_, err := c.iam(harness.Admin).AddClientIDToOpenIDConnectProvider(t.Context(), &iam.AddClientIDToOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: arn, ClientID: aws.String("other")})
	ok(t, err)
	equal(t, "clients", len(getOIDCProvider(t, c, arn).ClientIDList), 2)
	_, err = c.iam(harness.Admin).AddClientIDToOpenIDConnectProvider(t.Context(), &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: noProvider, ClientID: aws.String("x")})
	wantError(t, err, "NoSuchEntity", noProviderText)
}

func (roles) RemoveClientIDFromOpenIDConnectProvider(t *testing.T, c *sdk) {
	arn := oidcProvider(t, c)
	_, err := c.iam(harness.Admin).RemoveClientIDFromOpenIDConnectProvider(t.Context(), &iam.RemoveClientIDFromOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: arn, ClientID: aws.String("app")})
	ok(t, err)
	equal(t, "clients", len(getOIDCProvider(t, c, arn).ClientIDList), 0)
	_, err = c.iam(harness.Admin).RemoveClientIDFromOpenIDConnectProvider(t.Context(), &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: noProvider, ClientID: aws.String("x")})
	wantError(t, err, "NoSuchEntity", noProviderText)
}

func (roles) UpdateOpenIDConnectProviderThumbprint(t *testing.T, c *sdk) {
	arn := oidcProvider(t, c)
	const thumbprint = "0123456789abcdef0123456789abcdef01234567"
	_, err := c.iam(harness.Admin).UpdateOpenIDConnectProviderThumbprint(t.Context(), &iam.UpdateOpenIDConnectProviderThumbprintInput{
		OpenIDConnectProviderArn: arn, ThumbprintList: []string{thumbprint}})
	ok(t, err)
	equal(t, "thumbprint", getOIDCProvider(t, c, arn).ThumbprintList[0], thumbprint)
	_, err = c.iam(harness.Admin).UpdateOpenIDConnectProviderThumbprint(t.Context(), &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: noProvider, ThumbprintList: []string{thumbprint}})
	wantError(t, err, "NoSuchEntity", noProviderText)
}

func (roles) TagOpenIDConnectProvider(t *testing.T, c *sdk) {
	arn := oidcProvider(t, c)
	_, err := c.iam(harness.Admin).TagOpenIDConnectProvider(t.Context(), &iam.TagOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: arn, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("live")}}})
	ok(t, err)
	equal(t, "tag", aws.ToString(getOIDCProvider(t, c, arn).Tags[0].Value), "live")
	_, err = c.iam(harness.Admin).TagOpenIDConnectProvider(t.Context(), &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: noProvider, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("live")}}})
	wantError(t, err, "NoSuchEntity", noProviderText)
}

func (roles) UntagOpenIDConnectProvider(t *testing.T, c *sdk) {
	arn := oidcProvider(t, c)
	_, err := c.iam(harness.Admin).UntagOpenIDConnectProvider(t.Context(), &iam.UntagOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: arn, TagKeys: []string{"stage"}})
	ok(t, err)
	equal(t, "tags", len(getOIDCProvider(t, c, arn).Tags), 0)
	_, err = c.iam(harness.Admin).UntagOpenIDConnectProvider(t.Context(), &iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: noProvider, TagKeys: []string{"stage"}})
	wantError(t, err, "NoSuchEntity", noProviderText)
}

func (roles) ListOpenIDConnectProviderTags(t *testing.T, c *sdk) {
	list, err := c.iam(harness.Admin).ListOpenIDConnectProviderTags(t.Context(), &iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: oidcProvider(t, c)})
	ok(t, err)
	equal(t, "tags", len(list.Tags), 1)
	_, err = c.iam(harness.Admin).ListOpenIDConnectProviderTags(t.Context(), &iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: noProvider})
	wantError(t, err, "NoSuchEntity", noProviderText)
}

// profile makes an instance profile with the scenario's name and a role of the same name in it.
func profile(t *testing.T, c *sdk) *types.InstanceProfile {
	t.Helper()
	role(t, c)
	made, err := c.iam(harness.Admin).CreateInstanceProfile(t.Context(), &iam.CreateInstanceProfileInput{
		InstanceProfileName: &c.name, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("test")}}})
	ok(t, err)
	_, err = c.iam(harness.Admin).AddRoleToInstanceProfile(t.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &c.name, RoleName: &c.name})
	ok(t, err)
	return made.InstanceProfile
}

func getProfile(t *testing.T, c *sdk) *types.InstanceProfile {
	t.Helper()
	got, err := c.iam(harness.Admin).GetInstanceProfile(t.Context(), &iam.GetInstanceProfileInput{InstanceProfileName: &c.name})
	ok(t, err)
	return got.InstanceProfile
}

func (roles) CreateInstanceProfile(t *testing.T, c *sdk) {
	equal(t, "ARN", aws.ToString(profile(t, c).Arn), "arn:aws:iam::"+harness.Account+":instance-profile/"+c.name)
	_, err := c.iam(harness.Admin).CreateInstanceProfile(t.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: &c.name})
	wantError(t, err, "EntityAlreadyExists", "Instance Profile "+c.name+" already exists.")
}

func (roles) GetInstanceProfile(t *testing.T, c *sdk) {
	profile(t, c)
	equal(t, "tag", aws.ToString(getProfile(t, c).Tags[0].Value), "test")
	_, err := c.iam(harness.Admin).GetInstanceProfile(t.Context(), &iam.GetInstanceProfileInput{InstanceProfileName: noProfile})
	wantError(t, err, "NoSuchEntity", noProfileText)
}

func (roles) AddRoleToInstanceProfile(t *testing.T, c *sdk) {
	profile(t, c)
	equal(t, "role", aws.ToString(getProfile(t, c).Roles[0].RoleName), c.name)
	_, err := c.iam(harness.Admin).DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &c.name})
	wantError(t, err, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	_, err = c.iam(harness.Admin).AddRoleToInstanceProfile(t.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: noProfile, RoleName: &c.name})
	wantError(t, err, "NoSuchEntity", noProfileText)
}

func (roles) RemoveRoleFromInstanceProfile(t *testing.T, c *sdk) {
	profile(t, c)
	_, err := c.iam(harness.Admin).RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &c.name, RoleName: &c.name})
	ok(t, err)
	equal(t, "roles", len(getProfile(t, c).Roles), 0)
	_, err = c.iam(harness.Admin).RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &c.name, RoleName: &c.name})
	wantError(t, err, "NoSuchEntity", "Role "+c.name+" in Instance Profile "+c.name+" cannot be found.")
	_, err = c.iam(harness.Admin).RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: noProfile, RoleName: &c.name})
	wantError(t, err, "NoSuchEntity", noProfileText)
}

func (roles) DeleteInstanceProfile(t *testing.T, c *sdk) {
	profile(t, c)
	admin := c.iam(harness.Admin)
	_, err := admin.DeleteInstanceProfile(t.Context(), &iam.DeleteInstanceProfileInput{InstanceProfileName: &c.name})
	wantError(t, err, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	_, err = admin.RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &c.name, RoleName: &c.name})
	ok(t, err)
	_, err = admin.DeleteInstanceProfile(t.Context(), &iam.DeleteInstanceProfileInput{InstanceProfileName: &c.name})
	ok(t, err)
	_, err = admin.GetInstanceProfile(t.Context(), &iam.GetInstanceProfileInput{InstanceProfileName: &c.name})
	wantError(t, err, "NoSuchEntity", "Instance Profile "+c.name+" cannot be found.")
}

func (roles) ListInstanceProfiles(t *testing.T, c *sdk) {
	profile(t, c)
	_, err := c.iam(harness.Admin).ListInstanceProfiles(t.Context(), &iam.ListInstanceProfilesInput{Marker: aws.String("!")})
	wantError(t, err, "ValidationError", "Invalid Marker.")
	for pages := iam.NewListInstanceProfilesPaginator(c.iam(harness.Admin), &iam.ListInstanceProfilesInput{MaxItems: aws.Int32(2)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		ok(t, err)
		for _, p := range page.InstanceProfiles {
			if aws.ToString(p.InstanceProfileName) == c.name {
				return
			}
		}
	}
	t.Error("the profile is not in the list")
}

func (roles) TagInstanceProfile(t *testing.T, c *sdk) {
	profile(t, c)
	_, err := c.iam(harness.Admin).TagInstanceProfile(t.Context(), &iam.TagInstanceProfileInput{
		InstanceProfileName: &c.name, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("live")}}})
	ok(t, err)
	equal(t, "tag", aws.ToString(getProfile(t, c).Tags[0].Value), "live")
	_, err = c.iam(harness.Admin).TagInstanceProfile(t.Context(), &iam.TagInstanceProfileInput{InstanceProfileName: noProfile, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("live")}}})
	wantError(t, err, "NoSuchEntity", noProfileText)
}

func (roles) UntagInstanceProfile(t *testing.T, c *sdk) {
	profile(t, c)
	_, err := c.iam(harness.Admin).UntagInstanceProfile(t.Context(), &iam.UntagInstanceProfileInput{InstanceProfileName: &c.name, TagKeys: []string{"stage"}})
	ok(t, err)
	equal(t, "tags", len(getProfile(t, c).Tags), 0)
	_, err = c.iam(harness.Admin).UntagInstanceProfile(t.Context(), &iam.UntagInstanceProfileInput{InstanceProfileName: noProfile, TagKeys: []string{"stage"}})
	wantError(t, err, "NoSuchEntity", noProfileText)
}

func (roles) ListInstanceProfileTags(t *testing.T, c *sdk) {
	profile(t, c)
	list, err := c.iam(harness.Admin).ListInstanceProfileTags(t.Context(), &iam.ListInstanceProfileTagsInput{InstanceProfileName: &c.name})
	ok(t, err)
	equal(t, "tags", len(list.Tags), 1)
	_, err = c.iam(harness.Admin).ListInstanceProfileTags(t.Context(), &iam.ListInstanceProfileTagsInput{InstanceProfileName: noProfile})
	wantError(t, err, "NoSuchEntity", noProfileText)
}

func (roles) ListEntitiesForPolicy(t *testing.T, c *sdk) {
	role(t, c)
	arn := roleReadPolicy(t, c)
	_, err := c.iam(harness.Admin).AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &c.name, PolicyArn: &arn})
	ok(t, err)
	list, err := c.iam(harness.Admin).ListEntitiesForPolicy(t.Context(), &iam.ListEntitiesForPolicyInput{PolicyArn: &arn})
	ok(t, err)
	equal(t, "role", aws.ToString(list.PolicyRoles[0].RoleName), c.name)
	_, err = c.iam(harness.Admin).ListEntitiesForPolicy(t.Context(), &iam.ListEntitiesForPolicyInput{PolicyArn: noPolicy})
	wantError(t, err, "NoSuchEntity", noPolicyText)
}

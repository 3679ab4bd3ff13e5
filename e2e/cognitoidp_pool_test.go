package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

var (
	notesPool   = aws.String(harness.Pool)   // the user pool of Caddyfile.example
	notesClient = aws.String(harness.Client) // its app client
	noPool      = aws.String("us-east-1_missing00")
)

const noPoolText = "User pool us-east-1_missing00 does not exist."

// userPool makes a user pool of the scenario's own.
func userPool(t *testing.T, c *sdk) *types.UserPoolType {
	t.Helper()
	made, err := c.users(harness.Admin).CreateUserPool(t.Context(), &cip.CreateUserPoolInput{
		PoolName: &c.name, UserPoolTags: map[string]string{"stage": "test"},
		Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(12)}},
	})
	ok(t, err)
	return made.UserPool
}

func (userPools) CreateUserPool(t *testing.T, c *sdk) {
	pool := userPool(t, c)
	equal(t, "name", aws.ToString(pool.Name), c.name)
	equal(t, "ARN", aws.ToString(pool.Arn), "arn:aws:cognito-idp:"+harness.Region+":"+harness.Account+":userpool/"+aws.ToString(pool.Id))
	equal(t, "minimum length", aws.ToInt32(pool.Policies.PasswordPolicy.MinimumLength), 12)
	equal(t, "tag", pool.UserPoolTags["stage"], "test")
	if pool.CreationDate == nil || pool.LastModifiedDate == nil {
		t.Errorf("dates %v, %v", pool.CreationDate, pool.LastModifiedDate)
	}
	_, err := c.users(harness.Admin).CreateUserPool(t.Context(), &cip.CreateUserPoolInput{
		PoolName: &c.name, Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(5)}},
	})
	wantError(t, err, "InvalidParameterException", "1 validation error detected: Value '5' at 'policies.passwordPolicy.minimumLength' "+
		"failed to satisfy constraint: Member must have value greater than or equal to 6")
}

func (userPools) DescribeUserPool(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	pool, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: notesPool})
	ok(t, err)
	equal(t, "name", aws.ToString(pool.UserPool.Name), "notes")
	if len(pool.UserPool.SchemaAttributes) < 20 {
		t.Errorf("%d attributes in the schema", len(pool.UserPool.SchemaAttributes))
	}
	_, err = admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: noPool})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

func (userPools) UpdateUserPool(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), userPool(t, c)
	_, err := admin.UpdateUserPool(t.Context(), &cip.UpdateUserPoolInput{
		UserPoolId: pool.Id, AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
		DeletionProtection: types.DeletionProtectionTypeActive,
	})
	ok(t, err)
	got, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: pool.Id})
	ok(t, err)
	equal(t, "deletion protection", got.UserPool.DeletionProtection, types.DeletionProtectionTypeActive)
	if len(got.UserPool.AutoVerifiedAttributes) != 1 {
		t.Errorf("verified attributes %v", got.UserPool.AutoVerifiedAttributes)
	}
	// Some members that a request leaves out keep their value, others go back to their default: docs/updates.md.
	equal(t, "minimum length", aws.ToInt32(got.UserPool.Policies.PasswordPolicy.MinimumLength), 12)
	equal(t, "tag", got.UserPool.UserPoolTags["stage"], "test")
	_, err = admin.UpdateUserPool(t.Context(), &cip.UpdateUserPoolInput{UserPoolId: pool.Id})
	ok(t, err)
	got, err = admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: pool.Id})
	ok(t, err)
	equal(t, "deletion protection", got.UserPool.DeletionProtection, types.DeletionProtectionTypeActive)
	if len(got.UserPool.AutoVerifiedAttributes) != 0 {
		t.Errorf("verified attributes %v", got.UserPool.AutoVerifiedAttributes)
	}
	_, err = admin.UpdateUserPool(t.Context(), &cip.UpdateUserPoolInput{UserPoolId: noPool})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

func (userPools) GetUserPoolMfaConfig(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), userPool(t, c)
	got, err := admin.GetUserPoolMfaConfig(t.Context(), &cip.GetUserPoolMfaConfigInput{UserPoolId: pool.Id})
	ok(t, err)
	equal(t, "MFA", got.MfaConfiguration, types.UserPoolMfaTypeOff)
	if got.SmsMfaConfiguration != nil || got.SoftwareTokenMfaConfiguration != nil || got.EmailMfaConfiguration != nil || got.WebAuthnConfiguration != nil {
		t.Errorf("factors of a pool without any: %+v", got)
	}
	_, err = admin.GetUserPoolMfaConfig(t.Context(), &cip.GetUserPoolMfaConfigInput{UserPoolId: noPool})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

func (userPools) DeleteUserPool(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), userPool(t, c)
	_, err := admin.DeleteUserPool(t.Context(), &cip.DeleteUserPoolInput{UserPoolId: pool.Id})
	ok(t, err)
	gone := "User pool " + aws.ToString(pool.Id) + " does not exist."
	_, err = admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: pool.Id})
	wantError(t, err, "ResourceNotFoundException", gone)
	_, err = admin.DeleteUserPool(t.Context(), &cip.DeleteUserPoolInput{UserPoolId: pool.Id})
	wantError(t, err, "ResourceNotFoundException", gone)
}

func (userPools) ListUserPools(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), userPool(t, c)
	found, pages := false, 0
	for list := cip.NewListUserPoolsPaginator(admin, &cip.ListUserPoolsInput{MaxResults: aws.Int32(1)}); list.HasMorePages(); pages++ {
		page, err := list.NextPage(t.Context())
		ok(t, err)
		for _, p := range page.UserPools {
			found = found || aws.ToString(p.Id) == aws.ToString(pool.Id) && aws.ToString(p.Name) == c.name
		}
	}
	if !found || pages < 2 {
		t.Errorf("the pool is listed: %v, on %d pages", found, pages)
	}
	_, err := admin.ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(61)})
	wantError(t, err, "InvalidParameterException", "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: "+
		"Member must have value less than or equal to 60")
}

func (userPools) AddCustomAttributes(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), userPool(t, c)
	add := func(id *string) error {
		_, err := admin.AddCustomAttributes(t.Context(), &cip.AddCustomAttributesInput{UserPoolId: id, CustomAttributes: []types.SchemaAttributeType{
			{Name: aws.String("team"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true)},
		}})
		return err
	}
	ok(t, add(pool.Id))
	got, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: pool.Id})
	ok(t, err)
	added := false
	for _, a := range got.UserPool.SchemaAttributes {
		added = added || aws.ToString(a.Name) == "custom:team" && a.AttributeDataType == types.AttributeDataTypeString
	}
	equal(t, "attribute is in the schema", added, true)
	wantError(t, add(pool.Id), "InvalidParameterException", "custom:team: Existing attribute already has name custom:team.")
	wantError(t, add(noPool), "ResourceNotFoundException", noPoolText)
}

// taggedPool makes a pool with the tag stage and returns a function that lists its tags.
func taggedPool(t *testing.T, c *sdk) (arn *string, tags func() map[string]string) {
	arn = userPool(t, c).Arn
	return arn, func() map[string]string {
		t.Helper()
		list, err := c.users(harness.Admin).ListTagsForResource(t.Context(), &cip.ListTagsForResourceInput{ResourceArn: arn})
		ok(t, err)
		return list.Tags
	}
}

func (userPools) TagResource(t *testing.T, c *sdk) {
	arn, tags := taggedPool(t, c)
	admin := c.users(harness.Admin)
	_, err := admin.TagResource(t.Context(), &cip.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"team": "blue"}})
	ok(t, err)
	equal(t, "new tag", tags()["team"], "blue")
	equal(t, "tag from before", tags()["stage"], "test")
	_, err = admin.TagResource(t.Context(), &cip.TagResourceInput{
		ResourceArn: aws.String("arn:aws:cognito-idp:eu-west-1:" + harness.Account + ":userpool/" + harness.Pool), Tags: map[string]string{"a": "b"},
	})
	wantError(t, err, "InvalidParameterException", "Invalid ResourceArn.")
}

func (userPools) UntagResource(t *testing.T, c *sdk) {
	arn, tags := taggedPool(t, c)
	admin := c.users(harness.Admin)
	_, err := admin.UntagResource(t.Context(), &cip.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"stage"}})
	ok(t, err)
	equal(t, "number of tags", len(tags()), 0)
	_, err = admin.UntagResource(t.Context(), &cip.UntagResourceInput{
		ResourceArn: aws.String("arn:aws:cognito-idp:us-east-1:" + harness.Account + ":userpool/" + *noPool), TagKeys: []string{"a"},
	})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

func (userPools) ListTagsForResource(t *testing.T, c *sdk) {
	_, tags := taggedPool(t, c)
	equal(t, "tag", tags()["stage"], "test")
	_, err := c.users(harness.Admin).ListTagsForResource(t.Context(), &cip.ListTagsForResourceInput{
		ResourceArn: aws.String("arn:aws:cognito-idp:us-east-1:" + harness.Account + ":userpool/" + *noPool),
	})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const writePolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}}`

// addVersion adds a version to a policy and returns its id.
func addVersion(t *testing.T, c *sdk, arn string, isDefault bool) string {
	t.Helper()
	made, err := c.iam(harness.Admin).CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
		PolicyArn: &arn, PolicyDocument: aws.String(writePolicy), SetAsDefault: isDefault,
	})
	ok(t, err)
	return aws.ToString(made.PolicyVersion.VersionId)
}

// defaultVersion returns the id of the version in force.
func defaultVersion(t *testing.T, c *sdk, arn string) string {
	t.Helper()
	got, err := c.iam(harness.Admin).GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: &arn})
	ok(t, err)
	return aws.ToString(got.Policy.DefaultVersionId)
}

func (roles) CreatePolicyVersion(t *testing.T, c *sdk) {
	arn := roleReadPolicy(t, c)
	equal(t, "version", addVersion(t, c, arn, true), "v2")
	equal(t, "default", defaultVersion(t, c, arn), "v2")
	for range 3 {
		addVersion(t, c, arn, false)
	}
	_, err := c.iam(harness.Admin).CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: aws.String(writePolicy)})
	wantError(t, err, "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
}

func (roles) ListPolicyVersions(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	addVersion(t, c, arn, false)
	var ids string
	for pages := iam.NewListPolicyVersionsPaginator(admin, &iam.ListPolicyVersionsInput{PolicyArn: &arn, MaxItems: aws.Int32(1)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		ok(t, err)
		for _, v := range page.Versions {
			ids += aws.ToString(v.VersionId)
		}
	}
	equal(t, "versions", ids, "v2v1")
	_, err := admin.ListPolicyVersions(t.Context(), &iam.ListPolicyVersionsInput{PolicyArn: noPolicy})
	wantError(t, err, "NoSuchEntity", noPolicyFound)
}

func (roles) SetDefaultPolicyVersion(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	addVersion(t, c, arn, true)
	_, err := admin.SetDefaultPolicyVersion(t.Context(), &iam.SetDefaultPolicyVersionInput{PolicyArn: &arn, VersionId: aws.String("v1")})
	ok(t, err)
	equal(t, "default", defaultVersion(t, c, arn), "v1")
	_, err = admin.SetDefaultPolicyVersion(t.Context(), &iam.SetDefaultPolicyVersionInput{PolicyArn: &arn, VersionId: aws.String("v9")})
	wantError(t, err, "NoSuchEntity", "Policy "+arn+" version v9 does not exist or is not attachable.")
}

func (roles) DeletePolicyVersion(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	remove := func(id string) error {
		_, err := admin.DeletePolicyVersion(t.Context(), &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: &id})
		return err
	}
	ok(t, remove(addVersion(t, c, arn, false)))
	equal(t, "a number is given once", addVersion(t, c, arn, false), "v3")
	wantError(t, remove("v1"), "DeleteConflict", "Cannot delete the default version of a policy.")
}

func (roles) TagPolicy(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}
	_, err := admin.TagPolicy(t.Context(), &iam.TagPolicyInput{PolicyArn: &arn, Tags: tags})
	ok(t, err)
	got, err := admin.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: &arn})
	ok(t, err)
	equal(t, "tag", aws.ToString(got.Policy.Tags[0].Value), "blue")
	_, err = admin.TagPolicy(t.Context(), &iam.TagPolicyInput{PolicyArn: &arn, Tags: append(tags, tags...)})
	wantError(t, err, "InvalidInput", "Duplicate tag keys found.")
}

func (roles) UntagPolicy(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	in := &iam.UntagPolicyInput{PolicyArn: &arn, TagKeys: []string{"team"}}
	_, err := admin.UntagPolicy(t.Context(), in)
	ok(t, err)
	in.PolicyArn = noPolicy
	_, err = admin.UntagPolicy(t.Context(), in)
	wantError(t, err, "NoSuchEntity", noPolicyFound)
}

func (roles) ListPolicyTags(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	_, err := admin.TagPolicy(t.Context(), &iam.TagPolicyInput{PolicyArn: &arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}})
	ok(t, err)
	got, err := admin.ListPolicyTags(t.Context(), &iam.ListPolicyTagsInput{PolicyArn: &arn})
	ok(t, err)
	equal(t, "number of tags", len(got.Tags), 1)
	_, err = admin.ListPolicyTags(t.Context(), &iam.ListPolicyTagsInput{PolicyArn: noPolicy})
	wantError(t, err, "NoSuchEntity", noPolicyFound)
}

func (roles) ListRoleTags(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	got, err := admin.ListRoleTags(t.Context(), &iam.ListRoleTagsInput{RoleName: &c.name})
	ok(t, err)
	equal(t, "tag", aws.ToString(got.Tags[0].Value), "test")
	_, err = admin.ListRoleTags(t.Context(), &iam.ListRoleTagsInput{RoleName: noRole})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) UpdateRoleDescription(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	got, err := admin.UpdateRoleDescription(t.Context(), &iam.UpdateRoleDescriptionInput{RoleName: &c.name, Description: aws.String("other")})
	ok(t, err)
	equal(t, "description", aws.ToString(got.Role.Description), "other")
	_, err = admin.UpdateRoleDescription(t.Context(), &iam.UpdateRoleDescriptionInput{RoleName: noRole, Description: aws.String("other")})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) ListInstanceProfilesForRole(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	got, err := admin.ListInstanceProfilesForRole(t.Context(), &iam.ListInstanceProfilesForRoleInput{RoleName: &c.name})
	ok(t, err)
	equal(t, "number of profiles", len(got.InstanceProfiles), 0)
	_, err = admin.ListInstanceProfilesForRole(t.Context(), &iam.ListInstanceProfilesForRoleInput{RoleName: noRole})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

package e2e

import (
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	accountTrust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + accountRoot + `"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}}`
	noRoleText   = "The role with name no-such-role cannot be found."
)

var noRole = aws.String("no-such-role")

func roleARN(name string) string { return "arn:aws:iam::" + harness.Account + ":role/" + name }

// role makes a role with the scenario's name that the account trusts.
func role(t *testing.T, c *sdk) *types.Role {
	t.Helper()
	return roleTrusting(t, c, accountTrust)
}

func roleTrusting(t *testing.T, c *sdk, trust string) *types.Role {
	t.Helper()
	made, err := c.iam(harness.Admin).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &c.name, AssumeRolePolicyDocument: &trust, Description: aws.String("of a scenario"),
		Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("test")}},
	})
	ok(t, err)
	return made.Role
}

// getRole reads the scenario's role.
func getRole(t *testing.T, c *sdk) *types.Role {
	t.Helper()
	got, err := c.iam(harness.Admin).GetRole(t.Context(), &iam.GetRoleInput{RoleName: &c.name})
	ok(t, err)
	return got.Role
}

// document decodes a policy document of an answer. IAM percent-encodes it.
func document(t *testing.T, text *string) string {
	t.Helper()
	decoded, err := url.PathUnescape(aws.ToString(text))
	ok(t, err)
	return decoded
}

func (roles) CreateRole(t *testing.T, c *sdk) {
	made := role(t, c)
	equal(t, "name", aws.ToString(made.RoleName), c.name)
	equal(t, "ARN", aws.ToString(made.Arn), roleARN(c.name))
	equal(t, "path", aws.ToString(made.Path), "/")
	if len(aws.ToString(made.RoleId)) != 21 || made.CreateDate == nil {
		t.Errorf("role %+v", made)
	}
	_, err := c.iam(harness.Admin).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &c.name, AssumeRolePolicyDocument: aws.String(accountTrust)})
	wantError(t, err, "EntityAlreadyExists", "Role with name "+c.name+" already exists.")
}

func (roles) GetRole(t *testing.T, c *sdk) {
	role(t, c)
	got := getRole(t, c)
	equal(t, "description", aws.ToString(got.Description), "of a scenario")
	equal(t, "trust policy", document(t, got.AssumeRolePolicyDocument), accountTrust)
	equal(t, "longest session", aws.ToInt32(got.MaxSessionDuration), 3600)
	equal(t, "tag", aws.ToString(got.Tags[0].Value), "test")
	_, err := c.iam(harness.Admin).GetRole(t.Context(), &iam.GetRoleInput{RoleName: noRole})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) UpdateRole(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	_, err := admin.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: &c.name, Description: aws.String("new"), MaxSessionDuration: aws.Int32(7200)})
	ok(t, err)
	got := getRole(t, c)
	equal(t, "description", aws.ToString(got.Description), "new")
	equal(t, "longest session", aws.ToInt32(got.MaxSessionDuration), 7200)
	_, err = admin.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: noRole})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) UpdateAssumeRolePolicy(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	roleTrusting(t, c, `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"`+accountRoot+`"},"Action":"sts:AssumeRole"}}`)
	_, err := admin.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &c.name, PolicyDocument: aws.String(accountTrust)})
	ok(t, err)
	equal(t, "trust policy", document(t, getRole(t, c).AssumeRolePolicyDocument), accountTrust)
	_, err = admin.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: noRole, PolicyDocument: aws.String(accountTrust)})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) DeleteRole(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	attach(t, c, roleReadPolicy(t, c))
	in := &iam.DeleteRoleInput{RoleName: &c.name}
	_, err := admin.DeleteRole(t.Context(), in)
	wantError(t, err, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	_, err = admin.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: &c.name, PolicyArn: aws.String(policyARN(c.name))})
	ok(t, err)
	_, err = admin.DeleteRole(t.Context(), in)
	ok(t, err)
	_, err = admin.DeleteRole(t.Context(), in)
	wantError(t, err, "NoSuchEntity", "The role with name "+c.name+" cannot be found.")
}

func (roles) ListRoles(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	listed := map[string]bool{}
	for list := iam.NewListRolesPaginator(admin, &iam.ListRolesInput{MaxItems: aws.Int32(2)}); list.HasMorePages(); {
		page, err := list.NextPage(t.Context())
		ok(t, err)
		for _, r := range page.Roles {
			listed[aws.ToString(r.RoleName)] = true
		}
	}
	if !listed[c.name] || !listed["notes-user"] || !listed["notes-guest"] {
		t.Errorf("roles %v", listed)
	}
	_, err := admin.ListRoles(t.Context(), &iam.ListRolesInput{MaxItems: aws.Int32(1001)})
	wantError(t, err, "ValidationError", "1 validation error detected: Value at 'maxItems' failed to satisfy constraint: "+
		"Member must have value less than or equal to 1000")
}

func (roles) TagRole(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}
	_, err := admin.TagRole(t.Context(), &iam.TagRoleInput{RoleName: &c.name, Tags: tags})
	ok(t, err)
	equal(t, "number of tags", len(getRole(t, c).Tags), 2)
	_, err = admin.TagRole(t.Context(), &iam.TagRoleInput{RoleName: noRole, Tags: tags})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) UntagRole(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	_, err := admin.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: &c.name, TagKeys: []string{"stage"}})
	ok(t, err)
	equal(t, "number of tags", len(getRole(t, c).Tags), 0)
	_, err = admin.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: noRole, TagKeys: []string{"stage"}})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) PutRolePermissionsBoundary(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	arn := roleReadPolicy(t, c)
	put := func(name *string) error {
		_, err := admin.PutRolePermissionsBoundary(t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: &arn})
		return err
	}
	ok(t, put(&c.name))
	equal(t, "boundary", aws.ToString(getRole(t, c).PermissionsBoundary.PermissionsBoundaryArn), arn)
	wantError(t, put(noRole), "NoSuchEntity", noRoleText)
}

func (roles) DeleteRolePermissionsBoundary(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	arn := roleReadPolicy(t, c)
	_, err := admin.PutRolePermissionsBoundary(t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: &c.name, PermissionsBoundary: &arn})
	ok(t, err)
	in := &iam.DeleteRolePermissionsBoundaryInput{RoleName: &c.name}
	_, err = admin.DeleteRolePermissionsBoundary(t.Context(), in)
	ok(t, err)
	if b := getRole(t, c).PermissionsBoundary; b != nil {
		t.Errorf("boundary %+v", b)
	}
	_, err = admin.DeleteRolePermissionsBoundary(t.Context(), in)
	wantError(t, err, "NoSuchEntity", "The role with name "+c.name+" has no permissions boundary.")
}

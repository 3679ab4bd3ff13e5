package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

func policyARN(name string) string { return "arn:aws:iam::" + harness.Account + ":policy/" + name }

var (
	noPolicy      = aws.String(policyARN("no-such-policy"))
	noPolicyText  = "Policy " + *noPolicy + " does not exist or is not attachable."
	noPolicyFound = "Policy " + *noPolicy + " was not found."
)

// roleReadPolicy makes a managed policy with the scenario's name and returns its ARN.
func roleReadPolicy(t *testing.T, c *sdk) string {
	t.Helper()
	made, err := c.iam(harness.Admin).CreatePolicy(t.Context(), &iam.CreatePolicyInput{
		PolicyName: &c.name, PolicyDocument: aws.String(readPolicy), Description: aws.String("reads"),
	})
	ok(t, err)
	return aws.ToString(made.Policy.Arn)
}

// attach attaches a policy to the scenario's role.
func attach(t *testing.T, c *sdk, arn string) {
	t.Helper()
	_, err := c.iam(harness.Admin).AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &c.name, PolicyArn: &arn})
	ok(t, err)
}

// putInline gives the scenario's role an inline policy named read.
func putInline(t *testing.T, c *sdk) {
	t.Helper()
	_, err := c.iam(harness.Admin).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &c.name, PolicyName: aws.String("read"), PolicyDocument: aws.String(readPolicy),
	})
	ok(t, err)
}

func (roles) CreatePolicy(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	in := &iam.CreatePolicyInput{
		PolicyName: &c.name, Path: aws.String("/team/"), PolicyDocument: aws.String(readPolicy),
		Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("test")}},
	}
	made, err := admin.CreatePolicy(t.Context(), in)
	ok(t, err)
	equal(t, "ARN", aws.ToString(made.Policy.Arn), policyARN("team/"+c.name))
	equal(t, "version", aws.ToString(made.Policy.DefaultVersionId), "v1")
	equal(t, "tag", aws.ToString(made.Policy.Tags[0].Value), "test")
	_, err = admin.CreatePolicy(t.Context(), in)
	wantError(t, err, "EntityAlreadyExists", "A policy called "+c.name+" already exists. Duplicate names are not allowed.")
}

func (roles) GetPolicy(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	role(t, c)
	attach(t, c, arn)
	got, err := admin.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: &arn})
	ok(t, err)
	equal(t, "name", aws.ToString(got.Policy.PolicyName), c.name)
	equal(t, "description", aws.ToString(got.Policy.Description), "reads")
	equal(t, "number of roles", aws.ToInt32(got.Policy.AttachmentCount), 1)
	_, err = admin.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: noPolicy})
	wantError(t, err, "NoSuchEntity", noPolicyFound)
}

func (roles) GetPolicyVersion(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	get := func(version string) (*iam.GetPolicyVersionOutput, error) {
		return admin.GetPolicyVersion(t.Context(), &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: &version})
	}
	got, err := get("v1")
	ok(t, err)
	equal(t, "document", document(t, got.PolicyVersion.Document), readPolicy)
	equal(t, "default", got.PolicyVersion.IsDefaultVersion, true)
	_, err = get("v2")
	wantError(t, err, "NoSuchEntity", "Policy "+arn+" version v2 does not exist or is not attachable.")
}

func (roles) ListPolicies(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	list := func(scope types.PolicyScopeType, items int32) (map[string]bool, error) {
		listed := map[string]bool{}
		for pages := iam.NewListPoliciesPaginator(admin, &iam.ListPoliciesInput{Scope: scope, MaxItems: &items}); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				return nil, err
			}
			for _, p := range page.Policies {
				listed[aws.ToString(p.Arn)] = true
			}
		}
		return listed, nil
	}
	local, err := list(types.PolicyScopeTypeLocal, 1)
	ok(t, err)
	equal(t, "policy is listed", local[arn], true)
	_, err = list("Nowhere", 1)
	wantError(t, err, "ValidationError", "1 validation error detected: Value at 'scope' failed to satisfy constraint: "+
		"Member must satisfy enum value set: [All, AWS, Local]")
}

func (roles) DeletePolicy(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	role(t, c)
	attach(t, c, arn)
	in := &iam.DeletePolicyInput{PolicyArn: &arn}
	_, err := admin.DeletePolicy(t.Context(), in)
	wantError(t, err, "DeleteConflict", "Cannot delete a policy attached to entities.")
	_, err = admin.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: &c.name, PolicyArn: &arn})
	ok(t, err)
	_, err = admin.DeletePolicy(t.Context(), in)
	ok(t, err)
	_, err = admin.DeletePolicy(t.Context(), in)
	wantError(t, err, "NoSuchEntity", "Policy "+arn+" was not found.")
}

func (roles) AttachRolePolicy(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	role(t, c)
	attach(t, c, arn)
	attach(t, c, arn) // twice is no error
	equal(t, "number of policies", len(attached(t, c)), 1)
	_, err := admin.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &c.name, PolicyArn: noPolicy})
	wantError(t, err, "NoSuchEntity", noPolicyText)
}

// attached lists the managed policies of the scenario's role.
func attached(t *testing.T, c *sdk) []types.AttachedPolicy {
	t.Helper()
	list, err := c.iam(harness.Admin).ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: &c.name})
	ok(t, err)
	return list.AttachedPolicies
}

func (roles) ListAttachedRolePolicies(t *testing.T, c *sdk) {
	arn := roleReadPolicy(t, c)
	role(t, c)
	attach(t, c, arn)
	list := attached(t, c)
	if len(list) != 1 {
		t.Fatalf("policies %v", list)
	}
	equal(t, "ARN", aws.ToString(list[0].PolicyArn), arn)
	equal(t, "name", aws.ToString(list[0].PolicyName), c.name)
	_, err := c.iam(harness.Admin).ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: noRole})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) DetachRolePolicy(t *testing.T, c *sdk) {
	admin, arn := c.iam(harness.Admin), roleReadPolicy(t, c)
	role(t, c)
	attach(t, c, arn)
	in := &iam.DetachRolePolicyInput{RoleName: &c.name, PolicyArn: &arn}
	_, err := admin.DetachRolePolicy(t.Context(), in)
	ok(t, err)
	equal(t, "number of policies", len(attached(t, c)), 0)
	_, err = admin.DetachRolePolicy(t.Context(), in)
	wantError(t, err, "NoSuchEntity", "Policy "+arn+" was not found.")
}

func (roles) PutRolePolicy(t *testing.T, c *sdk) {
	role(t, c)
	putInline(t, c)
	_, err := c.iam(harness.Admin).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: noRole, PolicyName: aws.String("read"), PolicyDocument: aws.String(readPolicy),
	})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) GetRolePolicy(t *testing.T, c *sdk) {
	role(t, c)
	putInline(t, c)
	get := func(name string) (*iam.GetRolePolicyOutput, error) {
		return c.iam(harness.Admin).GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: &c.name, PolicyName: &name})
	}
	got, err := get("read")
	ok(t, err)
	equal(t, "role", aws.ToString(got.RoleName), c.name)
	equal(t, "document", document(t, got.PolicyDocument), readPolicy)
	_, err = get("write")
	wantError(t, err, "NoSuchEntity", "The role policy with name write cannot be found.")
}

func (roles) ListRolePolicies(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	putInline(t, c)
	got, err := admin.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &c.name})
	ok(t, err)
	if len(got.PolicyNames) != 1 || got.PolicyNames[0] != "read" {
		t.Errorf("policies %v", got.PolicyNames)
	}
	_, err = admin.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: noRole})
	wantError(t, err, "NoSuchEntity", noRoleText)
}

func (roles) DeleteRolePolicy(t *testing.T, c *sdk) {
	admin := c.iam(harness.Admin)
	role(t, c)
	putInline(t, c)
	in := &iam.DeleteRolePolicyInput{RoleName: &c.name, PolicyName: aws.String("read")}
	_, err := admin.DeleteRolePolicy(t.Context(), in)
	ok(t, err)
	_, err = admin.DeleteRolePolicy(t.Context(), in)
	wantError(t, err, "NoSuchEntity", "The role policy with name read cannot be found.")
}

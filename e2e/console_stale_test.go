package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sluicegate/sluice/e2e/harness"
)

// Two operators change an app client: the second one's form must not take back what the first one changed.
func TestTheConsoleOverwritesNoChangeThatItDoesNotShow(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "access_key\n\t\t\twrite")
	users := c.Users(harness.Admin)
	pool, err := users.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("shop")})
	ok(t, err)
	made, err := users.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: aws.String("till")})
	ok(t, err)
	id := made.UserPoolClient.ClientId
	v := newVisitor(t)
	address := mustParse(t, c.at("/client?pool="+*pool.UserPool.Id+"&client="+*id))
	c.enter(v, "/pools")
	page, _ := v.open(address.String())
	_, err = users.UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientId: id, ClientName: aws.String("first"),
		CallbackURLs: []string{"https://new.example.com"}})
	ok(t, err)
	answer, _ := v.submit(address, formWith(page, "name"), map[string]string{"name": "second"})
	if !strings.Contains(answer, "has changed since you opened the form") || !strings.Contains(answer, "https://new.example.com") {
		t.Errorf("a stale form:\n%.4000s", answer)
	}
	answer, _ = v.submit(address, formWith(answer, "name"), map[string]string{"name": "second"})
	now, err := users.DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientId: id})
	ok(t, err)
	if !strings.Contains(answer, "The app client is changed.") || *now.UserPoolClient.ClientName != "second" {
		t.Errorf("a form of now: %+v\n%.4000s", now.UserPoolClient, answer)
	}
}

// The editor replaces a policy only if it is what the operator saw.
func TestTheConsoleOverwritesNoPolicyThatItDoesNotShow(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "access_key\n\t\t\twrite")
	admin := c.IAM(harness.Admin)
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`
	_, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("clerk"), AssumeRolePolicyDocument: aws.String(trust)})
	ok(t, err)
	allow := func(action string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
	}
	put := func(action string) {
		t.Helper()
		_, err := admin.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("clerk"), PolicyName: aws.String("till"), PolicyDocument: aws.String(allow(action))})
		ok(t, err)
	}
	now := func() string {
		t.Helper()
		out, err := admin.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: aws.String("clerk"), PolicyName: aws.String("till")})
		ok(t, err)
		return *out.PolicyDocument
	}
	// editor returns the form of the editor with its text and its button, which are no inputs.
	editor := func(page string) []string {
		t.Helper()
		form := formWith(page, "document")
		if form == nil {
			t.Fatalf("no editor:\n%.4000s", page)
		}
		return []string{form[0], form[1], form[2] + `<input name="document"><input name="do">`}
	}
	put("s3:GetObject")
	v := newVisitor(t)
	c.enter(v, "/pools")
	create, edit := mustParse(t, c.at("/role-policy?role=clerk")), mustParse(t, c.at("/role-policy?role=clerk&policy=till"))
	page, _ := v.open(create.String())
	answer, _ := v.submit(create, editor(page), map[string]string{"policy": "till", "document": allow("s3:*"), "do": "save"})
	if !strings.Contains(answer, "already has a policy with this name") || !strings.Contains(now(), "GetObject") {
		t.Errorf("a new policy with a name that is taken:\n%s\n%.4000s", now(), answer)
	}
	page, _ = v.open(edit.String())
	put("s3:PutObject")
	answer, _ = v.submit(edit, editor(page), map[string]string{"document": allow("s3:*"), "do": "save"})
	if !strings.Contains(answer, "has changed since you opened it") || !strings.Contains(now(), "PutObject") {
		t.Errorf("a stale form:\n%s\n%.4000s", now(), answer)
	}
	page, _ = v.open(edit.String())
	answer, _ = v.submit(edit, editor(page), map[string]string{"document": allow("s3:ListBucket"), "do": "save"})
	if !strings.Contains(answer, "The policy is saved.") || !strings.Contains(now(), "ListBucket") {
		t.Errorf("a form of now:\n%s\n%.4000s", now(), answer)
	}
}

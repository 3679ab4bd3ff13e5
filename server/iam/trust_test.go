package iam_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/caller/callertest"
)

// IAM user guide, "AWS JSON policy elements: Principal": the id of a deleted principal is shown, because no ARN belongs to it.
func TestADeletedRoleIsShownByItsIDWhereItWasTrusted(t *testing.T) {
	w := callertest.New(t)
	ask := func(status int, operation string, pairs ...string) string {
		t.Helper()
		rec := w.Query("iam", operation, w.Root, pairs...)
		if rec.Code != status {
			t.Fatalf("%s: %d %s", operation, rec.Code, rec.Body)
		}
		text, err := url.PathUnescape(rec.Body.String())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	const arn = "arn:aws:iam::123456789012:role/caller"
	trust := strings.Replace(string(callertest.AccountTrust()), `"123456789012"`, `"`+arn+`"`, 1)
	if !strings.Contains(trust, arn) {
		t.Fatal(trust)
	}
	refused := ask(400, "CreateRole", "RoleName", "target", "AssumeRolePolicyDocument", trust)
	if !strings.Contains(refused, "<Code>MalformedPolicyDocument</Code>") || !strings.Contains(refused, "Invalid principal in policy: ") {
		t.Errorf("a role that trusts nobody who exists: %s", refused)
	}
	made := ask(200, "CreateRole", "RoleName", "caller", "AssumeRolePolicyDocument", string(callertest.AccountTrust()))
	id := regexp.MustCompile(`<RoleId>(AROA\w+)</RoleId>`).FindStringSubmatch(made)[1]
	ask(200, "CreateRole", "RoleName", "target", "AssumeRolePolicyDocument", trust)
	reads := func() string { return ask(200, "GetRole", "RoleName", "target") + ask(200, "ListRoles") }
	if got := reads(); strings.Count(got, trust) != 2 {
		t.Errorf("the trust policy is not shown as written: %s", got)
	}
	ask(200, "DeleteRole", "RoleName", "caller")
	ask(200, "CreateRole", "RoleName", "caller", "AssumeRolePolicyDocument", string(callertest.AccountTrust()))
	if got := reads(); strings.Count(got, `{"AWS":"`+id+`"}`) != 2 {
		t.Errorf("%s is not shown: %s", id, got)
	}
	shown := ask(400, "UpdateAssumeRolePolicy", "RoleName", "target", "PolicyDocument", strings.Replace(trust, arn, id, 1))
	if !strings.Contains(shown, id) || !strings.Contains(shown, "is the id of a deleted role or user") {
		t.Errorf("the id is written again: %s", shown)
	}
	ask(200, "UpdateAssumeRolePolicy", "RoleName", "target", "PolicyDocument", trust)
	if got := reads(); strings.Count(got, trust) != 2 {
		t.Errorf("the policy that was written again is not shown: %s", got)
	}
}

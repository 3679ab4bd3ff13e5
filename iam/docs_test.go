package iam_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/iam"
)

// The package accepts every policy in the documentation, and the documented trust policy is the one that the short form
// in the Caddyfile produces.
func TestThePoliciesInTheDocumentationAreAccepted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/identity-pools.md")
	must(t, err)
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 3 {
		t.Fatalf("%d policies, want 3", len(blocks))
	}
	w := newWorld(t)
	for _, trust := range []string{string(blocks[0][1]), string(iam.PoolTrust(poolID, true))} {
		role := w.role("documented", trust, string(blocks[2][1]))
		if got := w.RoleWarnings(role, poolID, false); len(got) != 0 {
			t.Errorf("warnings %q about %s", got, trust)
		}
		out, err := w.AssumeRoleWithWebIdentity(t.Context(), iam.WebIdentityInput{RoleARN: role, SessionName: "test", Token: w.poolToken(poolID, "authenticated")})
		must(t, err)
		c := w.caller(out.Credentials)
		if !w.may(c, "s3:GetObject", "arn:aws:s3:::notes/users/"+identity+"/x") || w.may(c, "s3:GetObject", "arn:aws:s3:::notes/users/other/x") {
			t.Error("the documented permissions do not keep to one's own prefix")
		}
	}
	_, err = policy.Parse(blocks[1][1], policy.Trust)
	must(t, err)
}

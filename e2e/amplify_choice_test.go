package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// choicePool makes a pool with codes as first factors, and a client with choice-based sign-in.
func choicePool(t *testing.T, admin *cip.Client) (pool, client *string) {
	t.Helper()
	p, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{
		PoolName: aws.String("choice"), AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
		Policies: &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{
			AllowedFirstAuthFactors: []types.AuthFactorType{types.AuthFactorTypePassword, types.AuthFactorTypeEmailOtp}}},
	})
	ok(t, err)
	c, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{
		UserPoolId: p.UserPool.Id, ClientName: aws.String("web"), PreventUserExistenceErrors: types.PreventUserExistenceErrorTypesEnabled,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
	})
	ok(t, err)
	return p.UserPool.Id, c.UserPoolClient.ClientId
}

// TestAmplifyChoosesFirstFactors signs up without a password and signs in by every first factor but passkeys with Amplify.
func TestAmplifyChoosesFirstFactors(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(harness.Root(), "e2e", "amplify")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "aws-amplify")); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = folder
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	s := harness.Start(t, harness.Config{})
	admin := s.Users(harness.Admin)
	pool, client := choicePool(t, admin)
	name := aws.String("ampw")
	_, err := admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: pool, Username: name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("ampw@example.com")}}})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: name, Password: aws.String(password), Permanent: true})
	ok(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "choice.mjs")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "SLUICE_URL="+s.URL, "SLUICE_OUTBOX="+s.OutboxPath(), "SLUICE_POOL="+*pool, "SLUICE_CLIENT="+*client, "SLUICE_PASSWORD="+password)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s\n%s", err, out, stderr.String())
	}
	type line struct {
		Step, Next, Error, Username string
		SignedIn                    bool
		Available                   []string
	}
	steps := map[string]line{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Errorf("%v in %s", err, lines.Text())
		}
		steps[l.Step] = l
	}
	for name, want := range map[string]line{
		"signUp":                        {Next: "CONFIRM_SIGN_UP"},
		"confirmSignUp":                 {Next: "COMPLETE_AUTO_SIGN_IN"},
		"autoSignIn":                    {Next: "DONE", SignedIn: true},
		"currentUser":                   {Username: "ampo"},
		"preferred code":                {Next: "CONFIRM_SIGN_IN_WITH_EMAIL_CODE"},
		"wrong code":                    {Error: "CodeMismatchException"},
		"code":                          {Next: "DONE", SignedIn: true},
		"select":                        {Next: "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION", Available: []string{"PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"}},
		"selected code":                 {Next: "CONFIRM_SIGN_IN_WITH_EMAIL_CODE"},
		"selected code right":           {Next: "DONE", SignedIn: true},
		"selected PASSWORD":             {Next: "CONFIRM_SIGN_IN_WITH_PASSWORD"},
		"PASSWORD after the choice":     {Next: "DONE", SignedIn: true},
		"preferred PASSWORD":            {Next: "DONE", SignedIn: true},
		"selected PASSWORD_SRP":         {Next: "CONFIRM_SIGN_IN_WITH_PASSWORD"},
		"PASSWORD_SRP after the choice": {Next: "DONE", SignedIn: true},
		"preferred PASSWORD_SRP":        {Next: "DONE", SignedIn: true},
		"unknown user":                  {Next: "CONFIRM_SIGN_IN_WITH_EMAIL_CODE"},
	} {
		got := steps[name]
		if got.Next != want.Next || got.Error != want.Error || got.Username != want.Username || got.SignedIn != want.SignedIn || !slices.Equal(got.Available, want.Available) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

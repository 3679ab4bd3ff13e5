package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// mfaStep is one line of amplify/mfa.mjs.
type mfaStep struct{ Step, Next, Preferred, Enabled, Destination string }

// TestAmplifyMFA sets up and uses TOTP and SMS by Amplify and amazon-cognito-identity-js from npm.
func TestAmplifyMFA(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(harness.Root(), "e2e", "amplify")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "amazon-cognito-identity-js")); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = folder
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	s := harness.Start(t, harness.Config{})
	admin, name := s.Users(harness.Admin), "mia"
	_, err := admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: aws.String(harness.Pool), MfaConfiguration: types.UserPoolMfaTypeOptional,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		SmsMfaConfiguration:           &types.SmsMfaConfigType{SmsConfiguration: &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::123456789012:role/sms")}}})
	ok(t, err)
	makeUser(t, s, name)
	_, err = admin.AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{UserPoolId: aws.String(harness.Pool), Username: &name,
		UserAttributes: []types.AttributeType{{Name: aws.String("phone_number"), Value: aws.String("+15550009878")}}})
	ok(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "mfa.mjs")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "SLUICE_URL="+s.URL, "SLUICE_POOL="+harness.Pool, "SLUICE_CLIENT="+harness.Client, "SLUICE_USER="+name,
		"SLUICE_PASSWORD="+password, "SLUICE_OUTBOX="+s.OutboxPath())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("node: %v\n%s\n%s", err, stdout.String(), stderr.String())
	}
	want := []mfaStep{
		{Step: "signIn", Next: "DONE"},
		{Step: "preference", Preferred: "TOTP", Enabled: "SMS TOTP"},
		{Step: "TOTP", Next: "CONFIRM_SIGN_IN_WITH_TOTP_CODE"},
		{Step: "TOTP confirmed", Next: "DONE"},
		{Step: "SMS", Next: "CONFIRM_SIGN_IN_WITH_SMS_CODE", Destination: "+*******9878"},
		{Step: "SMS confirmed", Next: "DONE"},
		{Step: "authenticateUser", Next: "SOFTWARE_TOKEN_MFA"},
	}
	steps := json.NewDecoder(&stdout)
	for _, w := range want {
		var got mfaStep
		if err := steps.Decode(&got); err != nil {
			t.Fatalf("%s: %v", w.Step, err)
		}
		if got != w {
			t.Errorf("%+v, want %+v", got, w)
		}
	}
}

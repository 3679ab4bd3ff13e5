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

	"github.com/sluicegate/sluice/e2e/harness"
)

// customStep is one line of amplify/custom.mjs.
type customStep struct {
	Step, Next, Error, Captcha, Tenant string
	Complete                           bool
}

// TestAmplifyCustomChallenges signs in with custom challenges by Amplify and amazon-cognito-identity-js from npm.
func TestAmplifyCustomChallenges(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(harness.Root(), "e2e", "amplify")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "amazon-cognito-identity-js")); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = folder
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	s, pool, client, _ := triggerPool(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "custom.mjs")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "SLUICE_URL="+s.URL, "SLUICE_POOL="+pool, "SLUICE_CLIENT="+client, "SLUICE_PASSWORD="+password)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("node: %v\n%s\n%s", err, stdout.String(), stderr.String())
	}
	const challenge = "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE"
	want := []customStep{
		{Step: "signUp", Complete: true},
		{Step: "CUSTOM_WITHOUT_SRP begins", Next: challenge, Captcha: "url/123.jpg"},
		{Step: "CUSTOM_WITHOUT_SRP wrong", Next: challenge},
		{Step: "CUSTOM_WITHOUT_SRP done", Next: "DONE", Tenant: "blue"},
		{Step: "CUSTOM_WITH_SRP begins", Next: challenge, Captcha: "url/123.jpg"},
		{Step: "CUSTOM_WITH_SRP wrong", Next: challenge},
		{Step: "CUSTOM_WITH_SRP done", Next: "DONE", Tenant: "blue"},
		{Step: "three wrong answers", Error: "NotAuthorizedException"},
		{Step: "authenticateUser", Tenant: "blue"},
		{Step: "initiateAuth", Tenant: "blue"},
	}
	steps := json.NewDecoder(&stdout)
	for _, w := range want {
		var got customStep
		if err := steps.Decode(&got); err != nil {
			t.Fatalf("%s: %v", w.Step, err)
		}
		if got != w {
			t.Errorf("%+v, want %+v", got, w)
		}
	}
}

package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestAHandlerWithAWSsRuntimeClientForNode runs handlers with aws-lambda-ric, whose native part is built from the package's sources.
func TestAHandlerWithAWSsRuntimeClientForNode(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.Config{Global: "trigger " + functionARN + "node {\ncommand node bin/index.mjs handler.presignup\nhandler handler.presignup\nwatch domains.txt\n}"})
	source, dir := filepath.Join(harness.Root(), "e2e", "lambdaric"), filepath.Dir(s.Caddyfile)
	if out, err := exec.Command(filepath.Join(source, "build.sh"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"handler.js", "domains.txt"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	s.Launch(t)
	_, client := poolWith(t, s, &types.LambdaConfigType{PreSignUp: aws.String(functionARN + "node")})
	up, err := register(t, s, client, "alice")
	ok(t, err)
	equal(t, "UserConfirmed", up.UserConfirmed, true)
	s.Await(t, func() bool { return strings.Contains(s.Log(), "node "+functionARN+"node from a child") })

	_, err = register(t, s, client, "mallory")
	wantError(t, err, "UserLambdaValidationException", "PreSignUp failed with error mallory may not sign up.")
	_, err = register(t, s, client, "trent") // ends the process
	wantCode(t, "a process that exits", err, "UserLambdaValidationException")
	up, err = register(t, s, client, "bob")
	ok(t, err)
	equal(t, "UserConfirmed after a crash", up.UserConfirmed, true)

	ok(t, os.WriteFile(filepath.Join(dir, "domains.txt"), []byte("example.net\n# no longer the other one"), fs.FileMode(0o600)))
	up, err = register(t, s, client, "carol")
	ok(t, err)
	equal(t, "UserConfirmed after the watched file changed", up.UserConfirmed, false)
}

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const functionARN = "arn:aws:lambda:us-east-1:123456789012:function:"

// functions are lines for the sluice block that map AWS's sample handlers.
func functions(lines ...string) string {
	dir := filepath.Join(harness.Root(), "e2e", "triggers")
	text := strings.Join(lines, "\n")
	for _, file := range []string{"presignup.mjs", "pretokengeneration.mjs", "define.mjs", "create.mjs", "verify.js"} {
		name, _, _ := strings.Cut(file, ".")
		text += "\ntrigger " + functionARN + name + " {\njavascript " + filepath.Join(dir, file) + "\n}"
	}
	return text
}

// poolWith makes a pool with triggers and an app client, and returns their ids.
func poolWith(t *testing.T, s *harness.Sluice, config *types.LambdaConfigType) (pool, client string) {
	t.Helper()
	admin := s.Users(harness.Admin)
	made, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("triggers"), LambdaConfig: config,
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail}})
	ok(t, err)
	app, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: made.UserPool.Id, ClientName: aws.String("app"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowCustomAuth, types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth}})
	ok(t, err)
	return *made.UserPool.Id, *app.UserPoolClient.ClientId
}

func register(t *testing.T, s *harness.Sluice, client, name string) (*cip.SignUpOutput, error) {
	t.Helper()
	return s.Users(harness.Anonymous).SignUp(t.Context(), &cip.SignUpInput{ClientId: &client, Username: &name, Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}}})
}

// TestSampleTriggersOfAWS runs handlers of AWS's documentation in a pool.
func TestSampleTriggersOfAWS(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{Global: functions()})
	pool, client := poolWith(t, s, &types.LambdaConfigType{PreSignUp: aws.String(functionARN + "presignup"),
		PreTokenGenerationConfig:    &types.PreTokenGenerationVersionConfigType{LambdaArn: aws.String(functionARN + "pretokengeneration"), LambdaVersion: types.PreTokenGenerationLambdaVersionTypeV20},
		DefineAuthChallenge:         aws.String(functionARN + "define"),
		CreateAuthChallenge:         aws.String(functionARN + "create"),
		VerifyAuthChallengeResponse: aws.String(functionARN + "verify")})
	up, err := register(t, s, client, "alice")
	ok(t, err)
	equal(t, "UserConfirmed", up.UserConfirmed, true)
	user, err := s.Users(harness.Admin).AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("alice")})
	ok(t, err)
	for _, a := range user.UserAttributes {
		if *a.Name == "email_verified" {
			equal(t, "email_verified", *a.Value, "true")
		}
	}

	users := s.Users(harness.Anonymous)
	begin := func() *cip.InitiateAuthOutput {
		out, err := users.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &client, AuthFlow: types.AuthFlowTypeCustomAuth,
			AuthParameters: map[string]string{"USERNAME": "alice"}})
		ok(t, err)
		equal(t, "ChallengeName", out.ChallengeName, types.ChallengeNameTypeCustomChallenge)
		equal(t, "captchaUrl", out.ChallengeParameters["captchaUrl"], "url/123.jpg")
		for name := range out.ChallengeParameters {
			if name == "answer" {
				t.Error("the private parameters are in the answer")
			}
		}
		return out
	}
	answer := func(challenge *cip.InitiateAuthOutput, answer string) (*cip.RespondToAuthChallengeOutput, error) {
		return users.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{ClientId: &client, ChallengeName: challenge.ChallengeName,
			Session: challenge.Session, ChallengeResponses: map[string]string{"USERNAME": "alice", "ANSWER": answer}})
	}
	_, err = answer(begin(), "6")
	wantCode(t, "a wrong answer", err, "NotAuthorizedException")
	in, err := answer(begin(), "5")
	ok(t, err)
	id, access := harness.Claims(t, *in.AuthenticationResult.IdToken), harness.Claims(t, *in.AuthenticationResult.AccessToken)
	equal(t, "family_name", id["family_name"], "Doe")
	equal(t, "email", id["email"], nil)
	equal(t, "cognito:preferred_role", id["cognito:preferred_role"], "arn:aws:iam::123456789012:role/new_role")
	if scope, _ := access["scope"].(string); !strings.Contains(scope, "solar-system-data/asteroids.add") || strings.Contains(scope, "aws.cognito.signin.user.admin") {
		t.Errorf("scope %q", scope)
	}

	out, err := s.Command("trigger", "invoke", functionARN+"verify", writeFile(t, `{"request": {"privateChallengeParameters": {"answer": "5"}, "challengeAnswer": "5"}, "response": {}}`),
		"--config", s.Caddyfile, "--adapter", "caddyfile")
	if err != nil || !strings.Contains(out, `"answerCorrect": true`) || !strings.Contains(out, "took ") {
		t.Errorf("sluice trigger invoke: %v\n%s", err, out)
	}
	if out, err = s.Command("trigger", "invoke", functionARN+"verify", writeFile(t, `{}`), "--config", s.Caddyfile, "--adapter", "caddyfile"); err == nil || !strings.Contains(out, "TypeError") {
		t.Errorf("sluice trigger invoke with a bad event: %v\n%s", err, out)
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	ok(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestAHandlerWithAWSsRuntimeClientForGo runs a process that uses aws-lambda-go, and kills it once.
func TestAHandlerWithAWSsRuntimeClientForGo(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-o", program, "./triggers/lambdago")
	build.Dir = filepath.Join(harness.Root(), "e2e")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := harness.Start(t, harness.Config{Global: functions("trigger " + functionARN + "gopher {\ncommand " + program + "\nwatch " + program + "\n}")})
	_, client := poolWith(t, s, &types.LambdaConfigType{PreSignUp: aws.String(functionARN + "gopher")})
	up, err := register(t, s, client, "alice")
	ok(t, err)
	equal(t, "UserConfirmed", up.UserConfirmed, true)
	_, err = register(t, s, client, "mallory")
	wantError(t, err, "UserLambdaValidationException", "PreSignUp failed with error mallory may not sign up.")
	line := regexp.MustCompile(`.*gopher ` + functionARN + `gopher.*"pid":"(\d+)".*`).FindStringSubmatch(s.Log())
	if line == nil {
		t.Fatal("what the handler printed is not in the log")
	}
	pid, err := strconv.Atoi(line[1])
	ok(t, err)
	ok(t, syscall.Kill(pid, syscall.SIGKILL))
	s.Await(t, func() bool { return strings.Contains(s.Log(), "the process of a trigger function ended") })
	up, err = register(t, s, client, "bob")
	ok(t, err)
	equal(t, "UserConfirmed", up.UserConfirmed, true)
}

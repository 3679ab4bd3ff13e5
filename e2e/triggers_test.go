package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const lambdaPrefix = "arn:aws:lambda:us-east-1:123456789012:function:"

// lambda serves every trigger that is not a JavaScript file, by URL.
type lambda struct {
	mu      sync.Mutex
	sources []string
}

func (l *lambda) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var event struct {
		TriggerSource string         `json:"triggerSource"`
		UserName      string         `json:"userName"`
		Request       map[string]any `json:"request"`
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	l.sources = append(l.sources, event.TriggerSource)
	l.mu.Unlock()
	response := `{}`
	switch event.TriggerSource {
	case "PreSignUp_SignUp":
		if event.UserName == "unwanted" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"errorType": "Error", "errorMessage": "Not on the list"}`)
			return
		}
		response = `{"autoConfirmUser": true, "autoVerifyEmail": true}`
	case "UserMigration_Authentication":
		if event.UserName == "old-user" && event.Request["password"] == "old" {
			response = `{"userAttributes": {"email": "old@example.com", "email_verified": "true"}, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"}`
		}
	case "TokenGeneration_Authentication", "TokenGeneration_RefreshTokens":
		response = `{"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToAddOrOverride": {"tenant": "blue", "sub": "forged"}},
			"accessTokenGeneration": {"claimsToAddOrOverride": {"plan": {"level": 3}}, "scopesToAdd": ["orders/read"]}}}`
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"response": %s}`, response)
}

func (l *lambda) seen() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.sources
	l.sources = nil
	return seen
}

// triggerPool starts Sluice with a pool that has every trigger of sign-up, sign-in and tokens, and an app client of it.
func triggerPool(t *testing.T) (s *harness.Sluice, pool, client string, l *lambda) {
	t.Helper()
	l = &lambda{}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	var global strings.Builder
	for name, file := range map[string]string{"define": "define.js", "create": "create.js", "verify": "verify.mjs"} {
		fmt.Fprintf(&global, "trigger %s%s {\n javascript %s\n}\n", lambdaPrefix, name, filepath.Join(harness.Root(), "e2e", "lambda", file))
	}
	fmt.Fprintf(&global, "trigger %surl {\n url %s\n}\n", lambdaPrefix, server.URL)
	s = harness.Start(t, harness.Config{Global: global.String()})
	admin, url := s.Users(harness.Admin), aws.String(lambdaPrefix+"url")
	made, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("triggers"), LambdaConfig: &types.LambdaConfigType{
		PreSignUp: url, PostConfirmation: url, PreAuthentication: url, PostAuthentication: url, UserMigration: url,
		DefineAuthChallenge: aws.String(lambdaPrefix + "define"), CreateAuthChallenge: aws.String(lambdaPrefix + "create"), VerifyAuthChallengeResponse: aws.String(lambdaPrefix + "verify"),
		PreTokenGenerationConfig: &types.PreTokenGenerationVersionConfigType{LambdaArn: url, LambdaVersion: types.PreTokenGenerationLambdaVersionTypeV20}}})
	ok(t, err)
	app, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: made.UserPool.Id, ClientName: aws.String("web"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowCustomAuth, types.ExplicitAuthFlowsTypeAllowUserSrpAuth,
			types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth}})
	ok(t, err)
	return s, aws.ToString(made.UserPool.Id), aws.ToString(app.UserPoolClient.ClientId), l
}

// TestTriggers drives every trigger of sign-up, sign-in and tokens with Go's SDK.
func TestTriggers(t *testing.T) {
	t.Parallel()
	s, _, client, l := triggerPool(t)
	users := s.Users(harness.Anonymous)
	signUp := func(name string) (*cip.SignUpOutput, error) {
		return users.SignUp(t.Context(), &cip.SignUpInput{ClientId: &client, Username: &name, Password: aws.String(password),
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}}})
	}
	_, err := signUp("unwanted")
	wantError(t, err, "UserLambdaValidationException", "PreSignUp failed with error Not on the list.")
	made, err := signUp("alice")
	ok(t, err)
	equal(t, "confirmed", made.UserConfirmed, true)

	begin := func(name string) (*cip.InitiateAuthOutput, error) {
		return users.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &client, AuthFlow: types.AuthFlowTypeCustomAuth, AuthParameters: map[string]string{"USERNAME": name}})
	}
	answer := func(session *string, text string) (*cip.RespondToAuthChallengeOutput, error) {
		return users.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{ClientId: &client, ChallengeName: types.ChallengeNameTypeCustomChallenge,
			Session: session, ChallengeResponses: map[string]string{"USERNAME": "alice", "ANSWER": text}})
	}
	l.seen()
	out, err := begin("alice")
	ok(t, err)
	equal(t, "public parameter", out.ChallengeParameters["captchaUrl"], "url/123.jpg")
	again, err := answer(out.Session, "wrong")
	ok(t, err)
	equal(t, "after a wrong answer", again.ChallengeName, types.ChallengeNameTypeCustomChallenge)
	done, err := answer(again.Session, "5")
	ok(t, err)
	id, access := harness.Claims(t, *done.AuthenticationResult.IdToken), harness.Claims(t, *done.AuthenticationResult.AccessToken)
	equal(t, "tenant", id["tenant"], "blue")
	equal(t, "sub", id["sub"], access["sub"])
	equal(t, "plan", fmt.Sprint(access["plan"]), "map[level:3]")
	equal(t, "scope", access["scope"], "aws.cognito.signin.user.admin orders/read")
	if got := l.seen(); !slices.Equal(got, []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"}) {
		t.Error(got)
	}

	migrated, err := users.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &client, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "old-user", "PASSWORD": "old"}})
	ok(t, err)
	equal(t, "migrated", harness.Claims(t, *migrated.AuthenticationResult.IdToken)["email"], "old@example.com")
}

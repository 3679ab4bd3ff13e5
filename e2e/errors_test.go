package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	usersTarget      = "AWSCognitoIdentityProviderService."
	identitiesTarget = "AWSCognitoIdentityService."
	jsonType         = "application/x-amz-json-1.1"
)

// TestErrorsAreAWSs sends invalid requests and expects AWS's error for each, never a 500.
func TestErrorsAreAWSs(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	makeUser(t, s, "rita", "readers")
	client := `"ClientId":"` + harness.Client + `"`
	for _, c := range []struct {
		name, target, body string
		status             int
		kind, message      string // message: a part of it; empty = any
	}{
		{"malformed JSON", usersTarget + "SignUp", `{"ClientId":`, 400, "SerializationException", ""},
		{"JSON that is no object", usersTarget + "SignUp", `[1]`, 400, "SerializationException", ""},
		{"a number for a string", usersTarget + "SignUp", `{"ClientId":1}`, 400, "SerializationException", ""},
		{"an unknown operation", usersTarget + "MakeCoffee", `{}`, 400, "UnknownOperationException", ""},
		{"an unknown service", "AWSCoffeeService.MakeCoffee", `{}`, 400, "UnknownOperationException", ""},
		{"a constraint", usersTarget + "SignUp", `{"ClientId":"a-b","Username":"u","Password":"Pass-word1"}`, 400, "InvalidParameterException",
			"1 validation error detected: Value at 'clientId' failed to satisfy constraint: Member must satisfy regular expression pattern"},
		{"two constraints", usersTarget + "SignUp", `{"ClientId":"a-b","Username":"u v","Password":"Pass-word1"}`, 400, "InvalidParameterException",
			"2 validation errors detected"},
		{"an unknown client", usersTarget + "InitiateAuth", `{"ClientId":"nosuchclient","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"u","PASSWORD":"p"}}`, 400,
			"ResourceNotFoundException", "User pool client nosuchclient does not exist."},
		{"a flow that the client may not use", usersTarget + "InitiateAuth", `{` + client + `,"AuthFlow":"CUSTOM_AUTH","AuthParameters":{"USERNAME":"rita"}}`, 400, "InvalidParameterException", ""},
		{"a flow that there is not", usersTarget + "InitiateAuth", `{` + client + `,"AuthFlow":"MAGIC"}`, 400, "InvalidParameterException", "enum value set"},
		{"a wrong password", usersTarget + "InitiateAuth", `{` + client + `,"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"rita","PASSWORD":"wrong"}}`, 400,
			"NotAuthorizedException", "Incorrect username or password."},
		{"an unknown user, told as a wrong password", usersTarget + "InitiateAuth", `{` + client + `,"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"nobody","PASSWORD":"wrong"}}`, 400,
			"NotAuthorizedException", "Incorrect username or password."},
		{"a weak password", usersTarget + "SignUp", `{` + client + `,"Username":"weak","Password":"abcdefgh","UserAttributes":[{"Name":"email","Value":"w@example.com"}]}`, 400,
			"InvalidPasswordException", "Password did not conform with policy"},
		{"an access token that is none", usersTarget + "GetUser", `{"AccessToken":"x"}`, 400, "NotAuthorizedException", ""},
		{"a refresh token that is none", usersTarget + "InitiateAuth", `{` + client + `,"AuthFlow":"REFRESH_TOKEN_AUTH","AuthParameters":{"REFRESH_TOKEN":"x"}}`, 400,
			"NotAuthorizedException", "Invalid Refresh Token"},
		{"an unknown session", usersTarget + "RespondToAuthChallenge", `{` + client + `,"ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"` + strings.Repeat("s", 40) + `","ChallengeResponses":{"USERNAME":"rita","NEW_PASSWORD":"x"}}`, 400,
			"NotAuthorizedException", "Invalid session for the user"},
		{"administration without a signature", usersTarget + "ListUserPools", `{"MaxResults":1}`, 400, "MissingAuthenticationTokenException", ""},
		{"an unknown identity pool", identitiesTarget + "GetId", `{"IdentityPoolId":"us-east-1:00000000-0000-4000-8000-000000000000"}`, 400,
			"ResourceNotFoundException", "IdentityPool 'us-east-1:00000000-0000-4000-8000-000000000000' not found."},
		{"a malformed identity pool id", identitiesTarget + "GetId", `{"IdentityPoolId":"US"}`, 400, "ValidationException", "1 validation error detected"},
		{"a login of a provider that is not configured", identitiesTarget + "GetId", `{"IdentityPoolId":"` + harness.IdentityPool + `","Logins":{"accounts.google.com":"x.y.z"}}`, 400, "NotAuthorizedException", ""},
	} {
		got := s.Post(t, "POST", "/", c.body, "Content-Type", jsonType, "X-Amz-Target", c.target)
		var answer struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
			t.Errorf("%s: %v in %q", c.name, err, got.Body)
			continue
		}
		if got.Status != c.status || answer.Type != c.kind || !strings.Contains(answer.Message, c.message) {
			t.Errorf("%s: %d %s %q, want %d %s %q", c.name, got.Status, answer.Type, answer.Message, c.status, c.kind, c.message)
		}
		if got.Header.Get("X-Amzn-Requestid") == "" || got.Header.Get("X-Amzn-Errortype") == "" {
			t.Errorf("%s: headers %v", c.name, got.Header)
		}
	}

	t.Run("a body over a mebibyte", func(t *testing.T) {
		got := s.Post(t, "POST", "/", `{"ClientId":"`+strings.Repeat("x", 1<<20)+`"}`, "Content-Type", jsonType, "X-Amz-Target", usersTarget+"SignUp")
		if got.Status < 400 || got.Status >= 500 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
	t.Run("an operation that is missing", func(t *testing.T) {
		got := s.Post(t, "POST", "/", "{}", "Content-Type", jsonType, "X-Amz-Target", usersTarget+"GetNothing")
		if got.Status != 400 || !strings.Contains(got.Body, "UnknownOperationException") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
	t.Run("signatures", func(t *testing.T) { signatures(t, s) })
	t.Run("signatures for the store", func(t *testing.T) { storeSignatures(t, s) })
	t.Run("a forged, expired or foreign token", func(t *testing.T) { foreignTokens(t, s) })
	t.Run("no partial write", func(t *testing.T) {
		// The second group of the call does not exist, the attribute is unknown: nothing of the user may stay.
		admin := s.Users(harness.Admin)
		_, err := admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{
			UserPoolId: aws.String(harness.Pool), Username: aws.String("partial"), MessageAction: types.MessageActionTypeSuppress,
			UserAttributes: []types.AttributeType{
				{Name: aws.String("email"), Value: aws.String("partial@example.com")},
				{Name: aws.String("custom:unknown"), Value: aws.String("x")},
			},
		})
		wantCode(t, "an unknown attribute", err, "InvalidParameterException")
		_, err = admin.AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: aws.String(harness.Pool), Username: aws.String("partial")})
		wantCode(t, "the user", err, "UserNotFoundException")
	})
}

// late shifts the SDK's clock.
type late struct {
	http.RoundTripper
	edit func(*http.Request)
}

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	l.edit(r)
	return l.RoundTripper.RoundTrip(r)
}

func signatures(t *testing.T, s *harness.Sluice) {
	list := func(creds aws.CredentialsProvider, edit func(*http.Request)) error {
		client := cip.New(cip.Options{
			Region: harness.Region, BaseEndpoint: &s.URL, Credentials: creds, RetryMaxAttempts: 1,
			HTTPClient: harness.Whole(&http.Client{Transport: late{http.DefaultTransport, edit}, Timeout: 20 * time.Second}),
		})
		_, err := client.ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(1)})
		return err
	}
	nothing := func(*http.Request) {}
	if err := list(harness.Admin, nothing); err != nil {
		t.Fatalf("a good signature: %v", err)
	}
	wantCode(t, "a wrong secret", list(harness.Keys(harness.RootKey, "wrong", ""), nothing), "InvalidSignatureException")
	wantCode(t, "an unknown key", list(harness.Keys("AKIAUNKNOWNUNKNOWN00", "x", ""), nothing), "UnrecognizedClientException")
	wantCode(t, "a token that is none", list(harness.Keys("ASIAUNKNOWNUNKNOWN00", "x", "not-a-token"), nothing), "UnrecognizedClientException")
	wantCode(t, "another operation than was signed", list(harness.Admin, func(r *http.Request) {
		r.Header.Set("X-Amz-Target", usersTarget+"ListUsers")
	}), "InvalidSignatureException")
	wantCode(t, "another time than was signed", list(harness.Admin, func(r *http.Request) {
		r.Header.Set("X-Amz-Date", time.Now().UTC().Add(-time.Minute).Format("20060102T150405Z"))
	}), "InvalidSignatureException")
	wantCode(t, "another body than was signed", list(harness.Admin, func(r *http.Request) {
		r.Body = http.NoBody
		r.ContentLength = 0
		r.GetBody = nil
		body := []byte(`{"MaxResults":2}`)
		r.Body, r.ContentLength = nopCloser{bytes.NewReader(body)}, int64(len(body))
	}), "InvalidSignatureException")
	_, err := s.STS(harness.Keys(harness.RootKey, "wrong", "")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, "STS with a wrong secret", err, "SignatureDoesNotMatch")
}

// storeSignatures expects errors that the SDK reads like S3's: code, message and the ids of the answer.
func storeSignatures(t *testing.T, s *harness.Sluice) {
	ask := func(creds aws.CredentialsProvider, region string) error {
		_, err := s.S3(creds).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(harness.Bucket), Key: aws.String("x")},
			func(o *s3.Options) { o.Region = region })
		return err
	}
	for _, c := range []struct {
		name          string
		err           error
		status        int
		code, message string
	}{
		{"another region", ask(harness.Admin, "eu-west-1"), 400, "AuthorizationHeaderMalformed",
			"The authorization header is malformed; the region 'eu-west-1' is wrong; expecting '" + harness.Region + "'"},
		{"an unknown key", ask(harness.Keys("AKIAUNKNOWNUNKNOWN00", "x", ""), harness.Region), 403, "InvalidAccessKeyId",
			"The AWS Access Key Id you provided does not exist in our records."},
	} {
		var api smithy.APIError
		var answer s3.ResponseError
		if !errors.As(c.err, &api) || api.ErrorCode() != c.code || api.ErrorMessage() != c.message {
			t.Errorf("%s: %v", c.name, c.err)
			continue
		}
		if !errors.As(c.err, &answer) || answer.ServiceRequestID() == "" || answer.ServiceHostID() == "" {
			t.Errorf("%s: no ids in %v", c.name, c.err)
		}
		var status *awshttp.ResponseError
		if !errors.As(c.err, &status) || status.HTTPStatusCode() != c.status {
			t.Errorf("%s: %v, want status %d", c.name, c.err, c.status)
		}
	}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

func foreignTokens(t *testing.T, s *harness.Sluice) {
	tokens := signIn(t, s, "rita")
	admin, client, ctx := s.Users(harness.Admin), s.Users(harness.Anonymous), t.Context()
	_, err := client.GetUser(ctx, &cip.GetUserInput{AccessToken: aws.String(flip(*tokens.AccessToken))})
	wantCode(t, "a forged token", err, "NotAuthorizedException")
	_, err = client.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.IdToken})
	wantCode(t, "an ID token", err, "NotAuthorizedException")

	// A pool made by the same Sluice is still another pool.
	other, err := admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("other")})
	if err != nil {
		t.Fatal(err)
	}
	app, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: other.UserPool.Id, ClientName: aws.String("other"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.CreateGroup(ctx, &cip.CreateGroupInput{UserPoolId: other.UserPool.Id, GroupName: aws.String("editors")}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{
		UserPoolId: other.UserPool.Id, Username: aws.String("mallory"), MessageAction: types.MessageActionTypeSuppress,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{
		UserPoolId: other.UserPool.Id, Username: aws.String("mallory"), Password: aws.String(password), Permanent: true,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.AdminAddUserToGroup(ctx, &cip.AdminAddUserToGroupInput{
		UserPoolId: other.UserPool.Id, Username: aws.String("mallory"), GroupName: aws.String("editors"),
	}); err != nil {
		t.Fatal(err)
	}
	got, err := client.InitiateAuth(ctx, &cip.InitiateAuthInput{
		ClientId: app.UserPoolClient.ClientId, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "mallory", "PASSWORD": password},
	})
	if err != nil {
		t.Fatal(err)
	}
	mallory := got.AuthenticationResult
	if answer := s.Get(t, "GET", "/api/x", "Authorization", "Bearer "+*mallory.AccessToken); answer.Status != 401 {
		t.Errorf("another pool's editor at the edge: %d %s", answer.Status, answer.Body)
	}
	_, err = client.InitiateAuth(ctx, &cip.InitiateAuthInput{
		ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *mallory.RefreshToken},
	})
	wantCode(t, "another client's refresh token", err, "NotAuthorizedException")
	_, err = s.Identities(harness.Anonymous).GetId(ctx, &cognitoidentity.GetIdInput{
		IdentityPoolId: aws.String(harness.IdentityPool), Logins: map[string]string{loginKey(s): *mallory.IdToken},
	})
	wantCode(t, "another pool's ID token as a login", err, "NotAuthorizedException")
}

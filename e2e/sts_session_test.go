package e2e

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	accountRoot = "arn:aws:iam::" + harness.Account + ":root"
	readPolicy  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`
)

// caller checks temporary credentials and returns the ARN of who calls with them.
func caller(t *testing.T, c *sdk, k *types.Credentials) string {
	t.Helper()
	if len(aws.ToString(k.AccessKeyId)) != 20 || len(aws.ToString(k.SecretAccessKey)) != 40 || !aws.ToTime(k.Expiration).After(time.Now()) {
		t.Errorf("key %s expires %v", aws.ToString(k.AccessKeyId), k.Expiration)
	}
	who, err := c.sts(keysOf(k)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	ok(t, err)
	return aws.ToString(who.Arn)
}

func keysOf(k *types.Credentials) aws.CredentialsProvider {
	return harness.Keys(aws.ToString(k.AccessKeyId), aws.ToString(k.SecretAccessKey), aws.ToString(k.SessionToken))
}

func (tokenService) GetCallerIdentity(t *testing.T, c *sdk) {
	got, err := c.sts(harness.Admin).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	ok(t, err)
	equal(t, "account", aws.ToString(got.Account), harness.Account)
	equal(t, "ARN", aws.ToString(got.Arn), accountRoot)
	equal(t, "user id", aws.ToString(got.UserId), harness.Account)
	_, err = c.sts(harness.Keys("AKIAUNKNOWNUNKNOWN00", "x", "")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
	presigned, err := sts.NewPresignClient(c.sts(harness.Admin)).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	ok(t, err)
	equal(t, "the answer to a presigned URL has the ARN", strings.Contains(fetched(t, &presigned.URL), accountRoot), true)
}

func (tokenService) DecodeAuthorizationMessage(t *testing.T, c *sdk) {
	made := role(t, c)
	session, err := c.sts(harness.Admin).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: made.Arn, RoleSessionName: aws.String("ana")})
	ok(t, err)
	_, err = c.iam(keysOf(session.Credentials)).GetRole(t.Context(), &iam.GetRoleInput{RoleName: &c.name})
	var refused *smithyhttp.ResponseError
	if !errors.As(err, &refused) {
		t.Fatalf("no answer: %v", err)
	}
	encoded := refused.Response.Header.Get("X-Sluice-Authorization-Message")
	decode := func(by aws.CredentialsProvider, message string) (string, error) {
		got, err := c.sts(by).DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
		if err != nil {
			return "", err
		}
		return aws.ToString(got.DecodedMessage), nil
	}
	text, err := decode(harness.Admin, encoded)
	ok(t, err)
	var said struct {
		Allowed, ExplicitDeny bool
		Context               struct{ Action, Resource string }
	}
	ok(t, json.Unmarshal([]byte(text), &said))
	equal(t, "action", said.Context.Action, "iam:GetRole")
	equal(t, "resource", said.Context.Resource, *made.Arn)
	_, err = decode(harness.Admin, "x")
	wantError(t, err, "InvalidAuthorizationMessageException", "Invalid Authorization Message.")
	_, err = decode(keysOf(session.Credentials), encoded)
	wantCode(t, "without the permission", err, "AccessDenied")
}

func (tokenService) GetAccessKeyInfo(t *testing.T, c *sdk) {
	admin := c.sts(harness.Admin)
	got, err := admin.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String(harness.RootKey)})
	ok(t, err)
	equal(t, "account", aws.ToString(got.Account), harness.Account)
	_, err = admin.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("AKIAUNKNOWNUNKNOWN00")})
	wantError(t, err, "ValidationError", "The access key ID AKIAUNKNOWNUNKNOWN00 is not one of this account.")
}

func (tokenService) GetSessionToken(t *testing.T, c *sdk) {
	got, err := c.sts(harness.Admin).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	ok(t, err)
	equal(t, "caller", caller(t, c, got.Credentials), accountRoot)
	_, err = c.sts(keysOf(got.Credentials)).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	wantError(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
}

func (tokenService) GetFederationToken(t *testing.T, c *sdk) {
	admin := c.sts(harness.Admin)
	ask := func(policy string) (*sts.GetFederationTokenOutput, error) {
		return admin.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: aws.String("bob"), Policy: &policy})
	}
	got, err := ask(readPolicy)
	ok(t, err)
	const bob = "arn:aws:sts::" + harness.Account + ":federated-user/bob"
	equal(t, "ARN", aws.ToString(got.FederatedUser.Arn), bob)
	equal(t, "id", aws.ToString(got.FederatedUser.FederatedUserId), harness.Account+":bob")
	equal(t, "caller", caller(t, c, got.Credentials), bob)
	_, err = ask(`{"Version":"2012-10-17","Statement":[]}`)
	wantCode(t, "a policy without statements", err, "MalformedPolicyDocument")
}

func (tokenService) AssumeRole(t *testing.T, c *sdk) {
	admin := c.sts(harness.Admin)
	role(t, c)
	assume := func(arn string) (*sts.AssumeRoleOutput, error) {
		return admin.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("alice"), SourceIdentity: aws.String("al")})
	}
	got, err := assume(roleARN(c.name))
	ok(t, err)
	session := "arn:aws:sts::" + harness.Account + ":assumed-role/" + c.name + "/alice"
	equal(t, "ARN", aws.ToString(got.AssumedRoleUser.Arn), session)
	equal(t, "caller", caller(t, c, got.Credentials), session)
	equal(t, "source identity", aws.ToString(got.SourceIdentity), "al")
	_, err = assume(roleARN("no-such-role"))
	wantError(t, err, "AccessDenied", "User: "+accountRoot+" is not authorized to perform: sts:AssumeRole on resource: "+roleARN("no-such-role"))
}

func (tokenService) AssumeRoleWithWebIdentity(t *testing.T, c *sdk) {
	client, pool := c.sts(harness.Anonymous), identityPool(t, c).IdentityPoolId
	roleTrusting(t, c, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+aws.ToString(pool)+`"}}}}`)
	guest := identity(t, c, pool, nil)
	token, err := c.identities(harness.Anonymous).GetOpenIdToken(t.Context(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: guest})
	ok(t, err)
	assume := func(arn string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return client.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &arn, RoleSessionName: aws.String("web"), WebIdentityToken: token.Token,
		})
	}
	got, err := assume(roleARN(c.name))
	ok(t, err)
	equal(t, "subject", aws.ToString(got.SubjectFromWebIdentityToken), aws.ToString(guest))
	equal(t, "audience", aws.ToString(got.Audience), aws.ToString(pool))
	equal(t, "provider", aws.ToString(got.Provider), "cognito-identity.amazonaws.com")
	equal(t, "caller", caller(t, c, got.Credentials), "arn:aws:sts::"+harness.Account+":assumed-role/"+c.name+"/web")
	_, err = assume(roleARN("notes-user"))
	wantError(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}

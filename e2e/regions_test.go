package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	ciptypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluicegate/sluice/e2e/harness"
)

// inRegion makes clients of AWS's SDK with a region, as a program with several regions does.
type inRegion struct {
	s      *harness.Sluice
	region string
	creds  aws.CredentialsProvider
}

func whole() aws.HTTPClient { return harness.Whole(awshttp.NewBuildableClient()) }

func (r inRegion) users() *cip.Client {
	return cip.New(cip.Options{Region: r.region, BaseEndpoint: &r.s.URL, Credentials: r.creds, RetryMaxAttempts: 1, HTTPClient: whole()})
}

func (r inRegion) identities() *cognitoidentity.Client {
	return cognitoidentity.New(cognitoidentity.Options{Region: r.region, BaseEndpoint: &r.s.URL, Credentials: r.creds, RetryMaxAttempts: 1, HTTPClient: whole()})
}

func (r inRegion) sts() *sts.Client {
	return sts.New(sts.Options{Region: r.region, BaseEndpoint: &r.s.URL, Credentials: r.creds, RetryMaxAttempts: 1, HTTPClient: whole()})
}

func (r inRegion) iam() *iam.Client {
	return iam.New(iam.Options{Region: r.region, BaseEndpoint: &r.s.URL, Credentials: r.creds, RetryMaxAttempts: 1, HTTPClient: whole()})
}

// world is a user pool with a client and a user, and an identity pool for them, all made in one region.
type world struct {
	inRegion
	pool, arn, client, identityPool string
}

func newWorld(t *testing.T, r inRegion) world {
	t.Helper()
	ctx, w := t.Context(), world{inRegion: r}
	pool, err := r.users().CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: new("regions")})
	if err != nil {
		t.Fatal(err)
	}
	w.pool, w.arn = *pool.UserPool.Id, *pool.UserPool.Arn
	client, err := r.users().CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: new("c"),
		ExplicitAuthFlows: []ciptypes.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"}})
	if err != nil {
		t.Fatal(err)
	}
	w.client = *client.UserPoolClient.ClientId
	if _, err := r.users().AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &w.pool, Username: new("ann"), MessageAction: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.users().AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: &w.pool, Username: new("ann"), Password: new("Correct-horse-1"), Permanent: true}); err != nil {
		t.Fatal(err)
	}
	identity, err := r.identities().CreateIdentityPool(ctx, &cognitoidentity.CreateIdentityPoolInput{IdentityPoolName: new("regions"), AllowUnauthenticatedIdentities: true})
	if err != nil {
		t.Fatal(err)
	}
	w.identityPool = *identity.IdentityPoolId
	if !strings.HasPrefix(w.pool, r.region+"_") || !strings.HasPrefix(w.arn, "arn:aws:cognito-idp:"+r.region+":") || !strings.HasPrefix(w.identityPool, r.region+":") {
		t.Errorf("made in %s: %s, %s, %s", r.region, w.pool, w.arn, w.identityPool)
	}
	return w
}

// TestOneProcessIsSeveralRegions runs what a test suite with clients of two regions does, against one process.
func TestOneProcessIsSeveralRegions(t *testing.T) {
	t.Parallel()
	const both = "region us-east-1 eu-west-1"
	s := harness.Start(t, harness.Config{Edit: func(text string) string { return strings.Replace(text, "region us-east-1", both, 1) }})
	east, west := newWorld(t, inRegion{s, "us-east-1", harness.Admin}), newWorld(t, inRegion{s, "eu-west-1", harness.Admin})
	t.Run("a region has its own pools", func(t *testing.T) { ownPools(t, east, west) })
	t.Run("unsigned calls go by the id", func(t *testing.T) {
		for _, w := range []world{east, west} {
			// The SDK's region does not matter: an unsigned request does not carry it.
			anonymous := inRegion{s, "ap-south-1", harness.Anonymous}
			out, err := anonymous.users().InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &w.client, AuthFlow: "USER_PASSWORD_AUTH",
				AuthParameters: map[string]string{"USERNAME": "ann", "PASSWORD": "Correct-horse-1"}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := anonymous.users().GetUser(t.Context(), &cip.GetUserInput{AccessToken: out.AuthenticationResult.AccessToken}); err != nil {
				t.Error(err)
			}
			id, err := anonymous.identities().GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &w.identityPool})
			if err != nil || !strings.HasPrefix(*id.IdentityId, w.region+":") {
				t.Errorf("identity %v, %v", id, err)
			}
		}
	})
	t.Run("IAM and STS are everywhere", func(t *testing.T) { globalServices(t, s) })
	t.Run("a region that is not configured", func(t *testing.T) {
		elsewhere := inRegion{s, "ap-south-1", harness.Admin}
		_, err := elsewhere.users().ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: new(int32(10))})
		wantError(t, err, "InvalidSignatureException", "Credential should be scoped to a valid region. ")
		_, err = elsewhere.sts().GetCallerIdentity(t.Context(), nil)
		wantError(t, err, "SignatureDoesNotMatch", "Credential should be scoped to a valid region, not 'ap-south-1'. ")
	})
	t.Run("a pool of a region that is left stays in the store, unseen", func(t *testing.T) {
		s.Write(t, strings.Replace(s.Read(t), both, "region us-east-1 us-west-2", 1))
		s.Reload(t)
		_, err := (inRegion{s, "us-east-1", harness.Anonymous}).users().InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &west.client, AuthFlow: "USER_PASSWORD_AUTH",
			AuthParameters: map[string]string{"USERNAME": "ann", "PASSWORD": "Correct-horse-1"}})
		wantError(t, err, "ResourceNotFoundException", "User pool client "+west.client+" does not exist.")
		if r := s.Get(t, "GET", "/"+west.pool+"/.well-known/jwks.json"); r.Status != 404 {
			t.Errorf("its keys: %d", r.Status)
		}
		if r := s.Get(t, "GET", "/"+east.pool+"/.well-known/jwks.json"); r.Status != 200 {
			t.Errorf("the other's keys: %d", r.Status)
		}
	})
}

// ownPools checks that each region finds and lists its own pools only.
func ownPools(t *testing.T, east, west world) {
	ctx := t.Context()
	for _, pair := range [][2]world{{east, west}, {west, east}} {
		own, other := pair[0], pair[1]
		if _, err := own.users().DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &own.pool}); err != nil {
			t.Error(err)
		}
		_, err := own.users().DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &other.pool})
		wantError(t, err, "ResourceNotFoundException", "User pool "+other.pool+" does not exist.")
		_, err = own.users().AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &other.pool, Username: new("ann")})
		wantError(t, err, "ResourceNotFoundException", "User pool "+other.pool+" does not exist.")
		_, err = own.users().ListTagsForResource(ctx, &cip.ListTagsForResourceInput{ResourceArn: &other.arn})
		wantError(t, err, "ResourceNotFoundException", "User pool "+other.pool+" does not exist.")
		_, err = own.identities().DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &other.identityPool})
		wantError(t, err, "ResourceNotFoundException", "IdentityPool '"+other.identityPool+"' not found.")
		list, err := own.users().ListUserPools(ctx, &cip.ListUserPoolsInput{MaxResults: new(int32(60))})
		ok(t, err)
		for _, p := range list.UserPools {
			if !strings.HasPrefix(*p.Id, own.region+"_") {
				t.Errorf("%s lists %s", own.region, *p.Id)
			}
		}
		identityPools, err := own.identities().ListIdentityPools(ctx, &cognitoidentity.ListIdentityPoolsInput{MaxResults: new(int32(60))})
		ok(t, err)
		for _, p := range identityPools.IdentityPools {
			if !strings.HasPrefix(*p.IdentityPoolId, own.region+":") {
				t.Errorf("%s lists %s", own.region, *p.IdentityPoolId)
			}
		}
	}
}

// globalServices makes a role in one region, takes it in another, and calls with it where its policy allows.
func globalServices(t *testing.T, s *harness.Sluice) {
	ctx := t.Context()
	east, west := inRegion{s, "us-east-1", harness.Admin}, inRegion{s, "eu-west-1", harness.Admin}
	made, err := west.iam().CreateRole(ctx, &iam.CreateRoleInput{RoleName: new("regional"), AssumeRolePolicyDocument: new(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)})
	ok(t, err)
	_, err = east.iam().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: new("regional"), PolicyName: new("p"), PolicyDocument: new(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-idp:ListUserPools","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}`)})
	ok(t, err)
	taken, err := west.sts().AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: made.Role.Arn, RoleSessionName: new("me")})
	ok(t, err)
	creds := harness.Keys(*taken.Credentials.AccessKeyId, *taken.Credentials.SecretAccessKey, *taken.Credentials.SessionToken)
	if _, err := (inRegion{s, "eu-west-1", creds}).users().ListUserPools(ctx, &cip.ListUserPoolsInput{MaxResults: new(int32(1))}); err != nil {
		t.Error(err)
	}
	_, err = (inRegion{s, "us-east-1", creds}).users().ListUserPools(ctx, &cip.ListUserPoolsInput{MaxResults: new(int32(1))})
	wantCode(t, "in a region that the policy does not allow", err, "AccessDeniedException")
	if _, err := (inRegion{s, "us-east-1", creds}).sts().GetCallerIdentity(ctx, nil); err != nil {
		t.Error("the global endpoint:", err)
	}
}

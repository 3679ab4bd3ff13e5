package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/e2e/harness"
)

// Two processes have one store and no Redis. What one changes is in force in the other within a second.
func TestAChangeIsInForceInEveryProcess(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(t *testing.T) string{
		"on a file":     func(*testing.T) string { return "" },
		"on PostgreSQL": func(t *testing.T) string { return "SLUICE_STORE=" + harness.StartPostgres(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testChangesAreInForce(t, store(t))
		})
	}
}

func testChangesAreInForce(t *testing.T, store string) {
	t.Helper()
	objects := harness.StartS3(t)
	objects.Put(t, "public/hello", "hello")
	c := harness.Config{S3: objects, Embedded: true} // the test has its own store, and two processes that it tells apart
	if store != "" {
		c.Env = []string{store}
	}
	here := harness.Start(t, c)
	makeUser(t, here, "rita", "readers")
	there := here.Twin(t)
	f := &forces{t: t, here: here, there: there, admin: here.Users(harness.Admin)}

	tokens := signIn(t, there, "rita")
	_, creds := temporary(t, here, *tokens.IdToken) // the public URL is the first one's
	equal(t, "an object", object(t, there, creds), "")
	f.client()
	f.role(creds)
	f.group()
	f.pool()
	f.revocation(tokens)
}

// forces changes something here and waits for its effect there.
type forces struct {
	t           *testing.T
	here, there *harness.Sluice
	admin       *cip.Client
}

// after runs a change and waits for its effect.
func (f *forces) after(what string, change func() error, holds func() bool) {
	f.t.Helper()
	ok(f.t, change())
	took := within(f.t, what, time.Now(), time.Second, holds)
	f.t.Logf("measured: %s: %v", what, took.Round(time.Millisecond))
}

// code is the code of an API's error, "" for none.
func code(t *testing.T, err error) string {
	t.Helper()
	var refused smithy.APIError
	if err == nil {
		return ""
	}
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.ErrorCode()
}

// client takes a flow from an app client, and gives it back.
func (f *forces) client() {
	f.t.Helper()
	ctx := f.t.Context()
	described, err := f.admin.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: aws.String(harness.Pool), ClientId: aws.String(harness.Client)})
	ok(f.t, err)
	was := described.UserPoolClient
	update := func(flows ...types.ExplicitAuthFlowsType) func() error {
		return func() error {
			_, err := f.admin.UpdateUserPoolClient(ctx, &cip.UpdateUserPoolClientInput{UserPoolId: was.UserPoolId, ClientId: was.ClientId,
				ExplicitAuthFlows: flows, PreventUserExistenceErrors: was.PreventUserExistenceErrors})
			return err
		}
	}
	signsIn := func() string {
		_, err := f.there.Users(harness.Anonymous).InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: was.ClientId, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
			AuthParameters: map[string]string{"USERNAME": "rita", "PASSWORD": password}})
		return code(f.t, err)
	}
	equal(f.t, "a flow of the client", signsIn(), "")
	f.after("a client loses a flow", update("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"), func() bool { return signsIn() == "InvalidParameterException" })
	f.after("a client gets a flow", update(was.ExplicitAuthFlows...), func() bool { return signsIn() == "" })
}

// role changes the policy of a role whose credentials are in use.
func (f *forces) role(creds aws.CredentialsProvider) {
	f.t.Helper()
	admin := f.here.IAM(harness.Admin)
	deny := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`
	f.after("a role gets a policy", func() error {
		_, err := admin.PutRolePolicy(f.t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("notes-user"), PolicyName: aws.String("deny"), PolicyDocument: &deny})
		return err
	}, func() bool { return object(f.t, f.there, creds) == "AccessDenied" })
	f.after("a role loses a policy", func() error {
		_, err := admin.DeleteRolePolicy(f.t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("notes-user"), PolicyName: aws.String("deny")})
		return err
	}, func() bool { return object(f.t, f.there, creds) == "" })
}

// group adds a user to a group, whose members may do more.
func (f *forces) group() {
	f.t.Helper()
	status := func() int {
		return f.there.Get(f.t, "DELETE", "/api/x", "Authorization", "Bearer "+*signIn(f.t, f.there, "rita").AccessToken).Status
	}
	equal(f.t, "a reader who deletes", status(), 403)
	f.after("a user joins a group", func() error {
		_, err := f.admin.AdminAddUserToGroup(f.t.Context(), &cip.AdminAddUserToGroupInput{UserPoolId: aws.String(harness.Pool),
			Username: aws.String("rita"), GroupName: aws.String("editors")})
		return err
	}, func() bool { return status() == 200 })
}

// pool makes, changes and deletes a pool.
func (f *forces) pool() {
	f.t.Helper()
	ctx := f.t.Context()
	made, err := f.admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("another")})
	ok(f.t, err)
	pool := made.UserPool.Id
	app, err := f.admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("app")})
	ok(f.t, err)
	names := 0
	signsUp := func() string {
		names++
		_, err := f.there.Users(harness.Anonymous).SignUp(ctx, &cip.SignUpInput{ClientId: app.UserPoolClient.ClientId,
			Username: aws.String(fmt.Sprint("user", names)), Password: aws.String(password)})
		return code(f.t, err)
	}
	f.after("a new pool serves", func() error { return nil }, func() bool { return signsUp() == "" })
	f.after("a pool closes for sign-ups", func() error {
		_, err := f.admin.UpdateUserPool(ctx, &cip.UpdateUserPoolInput{UserPoolId: pool, AdminCreateUserConfig: &types.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}})
		return err
	}, func() bool { return signsUp() == "NotAuthorizedException" })
	f.after("a pool is deleted", func() error {
		_, err := f.admin.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: pool})
		return err
	}, func() bool { return signsUp() == "ResourceNotFoundException" })
}

// revocation revokes a token that both processes know.
func (f *forces) revocation(tokens *types.AuthenticationResultType) {
	f.t.Helper()
	equal(f.t, "a token", api(f.t, f.there, *tokens.AccessToken), 200)
	f.after("a token is revoked", func() error { return revokeToken(f.t, f.here, tokens) },
		func() bool { return api(f.t, f.there, *tokens.AccessToken) == 401 })
}

// With Redis, limits count over all processes, and continue in each of them while Redis is frozen.
func TestLimitsCountOverAllProcesses(t *testing.T) {
	t.Parallel()
	redis := harness.StartRedis(t)
	here := harness.Start(t, harness.Config{Alone: true, Global: fmt.Sprintf("\t\tredis %s {\n\t\t\tmax_stale 1m\n\t\t}", redis.Address)})
	there := here.Twin(t)
	for _, name := range []string{"rita", "ron", "nobody"} {
		if name != "nobody" {
			makeUser(t, here, name, "readers")
		}
	}
	forgets := func(s *harness.Sluice, name string) string {
		_, err := s.Users(harness.Anonymous).ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: aws.String(harness.Client), Username: &name})
		return code(t, err)
	}
	shared := func(s *harness.Sluice) bool {
		return strings.Contains(s.Metrics(t), "sluice_shared_counts_reached 1")
	}
	eventually(t, "both processes at Redis", func() bool { return shared(here) && shared(there) })
	for _, name := range []string{"rita", "nobody"} { // a limit does not show whether there is a user
		for i := range 5 {
			equal(t, name, forgets([]*harness.Sluice{here, there}[i%2], name), "")
		}
		equal(t, name+" here", forgets(here, name), "LimitExceededException")
		equal(t, name+" there", forgets(there, name), "LimitExceededException")
	}
	redis.Freeze(t)
	begun := time.Now()
	for range 5 {
		equal(t, "ron, while Redis is frozen", forgets(there, "ron"), "")
	}
	t.Logf("measured: five calls while Redis was frozen: %v", time.Since(begun).Round(time.Millisecond))
	equal(t, "ron, at the limit of one process", forgets(there, "ron"), "LimitExceededException")
	redis.Thaw(t)
	eventually(t, "both processes at Redis again", func() bool { return shared(here) && shared(there) })
}

// A process that cannot read the store does not learn what others revoke there. It refuses after max_stale, and not before.
func TestAProcessThatIsCutOffFromTheStoreRefuses(t *testing.T) {
	t.Parallel()
	database := harness.StartPostgres(t)
	s := harness.Start(t, harness.Config{Global: fmt.Sprintf("\t\tstore %s {\n\t\t\tmax_stale 15s\n\t\t}", database.Database(t))})
	makeUser(t, s, "rita", "readers")
	token := *signIn(t, s, "rita").AccessToken
	equal(t, "a token", api(t, s, token), 200)
	database.Freeze(t)
	frozen := time.Now()
	eventually(t, "a refusal", func() bool {
		begun := time.Now()
		got := api(t, s, token)
		if got != 200 && begun.Sub(frozen) < 9*time.Second { // it was read up to five seconds before
			t.Fatalf("%d after %v", got, begun.Sub(frozen))
		}
		return got == 503
	})
	t.Logf("measured: refused %v after the store froze", time.Since(frozen).Round(100*time.Millisecond))
	database.Thaw(t)
	thawed := time.Now()
	eventually(t, "the token to be good again", func() bool { return api(t, s, token) == 200 })
	t.Logf("measured: good again after %v", time.Since(thawed).Round(100*time.Millisecond))
}

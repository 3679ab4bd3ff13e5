package e2e

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/sluicegate/sluice/e2e/harness"
)

// Each method of these types is the scenario of the operation with its name. It makes what it needs, and calls the
// operation at least once successfully and once with an error.
type (
	userPools     struct{} // cognitoidp_*_test.go
	identityPools struct{} // cognitoidentity_*_test.go
	tokenService  struct{} // sts_*_test.go
	roles         struct{} // iam_*_test.go
	keys          struct{} // kms_test.go
)

// TestScenarios runs every scenario and every road against one process, and compares the operations that the process has
// answered with those that clients.json lists for the SDK. Run one with -run TestScenarios/cognito-idp/SignUp.
func TestScenarios(t *testing.T) {
	t.Parallel()
	store := harness.StartS3(t)
	s := harness.Start(t, harness.Config{S3: store, Global: "\t\tkms_key " + keyAlias + logDestination})
	all, ran := 0, atomic.Int64{}
	for _, suite := range []struct {
		name, service string // service: the SDK's name; empty = the scenarios are not those of operations
		scenarios     any
	}{
		{"cognito-idp", cip.ServiceID, userPools{}},
		{"cognito-identity", cognitoidentity.ServiceID, identityPools{}},
		{"sts", sts.ServiceID, tokenService{}},
		{"iam", iam.ServiceID, roles{}},
		{"kms", kms.ServiceID, keys{}},
		{"roads", "", roads{store}},
	} {
		value := reflect.ValueOf(suite.scenarios)
		all += value.NumMethod()
		t.Run(suite.name, func(t *testing.T) {
			for method := range value.Type().Methods() {
				scenario := value.Method(method.Index).Interface().(func(*testing.T, *sdk))
				t.Run(method.Name, func(t *testing.T) {
					t.Parallel()
					ran.Add(1)
					c := &sdk{Sluice: s, name: strings.ToLower(method.Name), answered: map[string]bool{}, refused: map[string]bool{}}
					scenario(t, c)
					if suite.service != "" {
						c.check(t, suite.service+" "+method.Name)
					}
				})
			}
		})
	}
	if int(ran.Load()) == all && !t.Failed() {
		proves(t, s, "AWS SDK for Go v2")
	}
}

// sdk makes clients of the AWS SDK for Go. It keeps the operations that they called, so that a scenario cannot pass without
// a call of its operation.
type sdk struct {
	*harness.Sluice
	name string // of the scenario, in lower case: unique among the scenarios of an API

	mu                sync.Mutex
	answered, refused map[string]bool // by service and operation
}

// record notes the calls that the service has answered.
func (c *sdk) record(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("record", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		c.mu.Lock()
		defer c.mu.Unlock()
		name := awsmiddleware.GetServiceID(ctx) + " " + awsmiddleware.GetOperationName(ctx)
		var refused smithy.APIError
		switch {
		case err == nil:
			c.answered[name] = true
		case errors.As(err, &refused):
			c.refused[name] = true
		}
		return out, metadata, err
	}), middleware.After)
}

func (c *sdk) check(t *testing.T, operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.answered[operation] {
		t.Errorf("no call of %s was successful", operation)
	}
	if !c.refused[operation] {
		t.Errorf("no call of %s was refused", operation)
	}
}

func (c *sdk) users(creds aws.CredentialsProvider) *cip.Client {
	return cip.New(c.Users(creds).Options(), func(o *cip.Options) { o.APIOptions = append(o.APIOptions, c.record) })
}

func (c *sdk) identities(creds aws.CredentialsProvider) *cognitoidentity.Client {
	return cognitoidentity.New(c.Identities(creds).Options(), func(o *cognitoidentity.Options) { o.APIOptions = append(o.APIOptions, c.record) })
}

func (c *sdk) sts(creds aws.CredentialsProvider) *sts.Client {
	return sts.New(c.STS(creds).Options(), func(o *sts.Options) { o.APIOptions = append(o.APIOptions, c.record) })
}

func (c *sdk) iam(creds aws.CredentialsProvider) *iam.Client {
	return iam.New(c.IAM(creds).Options(), func(o *iam.Options) { o.APIOptions = append(o.APIOptions, c.record) })
}

func (c *sdk) kms(creds aws.CredentialsProvider) *kms.Client {
	return kms.New(c.KMS(creds).Options(), func(o *kms.Options) { o.APIOptions = append(o.APIOptions, c.record) })
}

// email is the address of the scenario's user.
func (c *sdk) email() string { return c.name + "@example.com" }

// ok ends the test when a call failed.
func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// equal compares a member of an answer with what it should be.
func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// wantError checks an error's code and message as the SDK reads them.
func wantError(t testing.TB, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("%v\nwant %s: %s", err, code, message)
	}
}

// wantCode checks an error's code as the SDK sees it.
func wantCode(t testing.TB, what string, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

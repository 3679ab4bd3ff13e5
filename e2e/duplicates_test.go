package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/e2e/harness"
)

// contest makes the same call eight times at once, by two processes on one store. Exactly one call must succeed, and the
// others must fail with one of the codes.
func contest(t *testing.T, what string, processes []*cip.Client, call func(ctx context.Context, c *cip.Client, nth int) error, codes ...string) {
	t.Helper()
	contestOf(t, 8, what, processes, call, codes...)
}

// contestOf is contest with any number of calls and of processes.
func contestOf(t *testing.T, calls int, what string, processes []*cip.Client, call func(ctx context.Context, c *cip.Client, nth int) error, codes ...string) {
	t.Helper()
	errs := make([]error, calls)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			<-start
			errs[i] = call(t.Context(), processes[i%len(processes)], i)
		})
	}
	close(start)
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		if refused, is := errors.AsType[smithy.APIError](err); !is || !slices.Contains(codes, refused.ErrorCode()) {
			t.Errorf("%s: a loser got %v", what, err)
		}
	}
	equal(t, what+": winners", won, 1)
}

func TestOfTheSameCallsAtOnceExactlyOneWins(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	twin := s.Twin(t)
	admins, anyone := []*cip.Client{s.Users(harness.Admin), twin.Users(harness.Admin)}, []*cip.Client{s.Users(harness.Anonymous), twin.Users(harness.Anonymous)}
	ctx, admin := t.Context(), admins[0]
	made, err := admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("contest"), AliasAttributes: []types.AliasAttributeType{"email"},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}})
	ok(t, err)
	pool := made.UserPool.Id
	app, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("app"),
		ExplicitAuthFlows:    []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"},
		RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: types.FeatureTypeEnabled, RetryGracePeriodSeconds: aws.Int32(0)}})
	ok(t, err)
	client := app.UserPoolClient.ClientId
	signUp := func(ctx context.Context, c *cip.Client, name, email string) error {
		_, err := c.SignUp(ctx, &cip.SignUpInput{ClientId: client, Username: &name, Password: aws.String(password),
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}}})
		return err
	}
	confirm := func(ctx context.Context, c *cip.Client, name, code string) error {
		_, err := c.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: client, Username: &name, ConfirmationCode: &code})
		return err
	}

	contest(t, "groups", admins, func(ctx context.Context, c *cip.Client, _ int) error {
		_, err := c.CreateGroup(ctx, &cip.CreateGroupInput{UserPoolId: pool, GroupName: aws.String("team")})
		return err
	}, "GroupExistsException")
	contest(t, "sign-ups of a name", anyone, func(ctx context.Context, c *cip.Client, _ int) error {
		return signUp(ctx, c, "ann", "ann@example.com")
	}, "UsernameExistsException")
	code := s.OutboxCode(t, "ann@example.com", 1)
	contest(t, "confirmations", anyone, func(ctx context.Context, c *cip.Client, _ int) error {
		return confirm(ctx, c, "ann", code)
	}, "NotAuthorizedException", "ExpiredCodeException", "CodeMismatchException")

	codes := make([]string, 8)
	for i := range codes { // all get a code, because no user has the address yet
		ok(t, signUp(ctx, anyone[0], fmt.Sprint("alias", i), "shared@example.com"))
		codes[i] = s.OutboxCode(t, "shared@example.com", i+1)
	}
	contest(t, "confirmations of one address", anyone, func(ctx context.Context, c *cip.Client, nth int) error {
		return confirm(ctx, c, fmt.Sprint("alias", nth), codes[nth])
	}, "AliasExistsException")

	_, err = anyone[0].ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: client, Username: aws.String("ann")})
	ok(t, err)
	code = s.OutboxCode(t, "ann@example.com", 2)
	contest(t, "uses of a reset code", anyone, func(ctx context.Context, c *cip.Client, nth int) error {
		_, err := c.ConfirmForgotPassword(ctx, &cip.ConfirmForgotPasswordInput{ClientId: client, Username: aws.String("ann"), ConfirmationCode: &code,
			Password: aws.String(fmt.Sprint(password, nth))})
		return err
	}, "ExpiredCodeException", "CodeMismatchException")
	_, err = admin.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: aws.String("ann"), Password: aws.String(password), Permanent: true})
	ok(t, err)
	tokens := passwordAuth("ann", password)
	tokens.ClientId = client
	in, err := anyone[0].InitiateAuth(ctx, tokens)
	ok(t, err)
	contest(t, "renewals", anyone, func(ctx context.Context, c *cip.Client, _ int) error {
		_, err := c.GetTokensFromRefreshToken(ctx, &cip.GetTokensFromRefreshTokenInput{ClientId: client, RefreshToken: in.AuthenticationResult.RefreshToken})
		return err
	}, "RefreshTokenReuseException", "NotAuthorizedException")
	contest(t, "deletions", admins, func(ctx context.Context, c *cip.Client, _ int) error {
		_, err := c.AdminDeleteUser(ctx, &cip.AdminDeleteUserInput{UserPoolId: pool, Username: aws.String("ann")})
		return err
	}, "UserNotFoundException")
}

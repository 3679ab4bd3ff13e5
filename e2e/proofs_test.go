package e2e

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// crowd is how many calls use one proof at once.
const crowd = 50

// rush lets a crowd use one proof through both processes of a store.
type rush struct {
	*sdk
	both []*cip.Client
}

func startRush(t *testing.T, name string) *rush {
	t.Helper()
	s := harness.Start(t, harness.Config{Global: functions()})
	twin := s.Twin(t)
	return &rush{&sdk{Sluice: s, name: name, answered: map[string]bool{}, refused: map[string]bool{}},
		[]*cip.Client{s.Users(harness.Anonymous), twin.Users(harness.Anonymous)}}
}

// answers lets the crowd give the same answer to a challenge.
func (o *rush) answers(t *testing.T, what string, processes []*cip.Client, in *cip.RespondToAuthChallengeInput, codes ...string) {
	t.Helper()
	contestOf(t, crowd, what, processes, func(ctx context.Context, c *cip.Client, _ int) error {
		_, err := c.RespondToAuthChallenge(ctx, in)
		return err
	}, codes...)
}

func TestOfACrowdWithOneTOTPStepOneSignsIn(t *testing.T) {
	t.Parallel()
	o := startRush(t, "totp")
	f := newFactorPool(t, o.sdk, types.UserPoolMfaTypeOptional)
	access := f.begin(t).AuthenticationResult.AccessToken
	made, err := o.both[0].AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{AccessToken: access})
	ok(t, err)
	now := time.Now()
	contestOf(t, crowd, "set-ups with one code", o.both, func(ctx context.Context, c *cip.Client, _ int) error {
		_, err := c.VerifySoftwareToken(ctx, &cip.VerifySoftwareTokenInput{AccessToken: access, UserCode: aws.String(totpCode(t, *made.SecretCode, now))})
		return err
	}, "EnableSoftwareTokenMFAException", "ExpiredCodeException", "CodeMismatchException", "NotAuthorizedException", "SoftwareTokenMFANotFoundException", "InvalidParameterException")
	_, err = o.both[0].SetUserMFAPreference(t.Context(), &cip.SetUserMFAPreferenceInput{AccessToken: access, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true}})
	ok(t, err)

	sessions := make([]*string, crowd)
	var wg sync.WaitGroup
	for i := range sessions {
		wg.Go(func() { sessions[i] = f.begin(t).Session })
	}
	wg.Wait()
	code := totpCode(t, *made.SecretCode, now.Add(30*time.Second))
	contestOf(t, crowd, "sign-ins with one step", o.both, func(ctx context.Context, c *cip.Client, nth int) error {
		_, err := c.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: f.client, ChallengeName: types.ChallengeNameTypeSoftwareTokenMfa,
			Session: sessions[nth], ChallengeResponses: map[string]string{"USERNAME": o.name, "SOFTWARE_TOKEN_MFA_CODE": code}})
		return err
	}, "ExpiredCodeException")
}

func TestOfACrowdWithOneCodeAndSessionOneSignsIn(t *testing.T) {
	t.Parallel()
	o := startRush(t, "code")
	admin := o.users(harness.Admin)
	pool, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: &o.name, Policies: &types.UserPoolPolicyType{
		SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{types.AuthFactorTypePassword, types.AuthFactorTypeEmailOtp}}}})
	ok(t, err)
	app, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: &o.name,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserAuth}})
	ok(t, err)
	_, err = admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: pool.UserPool.Id, Username: &o.name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(o.email())}}})
	ok(t, err)
	out, err := o.both[0].InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: app.UserPoolClient.ClientId, AuthFlow: types.AuthFlowTypeUserAuth,
		AuthParameters: map[string]string{"USERNAME": o.name, "PREFERRED_CHALLENGE": "EMAIL_OTP"}})
	ok(t, err)
	o.answers(t, "codes", o.both, &cip.RespondToAuthChallengeInput{ClientId: app.UserPoolClient.ClientId, ChallengeName: out.ChallengeName, Session: out.Session,
		ChallengeResponses: map[string]string{"USERNAME": o.name, "EMAIL_OTP_CODE": o.OutboxCode(t, o.email(), 1)}},
		"CodeMismatchException", "ExpiredCodeException", "NotAuthorizedException")
}

// A Session of a custom challenge is used up in the process, and in Redis if there is one; see docs/divergences.md.
func TestOfACrowdWithOneCustomAnswerOneSignsIn(t *testing.T) {
	t.Parallel()
	o := startRush(t, "custom")
	_, client := poolWith(t, o.Sluice, &types.LambdaConfigType{PreSignUp: aws.String(functionARN + "presignup"), DefineAuthChallenge: aws.String(functionARN + "define"),
		CreateAuthChallenge: aws.String(functionARN + "create"), VerifyAuthChallengeResponse: aws.String(functionARN + "verify")})
	_, err := register(t, o.Sluice, client, o.name)
	ok(t, err)
	out, err := o.both[0].InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &client, AuthFlow: types.AuthFlowTypeCustomAuth,
		AuthParameters: map[string]string{"USERNAME": o.name}})
	ok(t, err)
	o.answers(t, "answers", o.both[:1], &cip.RespondToAuthChallengeInput{ClientId: &client, ChallengeName: out.ChallengeName, Session: out.Session,
		ChallengeResponses: map[string]string{"USERNAME": o.name, "ANSWER": "5"}}, "NotAuthorizedException")
}

func TestOfACrowdWithOneDeviceKeyOneConfirmsIt(t *testing.T) {
	t.Parallel()
	o := startRush(t, "device")
	p := trackedPool(t, o.users(harness.Admin), o.name)
	tokens := p.signIn(t, o.sdk)
	contestOf(t, crowd, "confirmations", o.both, func(ctx context.Context, c *cip.Client, _ int) error {
		_, err := c.ConfirmDevice(ctx, &cip.ConfirmDeviceInput{AccessToken: tokens.AccessToken, DeviceKey: tokens.NewDeviceMetadata.DeviceKey,
			DeviceSecretVerifierConfig: verifierOf()})
		return err
	}, "DeviceKeyExistsException")
}

func TestOfACrowdWithOnePasskeyAnswerOneSignsIn(t *testing.T) {
	t.Parallel()
	o := startRush(t, "passkey")
	k := passkeyKeeper(t, o.sdk)
	credential := k.credential(t, k.start(t), passkeyOrigin)
	contestOf(t, crowd, "registrations", o.both, func(ctx context.Context, c *cip.Client, _ int) error {
		_, err := c.CompleteWebAuthnRegistration(ctx, &cip.CompleteWebAuthnRegistrationInput{AccessToken: k.token, Credential: credential})
		return err
	}, "WebAuthnChallengeNotFoundException", "InvalidParameterException")
	o.answers(t, "assertions", o.both, k.asked(t, o.name), "NotAuthorizedException")
}

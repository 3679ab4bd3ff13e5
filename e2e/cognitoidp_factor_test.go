package e2e

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// signUpWithCode signs the scenario's user up without a password, and signs the user in by the Session of the confirmation.
func signUpWithCode(t *testing.T, c *sdk, client *string) *types.AuthenticationResultType {
	t.Helper()
	anonymous := c.users(harness.Anonymous)
	_, err := anonymous.SignUp(t.Context(), &cip.SignUpInput{ClientId: client, Username: &c.name,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(c.email())}}})
	ok(t, err)
	confirmed, err := anonymous.ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: client, Username: &c.name,
		ConfirmationCode: aws.String(c.OutboxCode(t, c.email(), 1))})
	ok(t, err)
	in := &cip.InitiateAuthInput{ClientId: client, AuthFlow: types.AuthFlowTypeUserAuth, AuthParameters: map[string]string{"USERNAME": c.name}, Session: confirmed.Session}
	out, err := anonymous.InitiateAuth(t.Context(), in)
	ok(t, err)
	_, err = anonymous.InitiateAuth(t.Context(), in)
	wantError(t, err, "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
	return out.AuthenticationResult
}

func (userPools) GetUserAuthFactors(t *testing.T, c *sdk) {
	anonymous := c.users(harness.Anonymous)
	pool, client := choicePool(t, c.Users(harness.Admin))
	tokens := signUpWithCode(t, c, client)
	out, err := anonymous.GetUserAuthFactors(t.Context(), &cip.GetUserAuthFactorsInput{AccessToken: tokens.AccessToken})
	ok(t, err)
	equal(t, "user name", aws.ToString(out.Username), c.name)
	if !slices.Equal(out.ConfiguredUserAuthFactors, []types.AuthFactorType{types.AuthFactorTypeEmailOtp}) || out.UserMFASettingList != nil {
		t.Errorf("factors %+v", out)
	}
	_, err = anonymous.GetUserAuthFactors(t.Context(), &cip.GetUserAuthFactorsInput{AccessToken: aws.String("a.b.c")})
	wantError(t, err, "NotAuthorizedException", "Invalid Access Token")
	chooseAsAdmin(t, c, pool, client)
}

// chooseAsAdmin signs the user in by the administrator's calls, with a password that the user chooses.
func chooseAsAdmin(t *testing.T, c *sdk, pool, client *string) {
	t.Helper()
	admin := c.users(harness.Admin)
	_, err := admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: &c.name, Password: aws.String(password), Permanent: true})
	ok(t, err)
	selected, err := admin.AdminInitiateAuth(t.Context(), &cip.AdminInitiateAuthInput{UserPoolId: pool, ClientId: client, AuthFlow: types.AuthFlowTypeUserAuth,
		AuthParameters: map[string]string{"USERNAME": c.name}})
	ok(t, err)
	equal(t, "challenge", selected.ChallengeName, types.ChallengeNameTypeSelectChallenge)
	done, err := admin.AdminRespondToAuthChallenge(t.Context(), &cip.AdminRespondToAuthChallengeInput{UserPoolId: pool, ClientId: client,
		ChallengeName: types.ChallengeNameTypeSelectChallenge, Session: selected.Session,
		ChallengeResponses: map[string]string{"USERNAME": c.name, "ANSWER": "PASSWORD", "PASSWORD": password}})
	ok(t, err)
	if done.AuthenticationResult == nil {
		t.Errorf("no tokens: %+v", done)
	}
}

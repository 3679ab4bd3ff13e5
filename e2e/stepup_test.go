package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestASignInIsSteppedUp raises a sign-in by password to a level that needs TOTP, with the AWS SDK.
func TestASignInIsSteppedUp(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	f := newFactorPool(t, &sdk{Sluice: s, name: "stepper", answered: map[string]bool{}, refused: map[string]bool{}}, types.UserPoolMfaTypeOptional)
	admin, user := s.Users(harness.Admin), s.Users(harness.Anonymous)
	_, err := admin.UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{UserPoolId: f.pool, ClientId: f.client,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserAuth, types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth}})
	ok(t, err)
	access, secret := f.enroll(t)
	low := harness.Claims(t, *access)
	equal(t, "methods and level", fmt.Sprintf("%v %v", low["amr"], low["acr"]), "[pwd] urn:cognito:loa:1")
	aim := func(params map[string]string) (*cip.InitiateAuthOutput, error) {
		params["USERNAME"] = f.c.name
		return user.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: f.client, AuthFlow: types.AuthFlowTypeUserAuth, AuthParameters: params})
	}

	_, err = aim(map[string]string{"ACCESS_TOKEN": *access})
	wantError(t, err, "InvalidParameterException", "ACCESS_TOKEN requires TARGET_ACR_VALUES.")
	_, err = aim(map[string]string{"TARGET_ACR_VALUES": "urn:other"})
	wantError(t, err, "InvalidParameterException", "TARGET_ACR_VALUES has no authentication level of the user pool.")
	_, err = aim(map[string]string{"TARGET_ACR_VALUES": "urn:cognito:loa:1", "ACCESS_TOKEN": *access})
	wantError(t, err, "InvalidParameterException", "The requested authentication level is already met.")

	out, err := aim(map[string]string{"TARGET_ACR_VALUES": "urn:cognito:loa:4 urn:cognito:loa:3", "ACCESS_TOKEN": *access, "MAX_AGE": "300"})
	ok(t, err)
	equal(t, "challenge", out.ChallengeName, types.ChallengeNameTypeSoftwareTokenMfa)
	done, err := f.answer(t, out.ChallengeName, out.Session, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": totpCode(t, secret, time.Now().Add(30*time.Second))})
	ok(t, err)
	tokens := done.AuthenticationResult
	for _, raw := range []*string{tokens.AccessToken, tokens.IdToken} {
		high := harness.Claims(t, *raw)
		equal(t, "methods and level", fmt.Sprintf("%v %v", high["amr"], high["acr"]), "[pwd otp mfa] urn:cognito:loa:4")
	}
	renewed, err := user.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: f.client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken}})
	ok(t, err)
	equal(t, "level after a refresh", harness.Claims(t, *renewed.AuthenticationResult.AccessToken)["acr"], any("urn:cognito:loa:4"))
	old, err := aim(map[string]string{"TARGET_ACR_VALUES": "urn:cognito:loa:4", "ACCESS_TOKEN": *tokens.AccessToken, "MAX_AGE": "0"})
	if err == nil { // the sign-in can be of the same second
		equal(t, "from scratch", old.ChallengeName, types.ChallengeNameTypeSelectChallenge)
	}

	// Another user's token is no credit, and no member of the request makes it a sign-in of the login pages.
	_, err = admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: f.pool, Username: aws.String("other"), MessageAction: types.MessageActionTypeSuppress})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: f.pool, Username: aws.String("other"), Password: aws.String(password), Permanent: true})
	ok(t, err)
	others, err := user.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: f.client, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "other", "PASSWORD": password}})
	ok(t, err)
	_, err = aim(map[string]string{"TARGET_ACR_VALUES": "urn:cognito:loa:4", "ACCESS_TOKEN": *others.AuthenticationResult.AccessToken})
	wantError(t, err, "NotAuthorizedException", "Access Token does not belong to the user and the client.")
	_, err = f.c.newest(t, nil, "InitiateAuth", fields{"Hosted": true, "UserPoolId": *f.pool, "ClientId": *f.client, "AuthFlow": "USER_AUTH",
		"AuthParameters": fields{"PREFERRED_CHALLENGE": "WEB_AUTHN"}})
	wantError(t, err, "InvalidParameterException", "Missing required parameter USERNAME")

	// A revoked sign-in is no credit.
	_, err = user.GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: tokens.AccessToken})
	ok(t, err)
	_, err = aim(map[string]string{"TARGET_ACR_VALUES": "urn:cognito:loa:4", "ACCESS_TOKEN": aws.ToString(access)})
	wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
}

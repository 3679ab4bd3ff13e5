package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

func passwordAuth(name, pass string) *cip.InitiateAuthInput {
	return &cip.InitiateAuthInput{
		ClientId: notesClient, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": pass},
	}
}

// renew asks for new tokens with a refresh token of the notes client.
func renew(t *testing.T, c *sdk, tokens *types.AuthenticationResultType) (*cip.InitiateAuthOutput, error) {
	t.Helper()
	return c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		ClientId: notesClient, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": aws.ToString(tokens.RefreshToken)},
	})
}

// renewed checks that tokens belong to the same sign-in as those from before and are new.
func renewed(t *testing.T, before, after *types.AuthenticationResultType) {
	t.Helper()
	old, fresh := harness.Claims(t, *before.AccessToken), harness.Claims(t, *after.AccessToken)
	equal(t, "origin_jti", fresh["origin_jti"], old["origin_jti"])
	equal(t, "auth_time", fresh["auth_time"], old["auth_time"])
	if fresh["jti"] == old["jti"] {
		t.Error("the new token has the old one's jti")
	}
	if after.RefreshToken != nil {
		t.Error("a refresh without rotation answered a refresh token")
	}
}

const temporaryPassword = "Temporary-1!"

// invite makes a user who must change a temporary password.
func invite(t *testing.T, c *sdk) {
	t.Helper()
	_, err := c.users(harness.Admin).AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{
		UserPoolId: notesPool, Username: &c.name, TemporaryPassword: aws.String(temporaryPassword), MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(c.email())}},
	})
	ok(t, err)
}

func (userPools) InitiateAuth(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	makeUser(t, c.Sluice, c.name)
	out, err := client.InitiateAuth(t.Context(), passwordAuth(c.name, password))
	ok(t, err)
	tokens := out.AuthenticationResult
	equal(t, "token type", aws.ToString(tokens.TokenType), "Bearer")
	equal(t, "life", tokens.ExpiresIn, 3600)
	equal(t, "challenge", out.ChallengeName, "")
	if tokens.IdToken == nil || tokens.AccessToken == nil || tokens.RefreshToken == nil {
		t.Fatalf("tokens %+v", tokens)
	}
	again, err := renew(t, c, tokens)
	ok(t, err)
	renewed(t, tokens, again.AuthenticationResult)
	_, err = client.InitiateAuth(t.Context(), passwordAuth(c.name, "Wrong-password-9"))
	wantError(t, err, "NotAuthorizedException", wrongPasswordText)
	_, err = client.InitiateAuth(t.Context(), passwordAuth(*noUser, password))
	wantError(t, err, "NotAuthorizedException", wrongPasswordText)
}

func (userPools) RespondToAuthChallenge(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	invite(t, c)
	out, err := client.InitiateAuth(t.Context(), passwordAuth(c.name, temporaryPassword))
	ok(t, err)
	equal(t, "challenge", out.ChallengeName, types.ChallengeNameTypeNewPasswordRequired)
	if out.Session == nil || out.AuthenticationResult != nil {
		t.Fatalf("answer %+v", out)
	}
	respond := &cip.RespondToAuthChallengeInput{
		ClientId: notesClient, ChallengeName: out.ChallengeName, Session: out.Session,
		ChallengeResponses: map[string]string{"USERNAME": c.name, "NEW_PASSWORD": password},
	}
	done, err := client.RespondToAuthChallenge(t.Context(), respond)
	ok(t, err)
	if done.AuthenticationResult == nil || done.AuthenticationResult.AccessToken == nil {
		t.Fatalf("answer %+v", done)
	}
	_, err = client.RespondToAuthChallenge(t.Context(), respond)
	wantError(t, err, "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
	signIn(t, c.Sluice, c.name)
	_, err = client.InitiateAuth(t.Context(), passwordAuth(c.name, temporaryPassword))
	wantError(t, err, "NotAuthorizedException", wrongPasswordText)
}

// adminAuth signs in on behalf of a user.
func adminAuth(client *string, name, pass string) *cip.AdminInitiateAuthInput {
	return &cip.AdminInitiateAuthInput{
		UserPoolId: notesPool, ClientId: client, AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": pass},
	}
}

func (userPools) AdminInitiateAuth(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, false).ClientId
	makeUser(t, c.Sluice, c.name)
	out, err := admin.AdminInitiateAuth(t.Context(), adminAuth(app, c.name, password))
	ok(t, err)
	if out.AuthenticationResult == nil {
		t.Fatalf("answer %+v", out)
	}
	equal(t, "user", harness.Claims(t, *out.AuthenticationResult.AccessToken)["username"], any(c.name))
	_, err = admin.AdminInitiateAuth(t.Context(), adminAuth(app, c.name, "Wrong-password-9"))
	wantError(t, err, "NotAuthorizedException", wrongPasswordText)
	_, err = admin.AdminInitiateAuth(t.Context(), adminAuth(notesClient, c.name, password))
	wantError(t, err, "InvalidParameterException", "Auth flow not enabled for this client")
}

func (userPools) AdminRespondToAuthChallenge(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, false).ClientId
	invite(t, c)
	out, err := admin.AdminInitiateAuth(t.Context(), adminAuth(app, c.name, temporaryPassword))
	ok(t, err)
	equal(t, "challenge", out.ChallengeName, types.ChallengeNameTypeNewPasswordRequired)
	respond := func(next string) (*cip.AdminRespondToAuthChallengeOutput, error) {
		return admin.AdminRespondToAuthChallenge(t.Context(), &cip.AdminRespondToAuthChallengeInput{
			UserPoolId: notesPool, ClientId: app, ChallengeName: out.ChallengeName, Session: out.Session,
			ChallengeResponses: map[string]string{"USERNAME": c.name, "NEW_PASSWORD": next},
		})
	}
	_, err = respond("no-numbers-HERE")
	wantError(t, err, "InvalidPasswordException", "Password does not conform to policy: Password must have numeric characters")
	done, err := respond(password)
	ok(t, err)
	if done.AuthenticationResult == nil || done.AuthenticationResult.IdToken == nil {
		t.Fatalf("answer %+v", done)
	}
}

func (userPools) GetTokensFromRefreshToken(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	out, err := client.GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: notesClient, RefreshToken: tokens.RefreshToken})
	ok(t, err)
	equal(t, "life", out.AuthenticationResult.ExpiresIn, 3600)
	renewed(t, tokens, out.AuthenticationResult)
	_, err = client.GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: notesClient, RefreshToken: aws.String("x")})
	wantError(t, err, "NotAuthorizedException", "Invalid Refresh Token")
}

func (userPools) RevokeToken(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	revoke := func(token *string) error {
		_, err := client.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: notesClient, Token: token})
		return err
	}
	ok(t, revoke(tokens.RefreshToken))
	ok(t, revoke(tokens.RefreshToken)) // twice is no error
	_, err := renew(t, c, tokens)
	wantError(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	_, err = client.GetUser(t.Context(), &cip.GetUserInput{AccessToken: tokens.AccessToken})
	wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
	wantError(t, revoke(tokens.AccessToken), "UnsupportedTokenTypeException", "Unsupported token type")
}

package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const badAccessTokenText = "Invalid Access Token"

// self makes a user of the notes pool, signs in and returns the tokens.
func self(t *testing.T, c *sdk) (*cip.Client, *types.AuthenticationResultType) {
	t.Helper()
	makeUser(t, c.Sluice, c.name)
	return c.users(harness.Anonymous), signIn(t, c.Sluice, c.name)
}

func (userPools) GetUser(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	got, err := client.GetUser(t.Context(), &cip.GetUserInput{AccessToken: tokens.AccessToken})
	ok(t, err)
	equal(t, "name", aws.ToString(got.Username), c.name)
	values := attributes(got.UserAttributes)
	equal(t, "sub", any(values["sub"]), harness.Claims(t, *tokens.AccessToken)["sub"])
	equal(t, "email_verified", values["email_verified"], "true")
	_, err = client.GetUser(t.Context(), &cip.GetUserInput{AccessToken: tokens.IdToken})
	wantError(t, err, "NotAuthorizedException", badAccessTokenText)
}

func (userPools) UpdateUserAttributes(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	update := func(name, value string) (*cip.UpdateUserAttributesOutput, error) {
		return client.UpdateUserAttributes(t.Context(), &cip.UpdateUserAttributesInput{
			AccessToken: tokens.AccessToken, UserAttributes: []types.AttributeType{{Name: &name, Value: &value}},
		})
	}
	out, err := update("email", "new-"+c.email())
	ok(t, err)
	if len(out.CodeDeliveryDetailsList) != 1 {
		t.Fatalf("deliveries %+v", out.CodeDeliveryDetailsList)
	}
	equal(t, "destination", aws.ToString(out.CodeDeliveryDetailsList[0].Destination), "n***@e***")
	c.OutboxCode(t, "new-"+c.email(), 1)
	values := attributes(getUser(t, c).UserAttributes)
	equal(t, "email", values["email"], "new-"+c.email())
	equal(t, "email_verified", values["email_verified"], "false")
	_, err = update("email_verified", "true")
	wantError(t, err, "NotAuthorizedException", "A client attempted to write unauthorized attribute")
}

func (userPools) DeleteUserAttributes(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	_, err := client.UpdateUserAttributes(t.Context(), &cip.UpdateUserAttributesInput{
		AccessToken: tokens.AccessToken, UserAttributes: []types.AttributeType{{Name: aws.String("given_name"), Value: aws.String("Ada")}},
	})
	ok(t, err)
	remove := func(token *string) error {
		_, err := client.DeleteUserAttributes(t.Context(), &cip.DeleteUserAttributesInput{AccessToken: token, UserAttributeNames: []string{"given_name"}})
		return err
	}
	ok(t, remove(tokens.AccessToken))
	if value, there := attributes(getUser(t, c).UserAttributes)["given_name"]; there {
		t.Errorf("given_name is still %q", value)
	}
	wantError(t, remove(tokens.IdToken), "NotAuthorizedException", badAccessTokenText)
}

func (userPools) GetUserAttributeVerificationCode(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	ask := func(attribute string) (*cip.GetUserAttributeVerificationCodeOutput, error) {
		return client.GetUserAttributeVerificationCode(t.Context(), &cip.GetUserAttributeVerificationCodeInput{
			AccessToken: tokens.AccessToken, AttributeName: &attribute,
		})
	}
	out, err := ask("email")
	ok(t, err)
	equal(t, "destination", aws.ToString(out.CodeDeliveryDetails.Destination), "g***@e***")
	equal(t, "attribute", aws.ToString(out.CodeDeliveryDetails.AttributeName), "email")
	c.OutboxCode(t, c.email(), 1)
	_, err = ask("phone_number")
	wantError(t, err, "InvalidParameterException", "User does not have a valid registered phone number")
	_, err = ask("nickname")
	wantError(t, err, "InvalidParameterException", "Invalid attribute name. Only phone_number and email can be verified.")
}

func (userPools) VerifyUserAttribute(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	_, err := c.users(harness.Admin).AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{
		UserPoolId: notesPool, Username: &c.name, UserAttributes: []types.AttributeType{{Name: aws.String("email_verified"), Value: aws.String("false")}},
	})
	ok(t, err)
	_, err = client.GetUserAttributeVerificationCode(t.Context(), &cip.GetUserAttributeVerificationCodeInput{
		AccessToken: tokens.AccessToken, AttributeName: aws.String("email"),
	})
	ok(t, err)
	verify := func(code string) error {
		_, err := client.VerifyUserAttribute(t.Context(), &cip.VerifyUserAttributeInput{
			AccessToken: tokens.AccessToken, AttributeName: aws.String("email"), Code: &code,
		})
		return err
	}
	code := c.OutboxCode(t, c.email(), 1)
	wantError(t, verify(otherCode(code)), "CodeMismatchException", wrongCodeText)
	ok(t, verify(code))
	equal(t, "email_verified", attributes(getUser(t, c).UserAttributes)["email_verified"], "true")
}

func (userPools) DeleteUser(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	_, err := client.DeleteUser(t.Context(), &cip.DeleteUserInput{AccessToken: tokens.AccessToken})
	ok(t, err)
	_, err = c.users(harness.Admin).AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: notesPool, Username: &c.name})
	wantError(t, err, "UserNotFoundException", noUserText)
	_, err = client.DeleteUser(t.Context(), &cip.DeleteUserInput{AccessToken: tokens.IdToken})
	wantError(t, err, "NotAuthorizedException", badAccessTokenText)
}

func (userPools) GlobalSignOut(t *testing.T, c *sdk) {
	client, tokens := self(t, c)
	in := &cip.GlobalSignOutInput{AccessToken: tokens.AccessToken}
	_, err := client.GlobalSignOut(t.Context(), in)
	ok(t, err)
	_, err = client.GetUser(t.Context(), &cip.GetUserInput{AccessToken: tokens.AccessToken})
	wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
	_, err = renew(t, c, tokens)
	wantError(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	_, err = client.GlobalSignOut(t.Context(), in)
	wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
}

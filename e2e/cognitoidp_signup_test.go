package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	wrongCodeText     = "Invalid verification code provided, please try again."
	wrongPasswordText = "Incorrect username or password."
)

// signUp signs the scenario's user up, who gets a code by mail.
func signUp(t *testing.T, c *sdk) *cip.SignUpOutput {
	t.Helper()
	out, err := c.users(harness.Anonymous).SignUp(t.Context(), &cip.SignUpInput{
		ClientId: notesClient, Username: &c.name, Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(c.email())}},
	})
	ok(t, err)
	return out
}

// otherCode is a code of the same form that is wrong.
func otherCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func (userPools) SignUp(t *testing.T, c *sdk) {
	out := signUp(t, c)
	equal(t, "confirmed", out.UserConfirmed, false)
	equal(t, "sub", aws.ToString(out.UserSub), attributes(getUser(t, c).UserAttributes)["sub"])
	equal(t, "destination", aws.ToString(out.CodeDeliveryDetails.Destination), "s***@e***")
	equal(t, "medium", out.CodeDeliveryDetails.DeliveryMedium, types.DeliveryMediumTypeEmail)
	equal(t, "attribute", aws.ToString(out.CodeDeliveryDetails.AttributeName), "email")
	c.OutboxCode(t, c.email(), 1)
	_, err := c.users(harness.Anonymous).SignUp(t.Context(), &cip.SignUpInput{
		ClientId: notesClient, Username: aws.String(strings.ToUpper(c.name)), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("x@example.com")}},
	})
	wantError(t, err, "UsernameExistsException", "User already exists")
}

func (userPools) ConfirmSignUp(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	signUp(t, c)
	_, err := client.InitiateAuth(t.Context(), passwordAuth(c.name, password))
	wantError(t, err, "UserNotConfirmedException", "User is not confirmed.")
	confirm := func(code string) error {
		_, err := client.ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: notesClient, Username: &c.name, ConfirmationCode: &code})
		return err
	}
	code := c.OutboxCode(t, c.email(), 1)
	wantError(t, confirm(otherCode(code)), "CodeMismatchException", wrongCodeText)
	ok(t, confirm(code))
	user := getUser(t, c)
	equal(t, "status", user.UserStatus, types.UserStatusTypeConfirmed)
	equal(t, "email_verified", attributes(user.UserAttributes)["email_verified"], "true")
	wantError(t, confirm(code), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	signIn(t, c.Sluice, c.name)
}

func (userPools) ResendConfirmationCode(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	signUp(t, c)
	first := c.OutboxCode(t, c.email(), 1)
	in := &cip.ResendConfirmationCodeInput{ClientId: notesClient, Username: &c.name}
	out, err := client.ResendConfirmationCode(t.Context(), in)
	ok(t, err)
	equal(t, "destination", aws.ToString(out.CodeDeliveryDetails.Destination), "r***@e***")
	second := c.OutboxCode(t, c.email(), 2)
	confirm := func(code string) error {
		_, err := client.ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: notesClient, Username: &c.name, ConfirmationCode: &code})
		return err
	}
	if first != second {
		wantError(t, confirm(first), "CodeMismatchException", wrongCodeText)
	}
	ok(t, confirm(second))
	_, err = client.ResendConfirmationCode(t.Context(), in)
	wantError(t, err, "InvalidParameterException", "User is already confirmed.")
}

func (userPools) ForgotPassword(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	makeUser(t, c.Sluice, c.name)
	out, err := client.ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: notesClient, Username: &c.name})
	ok(t, err)
	equal(t, "destination", aws.ToString(out.CodeDeliveryDetails.Destination), "f***@e***")
	equal(t, "attribute", aws.ToString(out.CodeDeliveryDetails.AttributeName), "email")
	c.OutboxCode(t, c.email(), 1)
	// A user who does not exist looks like one who does.
	out, err = client.ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: notesClient, Username: noUser})
	ok(t, err)
	if out.CodeDeliveryDetails == nil {
		t.Error("the answer shows that there is no such user")
	}
	_, err = client.ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: aws.String(noClient), Username: &c.name})
	wantError(t, err, "ResourceNotFoundException", noClientText)
}

func (userPools) ConfirmForgotPassword(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	makeUser(t, c.Sluice, c.name)
	_, err := client.ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: notesClient, Username: &c.name})
	ok(t, err)
	const next = "Another-password-8"
	confirm := func(code string) error {
		_, err := client.ConfirmForgotPassword(t.Context(), &cip.ConfirmForgotPasswordInput{
			ClientId: notesClient, Username: &c.name, ConfirmationCode: &code, Password: aws.String(next),
		})
		return err
	}
	code := c.OutboxCode(t, c.email(), 1)
	wantError(t, confirm(otherCode(code)), "CodeMismatchException", wrongCodeText)
	ok(t, confirm(code))
	_, err = client.InitiateAuth(t.Context(), passwordAuth(c.name, next))
	ok(t, err)
	_, err = client.InitiateAuth(t.Context(), passwordAuth(c.name, password))
	wantError(t, err, "NotAuthorizedException", wrongPasswordText)
}

func (userPools) ChangePassword(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	makeUser(t, c.Sluice, c.name)
	tokens := signIn(t, c.Sluice, c.name)
	const next = "Another-password-8"
	change := func(from, to string) error {
		_, err := client.ChangePassword(t.Context(), &cip.ChangePasswordInput{AccessToken: tokens.AccessToken, PreviousPassword: &from, ProposedPassword: &to})
		return err
	}
	ok(t, change(password, next))
	_, err := client.InitiateAuth(t.Context(), passwordAuth(c.name, next))
	ok(t, err)
	wantError(t, change(password, next), "NotAuthorizedException", wrongPasswordText)
	wantError(t, change(next, "alllowercase-1"), "InvalidPasswordException", "Password does not conform to policy: Password must have uppercase characters")
}

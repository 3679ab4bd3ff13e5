package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const noUserText = "User does not exist."

var noUser = aws.String("no-such-user")

func attributes(list []types.AttributeType) map[string]string {
	values := map[string]string{}
	for _, a := range list {
		values[aws.ToString(a.Name)] = aws.ToString(a.Value)
	}
	return values
}

// getUser reads a user of the notes pool.
func getUser(t *testing.T, c *sdk) *cip.AdminGetUserOutput {
	t.Helper()
	got, err := c.users(harness.Admin).AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: notesPool, Username: &c.name})
	ok(t, err)
	return got
}

func (userPools) AdminCreateUser(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	create := func(pool *string) (*cip.AdminCreateUserOutput, error) {
		return admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{
			UserPoolId: pool, Username: &c.name, MessageAction: types.MessageActionTypeSuppress,
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(c.email())}},
		})
	}
	made, err := create(notesPool)
	ok(t, err)
	equal(t, "name", aws.ToString(made.User.Username), c.name)
	equal(t, "status", made.User.UserStatus, types.UserStatusTypeForceChangePassword)
	equal(t, "enabled", made.User.Enabled, true)
	equal(t, "email", attributes(made.User.Attributes)["email"], c.email())
	_, err = create(notesPool)
	wantError(t, err, "UsernameExistsException", "User account already exists")
	_, err = create(noPool)
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

func (userPools) AdminGetUser(t *testing.T, c *sdk) {
	sub := makeUser(t, c.Sluice, c.name)
	got := getUser(t, c)
	equal(t, "name", aws.ToString(got.Username), c.name)
	equal(t, "status", got.UserStatus, types.UserStatusTypeConfirmed)
	equal(t, "sub", attributes(got.UserAttributes)["sub"], sub)
	equal(t, "email_verified", attributes(got.UserAttributes)["email_verified"], "true")
	if got.UserCreateDate == nil || got.UserLastModifiedDate == nil {
		t.Errorf("dates %v, %v", got.UserCreateDate, got.UserLastModifiedDate)
	}
	_, err := c.users(harness.Admin).AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: notesPool, Username: noUser})
	wantError(t, err, "UserNotFoundException", noUserText)
}

func (userPools) ListUsers(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	makeUser(t, c.Sluice, c.name)
	list := func(filter string) (*cip.ListUsersOutput, error) {
		return admin.ListUsers(t.Context(), &cip.ListUsersInput{UserPoolId: notesPool, Filter: &filter, AttributesToGet: []string{"email"}})
	}
	got, err := list(`email ^= "` + c.name + `@"`)
	ok(t, err)
	if len(got.Users) != 1 || len(got.Users[0].Attributes) != 1 {
		t.Fatalf("users %+v", got.Users)
	}
	equal(t, "email", aws.ToString(got.Users[0].Attributes[0].Value), c.email())
	got, err = admin.ListUsers(t.Context(), &cip.ListUsersInput{UserPoolId: notesPool, Limit: aws.Int32(1)})
	ok(t, err)
	equal(t, "users on a page", len(got.Users), 1)
	_, err = list(`email like "x"`)
	wantError(t, err, "InvalidParameterException", "Error while parsing filter")
}

func (userPools) AdminDeleteUser(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	makeUser(t, c.Sluice, c.name)
	in := &cip.AdminDeleteUserInput{UserPoolId: notesPool, Username: &c.name}
	_, err := admin.AdminDeleteUser(t.Context(), in)
	ok(t, err)
	_, err = admin.AdminDeleteUser(t.Context(), in)
	wantError(t, err, "UserNotFoundException", noUserText)
}

func (userPools) AdminDisableUser(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	makeUser(t, c.Sluice, c.name)
	_, err := admin.AdminDisableUser(t.Context(), &cip.AdminDisableUserInput{UserPoolId: notesPool, Username: &c.name})
	ok(t, err)
	equal(t, "enabled", getUser(t, c).Enabled, false)
	_, err = c.users(harness.Anonymous).InitiateAuth(t.Context(), passwordAuth(c.name, password))
	wantError(t, err, "NotAuthorizedException", "User is disabled.")
	_, err = admin.AdminDisableUser(t.Context(), &cip.AdminDisableUserInput{UserPoolId: notesPool, Username: noUser})
	wantError(t, err, "UserNotFoundException", noUserText)
}

func (userPools) AdminEnableUser(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	makeUser(t, c.Sluice, c.name)
	_, err := admin.AdminDisableUser(t.Context(), &cip.AdminDisableUserInput{UserPoolId: notesPool, Username: &c.name})
	ok(t, err)
	_, err = admin.AdminEnableUser(t.Context(), &cip.AdminEnableUserInput{UserPoolId: notesPool, Username: &c.name})
	ok(t, err)
	equal(t, "enabled", getUser(t, c).Enabled, true)
	signIn(t, c.Sluice, c.name)
	_, err = admin.AdminEnableUser(t.Context(), &cip.AdminEnableUserInput{UserPoolId: notesPool, Username: noUser})
	wantError(t, err, "UserNotFoundException", noUserText)
}

func (userPools) AdminConfirmSignUp(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	signUp(t, c)
	in := &cip.AdminConfirmSignUpInput{UserPoolId: notesPool, Username: &c.name}
	_, err := admin.AdminConfirmSignUp(t.Context(), in)
	ok(t, err)
	equal(t, "status", getUser(t, c).UserStatus, types.UserStatusTypeConfirmed)
	_, err = admin.AdminConfirmSignUp(t.Context(), in)
	wantError(t, err, "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
}

func (userPools) AdminSetUserPassword(t *testing.T, c *sdk) {
	makeUser(t, c.Sluice, c.name)
	set := func(password string, permanent bool) error {
		_, err := c.users(harness.Admin).AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{
			UserPoolId: notesPool, Username: &c.name, Password: &password, Permanent: permanent,
		})
		return err
	}
	ok(t, set("Another-password-8", false))
	equal(t, "status", getUser(t, c).UserStatus, types.UserStatusTypeForceChangePassword)
	_, err := c.users(harness.Anonymous).InitiateAuth(t.Context(), passwordAuth(c.name, password))
	wantError(t, err, "NotAuthorizedException", wrongPasswordText)
	wantError(t, set("Short-1", true), "InvalidPasswordException", "Password does not conform to policy: Password not long enough")
}

func (userPools) AdminResetUserPassword(t *testing.T, c *sdk) {
	admin, client := c.users(harness.Admin), c.users(harness.Anonymous)
	makeUser(t, c.Sluice, c.name)
	_, err := admin.AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: notesPool, Username: &c.name})
	ok(t, err)
	equal(t, "status", getUser(t, c).UserStatus, types.UserStatusTypeResetRequired)
	_, err = client.InitiateAuth(t.Context(), passwordAuth(c.name, password))
	wantError(t, err, "PasswordResetRequiredException", "Password reset required for the user")
	_, err = client.ConfirmForgotPassword(t.Context(), &cip.ConfirmForgotPasswordInput{
		ClientId: notesClient, Username: &c.name, Password: aws.String(password), ConfirmationCode: aws.String(c.OutboxCode(t, c.email(), 1)),
	})
	ok(t, err)
	signIn(t, c.Sluice, c.name)
	_, err = admin.AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: notesPool, Username: noUser})
	wantError(t, err, "UserNotFoundException", noUserText)
}

func (userPools) AdminUpdateUserAttributes(t *testing.T, c *sdk) {
	makeUser(t, c.Sluice, c.name)
	update := func(name, value string) error {
		_, err := c.users(harness.Admin).AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{
			UserPoolId: notesPool, Username: &c.name, UserAttributes: []types.AttributeType{{Name: &name, Value: &value}},
		})
		return err
	}
	ok(t, update("given_name", "Ada"))
	equal(t, "given_name", attributes(getUser(t, c).UserAttributes)["given_name"], "Ada")
	wantError(t, update("email", "not-an-address"), "InvalidParameterException", "Invalid email address format.")
}

func (userPools) AdminDeleteUserAttributes(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	makeUser(t, c.Sluice, c.name)
	_, err := admin.AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{
		UserPoolId: notesPool, Username: &c.name, UserAttributes: []types.AttributeType{{Name: aws.String("given_name"), Value: aws.String("Ada")}},
	})
	ok(t, err)
	remove := func(name string) error {
		_, err := admin.AdminDeleteUserAttributes(t.Context(), &cip.AdminDeleteUserAttributesInput{
			UserPoolId: notesPool, Username: &c.name, UserAttributeNames: []string{name},
		})
		return err
	}
	ok(t, remove("given_name"))
	if value, there := attributes(getUser(t, c).UserAttributes)["given_name"]; there {
		t.Errorf("given_name is still %q", value)
	}
	wantError(t, remove("sub"), "InvalidParameterException", "Invalid user attributes: user.sub: Attribute cannot be updated.\n")
}

func (userPools) AdminUserGlobalSignOut(t *testing.T, c *sdk) {
	admin, client := c.users(harness.Admin), c.users(harness.Anonymous)
	makeUser(t, c.Sluice, c.name)
	tokens := signIn(t, c.Sluice, c.name)
	_, err := admin.AdminUserGlobalSignOut(t.Context(), &cip.AdminUserGlobalSignOutInput{UserPoolId: notesPool, Username: &c.name})
	ok(t, err)
	_, err = client.GetUser(t.Context(), &cip.GetUserInput{AccessToken: tokens.AccessToken})
	wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
	_, err = renew(t, c, tokens)
	wantError(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	_, err = admin.AdminUserGlobalSignOut(t.Context(), &cip.AdminUserGlobalSignOutInput{UserPoolId: notesPool, Username: noUser})
	wantError(t, err, "UserNotFoundException", noUserText)
}

package e2e

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

func (userPools) AdminGetUserAuthFactors(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	pool, _ := choicePool(t, c.Users(harness.Admin))
	_, err := admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: pool, Username: &c.name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(c.email())}}})
	ok(t, err)
	get := func(name string) (fields, error) {
		return c.newest(t, harness.Admin, "AdminGetUserAuthFactors", fields{"UserPoolId": *pool, "Username": name})
	}
	out, err := get(c.name)
	ok(t, err)
	equal(t, "user name", out["Username"], any(c.name))
	equal(t, "factors before a password", fmt.Sprint(out["ConfiguredUserAuthFactors"]), "[EMAIL_OTP]")
	_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: &c.name, Password: aws.String(password), Permanent: true})
	ok(t, err)
	out, err = get(c.name)
	ok(t, err)
	equal(t, "factors with a password", fmt.Sprint(out["ConfiguredUserAuthFactors"]), "[PASSWORD EMAIL_OTP]")
	equal(t, "MFA", out["UserMFASettingList"], nil)
	_, err = get("nobody")
	wantError(t, err, "UserNotFoundException", "User does not exist.")
	_, err = newest(t, c.Sluice, nil, "AdminGetUserAuthFactors", fields{"UserPoolId": *pool, "Username": c.name})
	wantCode(t, "without a signature", err, "MissingAuthenticationTokenException")
}

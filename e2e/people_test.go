package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const password = "Correct-horse-7-battery"

// makeUser makes a confirmed user, in the groups given, as the administrator, and returns the sub.
func makeUser(t testing.TB, s *harness.Sluice, name string, groups ...string) string {
	t.Helper()
	admin, ctx := s.Users(harness.Admin), t.Context()
	made, err := admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{
		UserPoolId: aws.String(harness.Pool), Username: &name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{
			{Name: aws.String("email"), Value: aws.String(name + "@example.com")},
			{Name: aws.String("email_verified"), Value: aws.String("true")},
		},
	})
	if err != nil {
		t.Fatalf("AdminCreateUser: %v", err)
	}
	if made.User.UserStatus != types.UserStatusTypeForceChangePassword {
		t.Errorf("status of a new user: %s", made.User.UserStatus)
	}
	if _, err := admin.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{
		UserPoolId: aws.String(harness.Pool), Username: &name, Password: aws.String(password), Permanent: true,
	}); err != nil {
		t.Fatalf("AdminSetUserPassword: %v", err)
	}
	for _, group := range groups {
		if _, err := admin.AdminAddUserToGroup(ctx, &cip.AdminAddUserToGroupInput{
			UserPoolId: aws.String(harness.Pool), Username: &name, GroupName: &group,
		}); err != nil {
			t.Fatalf("AdminAddUserToGroup: %v", err)
		}
	}
	for _, a := range made.User.Attributes {
		if aws.ToString(a.Name) == "sub" {
			return aws.ToString(a.Value)
		}
	}
	t.Fatal("a new user has no sub")
	return ""
}

// signIn signs in with the password and returns the tokens.
func signIn(t testing.TB, s *harness.Sluice, name string) *types.AuthenticationResultType {
	t.Helper()
	out, err := s.Users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	})
	if err != nil {
		t.Fatalf("InitiateAuth: %v", err)
	}
	if out.AuthenticationResult == nil {
		t.Fatalf("InitiateAuth answered the challenge %q", out.ChallengeName)
	}
	return out.AuthenticationResult
}

// loginKey is the key of the pool in Logins: the issuer without its scheme.
func loginKey(s *harness.Sluice) string {
	return s.URL[len("http://"):] + "/" + harness.Pool
}

// temporary gets an identity and its credentials; an empty token asks as a guest.
func temporary(t testing.TB, s *harness.Sluice, idToken string) (identity string, creds aws.CredentialsProvider) {
	t.Helper()
	var logins map[string]string
	if idToken != "" {
		logins = map[string]string{loginKey(s): idToken}
	}
	client := s.Identities(harness.Anonymous)
	id, err := client.GetId(t.Context(), &cognitoidentity.GetIdInput{
		IdentityPoolId: aws.String(harness.IdentityPool), Logins: logins,
	})
	if err != nil {
		t.Fatalf("GetId: %v", err)
	}
	got, err := client.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{
		IdentityId: id.IdentityId, Logins: logins,
	})
	if err != nil {
		t.Fatalf("GetCredentialsForIdentity: %v", err)
	}
	c := got.Credentials
	return *id.IdentityId, harness.Keys(*c.AccessKeyId, *c.SecretKey, *c.SessionToken)
}

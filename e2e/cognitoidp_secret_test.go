package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

func (userPools) AddUserPoolClientSecret(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, true)
	in := &cip.AddUserPoolClientSecretInput{UserPoolId: notesPool, ClientId: app.ClientId}
	added, err := admin.AddUserPoolClientSecret(t.Context(), in)
	ok(t, err)
	if len(aws.ToString(added.ClientSecretDescriptor.ClientSecretValue)) < 40 {
		t.Error("the generated secret is not returned")
	}
	_, err = admin.AddUserPoolClientSecret(t.Context(), in)
	wantCode(t, "a third secret", err, "LimitExceededException")
	_, err = admin.AddUserPoolClientSecret(t.Context(), &cip.AddUserPoolClientSecretInput{UserPoolId: notesPool, ClientId: appClient(t, c, false).ClientId})
	wantCode(t, "a secret of a public client", err, "InvalidParameterException")
}

func (userPools) ListUserPoolClientSecrets(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, true)
	_, err := admin.AddUserPoolClientSecret(t.Context(), &cip.AddUserPoolClientSecretInput{UserPoolId: notesPool, ClientId: app.ClientId,
		ClientSecret: aws.String("a_secret_of_my_own_choice")})
	ok(t, err)
	list, err := admin.ListUserPoolClientSecrets(t.Context(), &cip.ListUserPoolClientSecretsInput{UserPoolId: notesPool, ClientId: app.ClientId})
	ok(t, err)
	equal(t, "number of secrets", len(list.ClientSecrets), 2)
	for _, s := range list.ClientSecrets {
		if s.ClientSecretValue != nil || aws.ToString(s.ClientSecretId) == "" || s.ClientSecretCreateDate == nil {
			t.Error("a listed secret has its value, or no id or date")
		}
	}
	_, err = admin.ListUserPoolClientSecrets(t.Context(), &cip.ListUserPoolClientSecretsInput{UserPoolId: notesPool, ClientId: aws.String(noClient)})
	wantError(t, err, "ResourceNotFoundException", noClientText)
}

func (userPools) DeleteUserPoolClientSecret(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, true)
	added, err := admin.AddUserPoolClientSecret(t.Context(), &cip.AddUserPoolClientSecretInput{UserPoolId: notesPool, ClientId: app.ClientId})
	ok(t, err)
	in := &cip.DeleteUserPoolClientSecretInput{UserPoolId: notesPool, ClientId: app.ClientId, ClientSecretId: added.ClientSecretDescriptor.ClientSecretId}
	_, err = admin.DeleteUserPoolClientSecret(t.Context(), in)
	ok(t, err)
	_, err = admin.DeleteUserPoolClientSecret(t.Context(), in)
	wantCode(t, "a deleted secret", err, "ResourceNotFoundException")
	list, err := admin.ListUserPoolClientSecrets(t.Context(), &cip.ListUserPoolClientSecretsInput{UserPoolId: notesPool, ClientId: app.ClientId})
	ok(t, err)
	in.ClientSecretId = list.ClientSecrets[0].ClientSecretId
	_, err = admin.DeleteUserPoolClientSecret(t.Context(), in)
	wantCode(t, "the last secret", err, "InvalidParameterException")
}

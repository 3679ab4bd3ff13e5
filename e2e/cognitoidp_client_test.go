package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// appClient makes an app client of the notes pool that may use every flow of the scenarios.
func appClient(t *testing.T, c *sdk, secret bool) *types.UserPoolClientType {
	t.Helper()
	made, err := c.users(harness.Admin).CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{
		UserPoolId: notesPool, ClientName: &c.name, GenerateSecret: secret,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
			types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth,
			types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	ok(t, err)
	return made.UserPoolClient
}

const noClient = "1missing23456789abcdefghij"

const noClientText = "User pool client " + noClient + " does not exist."

func (userPools) CreateUserPoolClient(t *testing.T, c *sdk) {
	app := appClient(t, c, true)
	equal(t, "name", aws.ToString(app.ClientName), c.name)
	equal(t, "pool", aws.ToString(app.UserPoolId), harness.Pool)
	equal(t, "number of flows", len(app.ExplicitAuthFlows), 3)
	if len(aws.ToString(app.ClientId)) != 26 || len(aws.ToString(app.ClientSecret)) < 40 || app.CreationDate == nil {
		t.Errorf("client %+v", app)
	}
	_, err := c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		ClientId: app.ClientId, AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "x", "PASSWORD": "y"},
	})
	wantError(t, err, "NotAuthorizedException", "Client "+aws.ToString(app.ClientId)+" is configured with secret but SECRET_HASH was not received")
	_, err = c.users(harness.Admin).CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: noPool, ClientName: &c.name})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

func (userPools) DescribeUserPoolClient(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, true)
	got, err := admin.DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: notesPool, ClientId: app.ClientId})
	ok(t, err)
	equal(t, "name", aws.ToString(got.UserPoolClient.ClientName), c.name)
	equal(t, "secret", aws.ToString(got.UserPoolClient.ClientSecret), aws.ToString(app.ClientSecret))
	_, err = admin.DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: notesPool, ClientId: aws.String(noClient)})
	wantError(t, err, "ResourceNotFoundException", noClientText)
}

func (userPools) UpdateUserPoolClient(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, false)
	update := func(refreshDays int32) (*cip.UpdateUserPoolClientOutput, error) {
		return admin.UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{
			UserPoolId: notesPool, ClientId: app.ClientId, ClientName: aws.String("renamed"), RefreshTokenValidity: refreshDays,
			ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
		})
	}
	got, err := update(7)
	ok(t, err)
	equal(t, "name", aws.ToString(got.UserPoolClient.ClientName), "renamed")
	equal(t, "life of refresh tokens", got.UserPoolClient.RefreshTokenValidity, 7)
	_, err = c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		ClientId: app.ClientId, AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "x", "PASSWORD": "y"},
	})
	wantError(t, err, "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")
	_, err = update(3651)
	wantError(t, err, "InvalidParameterException", "Invalid range for token validity.")
}

func (userPools) DeleteUserPoolClient(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, false)
	in := &cip.DeleteUserPoolClientInput{UserPoolId: notesPool, ClientId: app.ClientId}
	_, err := admin.DeleteUserPoolClient(t.Context(), in)
	ok(t, err)
	gone := "User pool client " + aws.ToString(app.ClientId) + " does not exist."
	_, err = c.users(harness.Anonymous).SignUp(t.Context(), &cip.SignUpInput{ClientId: app.ClientId, Username: &c.name, Password: aws.String(password)})
	wantError(t, err, "ResourceNotFoundException", gone)
	_, err = admin.DeleteUserPoolClient(t.Context(), in)
	wantError(t, err, "ResourceNotFoundException", gone)
}

func (userPools) ListUserPoolClients(t *testing.T, c *sdk) {
	admin, app := c.users(harness.Admin), appClient(t, c, false)
	found := false
	for list := cip.NewListUserPoolClientsPaginator(admin, &cip.ListUserPoolClientsInput{UserPoolId: notesPool, MaxResults: aws.Int32(2)}); list.HasMorePages(); {
		page, err := list.NextPage(t.Context())
		ok(t, err)
		for _, client := range page.UserPoolClients {
			found = found || aws.ToString(client.ClientId) == aws.ToString(app.ClientId) && aws.ToString(client.ClientName) == c.name
		}
	}
	equal(t, "client is listed", found, true)
	_, err := admin.ListUserPoolClients(t.Context(), &cip.ListUserPoolClientsInput{UserPoolId: noPool})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

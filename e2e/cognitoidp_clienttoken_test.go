package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

func (userPools) GetClientToken(t *testing.T, c *sdk) {
	made, err := c.users(harness.Admin).CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: notesPool, ClientName: &c.name,
		GenerateSecret: true, ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_CLIENT_TOKEN_AUTH"}, AllowedOAuthScopes: []string{"aws.cognito/dcr/register"}})
	ok(t, err)
	id, secret := aws.ToString(made.UserPoolClient.ClientId), aws.ToString(made.UserPoolClient.ClientSecret)
	for name, creds := range map[string]aws.CredentialsProvider{"unsigned": nil, "signed": harness.Admin} {
		out, err := c.newest(t, creds, "GetClientToken", fields{"ClientId": id, "Secret": secret, "Scopes": []string{"aws.cognito/dcr/register"}})
		ok(t, err)
		result, _ := out["ClientAuthenticationResult"].(fields)
		raw, _ := result["AccessToken"].(string)
		equal(t, name+": type", result["TokenType"], any("Bearer"))
		equal(t, name+": lifetime", result["ExpiresIn"], any(3600.0))
		equal(t, name+": subject", claims(t, raw)["sub"], any(id))
	}
	_, err = c.newest(t, nil, "GetClientToken", fields{"ClientId": id, "Secret": secret + "x"})
	wantError(t, err, "NotAuthorizedException", "Unable to verify secret for client "+id)
}

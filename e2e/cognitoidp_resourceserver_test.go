package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

func readScope() []types.ResourceServerScopeType {
	return []types.ResourceServerScopeType{{ScopeName: aws.String("read"), ScopeDescription: aws.String("may read")}}
}

// resourceServer makes a resource server of the notes pool with the scenario's name and the scope read.
func resourceServer(t *testing.T, c *sdk) *types.ResourceServerType {
	t.Helper()
	made, err := c.users(harness.Admin).CreateResourceServer(t.Context(), &cip.CreateResourceServerInput{UserPoolId: notesPool, Identifier: &c.name,
		Name: aws.String("notes API"), Scopes: readScope()})
	ok(t, err)
	return made.ResourceServer
}

func (userPools) CreateResourceServer(t *testing.T, c *sdk) {
	r := resourceServer(t, c)
	equal(t, "identifier", aws.ToString(r.Identifier), c.name)
	equal(t, "number of scopes", len(r.Scopes), 1)
	admin := c.users(harness.Admin)
	app, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: notesPool, ClientName: &c.name, GenerateSecret: true,
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeClientCredentials},
		AllowedOAuthScopes: []string{c.name + "/read"}})
	ok(t, err)
	equal(t, "scope of the client", app.UserPoolClient.AllowedOAuthScopes[0], c.name+"/read")
	_, err = admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: notesPool, ClientName: &c.name, GenerateSecret: true,
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeClientCredentials},
		AllowedOAuthScopes: []string{c.name + "/write"}})
	wantError(t, err, "ScopeDoesNotExistException", "Invalid scope requested: "+c.name+"/write")
	_, err = admin.CreateResourceServer(t.Context(), &cip.CreateResourceServerInput{UserPoolId: notesPool, Identifier: &c.name, Name: &c.name})
	wantError(t, err, "InvalidParameterException", c.name+" already exists in user pool "+harness.Pool+".")
}

func (userPools) DescribeResourceServer(t *testing.T, c *sdk) {
	resourceServer(t, c)
	admin := c.users(harness.Admin)
	got, err := admin.DescribeResourceServer(t.Context(), &cip.DescribeResourceServerInput{UserPoolId: notesPool, Identifier: &c.name})
	ok(t, err)
	equal(t, "name", aws.ToString(got.ResourceServer.Name), "notes API")
	equal(t, "scope", aws.ToString(got.ResourceServer.Scopes[0].ScopeName), "read")
	_, err = admin.DescribeResourceServer(t.Context(), &cip.DescribeResourceServerInput{UserPoolId: notesPool, Identifier: aws.String("none")})
	wantError(t, err, "ResourceNotFoundException", "Resource server none does not exist.")
}

func (userPools) UpdateResourceServer(t *testing.T, c *sdk) {
	resourceServer(t, c)
	admin := c.users(harness.Admin)
	got, err := admin.UpdateResourceServer(t.Context(), &cip.UpdateResourceServerInput{UserPoolId: notesPool, Identifier: &c.name, Name: aws.String("renamed")})
	ok(t, err)
	equal(t, "name", aws.ToString(got.ResourceServer.Name), "renamed")
	equal(t, "number of scopes", len(got.ResourceServer.Scopes), 0)
	_, err = admin.UpdateResourceServer(t.Context(), &cip.UpdateResourceServerInput{UserPoolId: notesPool, Identifier: aws.String("none"), Name: &c.name})
	wantError(t, err, "ResourceNotFoundException", "Resource server none does not exist.")
}

func (userPools) DeleteResourceServer(t *testing.T, c *sdk) {
	resourceServer(t, c)
	admin, in := c.users(harness.Admin), &cip.DeleteResourceServerInput{UserPoolId: notesPool, Identifier: &c.name}
	_, err := admin.DeleteResourceServer(t.Context(), in)
	ok(t, err)
	_, err = admin.DeleteResourceServer(t.Context(), in)
	wantError(t, err, "ResourceNotFoundException", "Resource server "+c.name+" does not exist.")
}

func (userPools) ListResourceServers(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), emptyPool(t, c)
	want := []string{"c", "a", "b"} // in the order of their creation
	for _, id := range want {
		_, err := admin.CreateResourceServer(t.Context(), &cip.CreateResourceServerInput{UserPoolId: pool, Identifier: &id, Name: &id})
		ok(t, err)
	}
	var got []string
	for list := cip.NewListResourceServersPaginator(admin, &cip.ListResourceServersInput{UserPoolId: pool, MaxResults: aws.Int32(2)}); list.HasMorePages(); {
		page, err := list.NextPage(t.Context())
		ok(t, err)
		for _, r := range page.ResourceServers {
			got = append(got, aws.ToString(r.Identifier))
		}
	}
	equal(t, "number of resource servers", len(got), len(want))
	_, err := admin.ListResourceServers(t.Context(), &cip.ListResourceServersInput{UserPoolId: noPool})
	wantError(t, err, "ResourceNotFoundException", noPoolText)
}

package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// Two operators change an app client: the second one's form must not take back what the first one changed.
func TestTheConsoleOverwritesNoChangeThatItDoesNotShow(t *testing.T) {
	t.Parallel()
	c := startConsole(t, "access_key\n\t\t\twrite")
	users := c.Users(harness.Admin)
	pool, err := users.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("shop")})
	ok(t, err)
	made, err := users.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: aws.String("till")})
	ok(t, err)
	id := made.UserPoolClient.ClientId
	v := newVisitor(t)
	address := mustParse(t, c.at("/client?pool="+*pool.UserPool.Id+"&client="+*id))
	c.enter(v, "/pools")
	page, _ := v.open(address.String())
	_, err = users.UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientId: id, ClientName: aws.String("first"),
		CallbackURLs: []string{"https://new.example.com"}})
	ok(t, err)
	answer, _ := v.submit(address, formWith(page, "name"), map[string]string{"name": "second"})
	if !strings.Contains(answer, "has changed since you opened the form") || !strings.Contains(answer, "https://new.example.com") {
		t.Errorf("a stale form:\n%.4000s", answer)
	}
	answer, _ = v.submit(address, formWith(answer, "name"), map[string]string{"name": "second"})
	now, err := users.DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientId: id})
	ok(t, err)
	if !strings.Contains(answer, "The app client is changed.") || *now.UserPoolClient.ClientName != "second" {
		t.Errorf("a form of now: %+v\n%.4000s", now.UserPoolClient, answer)
	}
}

package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// emptyPool makes a pool for a scenario, because a pool has one domain of each kind.
func emptyPool(t *testing.T, c *sdk) *string {
	t.Helper()
	made, err := c.users(harness.Admin).CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: &c.name})
	ok(t, err)
	return made.UserPool.Id
}

const noDomainText = "No such domain or user pool exists."

var certificate = &types.CustomDomainConfigType{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/a")}

func (userPools) CreateUserPoolDomain(t *testing.T, c *sdk) {
	admin, pool, other := c.users(harness.Admin), emptyPool(t, c), emptyPool(t, c)
	prefix := strings.ToLower(c.name)
	got, err := admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: pool, Domain: &prefix, ManagedLoginVersion: aws.Int32(2)})
	ok(t, err)
	equal(t, "version", aws.ToInt32(got.ManagedLoginVersion), 2)
	equal(t, "distribution", aws.ToString(got.CloudFrontDomain), "")
	custom := prefix + ".example.test"
	got, err = admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: pool, Domain: &custom, CustomDomainConfig: certificate})
	ok(t, err)
	equal(t, "distribution", aws.ToString(got.CloudFrontDomain), "localhost")
	described, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: pool})
	ok(t, err)
	equal(t, "prefix domain of the pool", aws.ToString(described.UserPool.Domain), prefix)
	equal(t, "custom domain of the pool", aws.ToString(described.UserPool.CustomDomain), custom)

	_, err = admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: other, Domain: &prefix})
	wantError(t, err, "InvalidParameterException", "Domain already associated with another user pool.")
	_, err = admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: pool, Domain: aws.String(prefix + "2")})
	wantError(t, err, "InvalidParameterException", "User pool already has a domain configured.")
	_, err = admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: other, Domain: aws.String("my-aws-app")})
	wantError(t, err, "InvalidParameterException", "Domain cannot contain reserved word: aws")
	_, err = admin.DeleteUserPool(t.Context(), &cip.DeleteUserPoolInput{UserPoolId: pool})
	wantError(t, err, "InvalidParameterException", "User pool cannot be deleted. It has a domain configured that should be deleted first.")
}

func (userPools) DescribeUserPoolDomain(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), emptyPool(t, c)
	_, err := admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: pool, Domain: &c.name})
	ok(t, err)
	got, err := admin.DescribeUserPoolDomain(t.Context(), &cip.DescribeUserPoolDomainInput{Domain: &c.name})
	ok(t, err)
	equal(t, "pool", aws.ToString(got.DomainDescription.UserPoolId), *pool)
	equal(t, "status", got.DomainDescription.Status, types.DomainStatusTypeActive)
	equal(t, "version", aws.ToInt32(got.DomainDescription.ManagedLoginVersion), 1)
	none, err := admin.DescribeUserPoolDomain(t.Context(), &cip.DescribeUserPoolDomainInput{Domain: aws.String("nobody-has-this")})
	ok(t, err) // as AWS: not an error
	equal(t, "pool of no domain", aws.ToString(none.DomainDescription.UserPoolId), "")
	_, err = admin.DescribeUserPoolDomain(t.Context(), &cip.DescribeUserPoolDomainInput{Domain: aws.String(strings.Repeat("a", 64))})
	wantCode(t, "a domain that is too long", err, "InvalidParameterException")
}

func (userPools) UpdateUserPoolDomain(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), emptyPool(t, c)
	_, err := admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: pool, Domain: &c.name})
	ok(t, err)
	got, err := admin.UpdateUserPoolDomain(t.Context(), &cip.UpdateUserPoolDomainInput{UserPoolId: pool, Domain: &c.name, ManagedLoginVersion: aws.Int32(2)})
	ok(t, err)
	equal(t, "version", aws.ToInt32(got.ManagedLoginVersion), 2)
	_, err = admin.UpdateUserPoolDomain(t.Context(), &cip.UpdateUserPoolDomainInput{UserPoolId: pool, Domain: aws.String("nobody-has-this"), ManagedLoginVersion: aws.Int32(2)})
	wantError(t, err, "InvalidParameterException", noDomainText)
}

func (userPools) DeleteUserPoolDomain(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), emptyPool(t, c)
	_, err := admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: pool, Domain: &c.name})
	ok(t, err)
	in := &cip.DeleteUserPoolDomainInput{UserPoolId: pool, Domain: &c.name}
	_, err = admin.DeleteUserPoolDomain(t.Context(), &cip.DeleteUserPoolDomainInput{UserPoolId: emptyPool(t, c), Domain: &c.name})
	wantError(t, err, "InvalidParameterException", noDomainText)
	_, err = admin.DeleteUserPoolDomain(t.Context(), in)
	ok(t, err)
	_, err = admin.DeleteUserPoolDomain(t.Context(), in)
	wantError(t, err, "InvalidParameterException", noDomainText)
	_, err = admin.DeleteUserPool(t.Context(), &cip.DeleteUserPoolInput{UserPoolId: pool})
	ok(t, err)
}

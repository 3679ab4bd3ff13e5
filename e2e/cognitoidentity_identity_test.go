package e2e

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"github.com/sluicegate/sluice/e2e/harness"
)

var noIdentity = aws.String("us-east-1:00000000-0000-4000-8000-000000000001")

const noIdentityText = "Identity 'us-east-1:00000000-0000-4000-8000-000000000001' not found."

// logins makes a user of the notes pool, signs in and returns the login of the ID token.
func logins(t *testing.T, c *sdk) map[string]string {
	t.Helper()
	makeUser(t, c.Sluice, c.name)
	return map[string]string{loginKey(c.Sluice): *signIn(t, c.Sluice, c.name).IdToken}
}

// identity gets an identity of a pool, for the logins or for a guest.
func identity(t *testing.T, c *sdk, pool *string, logins map[string]string) *string {
	t.Helper()
	got, err := c.identities(harness.Anonymous).GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: pool, Logins: logins})
	ok(t, err)
	return got.IdentityId
}

func (identityPools) GetId(t *testing.T, c *sdk) {
	client, pool := c.identities(harness.Anonymous), aws.String(harness.IdentityPool)
	makeUser(t, c.Sluice, c.name)
	tokens := signIn(t, c.Sluice, c.name)
	login := map[string]string{loginKey(c.Sluice): *tokens.IdToken}
	mine := identity(t, c, pool, login)
	equal(t, "identity of the same login", aws.ToString(identity(t, c, pool, login)), aws.ToString(mine))
	if guest := identity(t, c, pool, nil); aws.ToString(guest) == aws.ToString(identity(t, c, pool, nil)) {
		t.Error("two guests share an identity")
	}
	_, err := client.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: pool, Logins: map[string]string{loginKey(c.Sluice): *tokens.AccessToken}})
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Missing a required claim: aud. This is an access token; send the ID token instead.")
	_, err = client.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: noIdentityPool})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

func (identityPools) GetCredentialsForIdentity(t *testing.T, c *sdk) {
	client, login := c.identities(harness.Anonymous), logins(t, c)
	mine := identity(t, c, aws.String(harness.IdentityPool), login)
	got, err := client.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: mine, Logins: login})
	ok(t, err)
	equal(t, "identity", aws.ToString(got.IdentityId), aws.ToString(mine))
	if k := got.Credentials; len(aws.ToString(k.AccessKeyId)) != 20 || len(aws.ToString(k.SecretKey)) != 40 || aws.ToString(k.SessionToken) == "" ||
		!aws.ToTime(k.Expiration).After(time.Now()) {
		t.Errorf("key %s expires %v", aws.ToString(k.AccessKeyId), k.Expiration)
	}
	_, err = client.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: mine})
	wantError(t, err, "NotAuthorizedException", "Access to Identity '"+aws.ToString(mine)+"' is forbidden.")
}

func (identityPools) GetOpenIdToken(t *testing.T, c *sdk) {
	client, pool := c.identities(harness.Anonymous), identityPool(t, c).IdentityPoolId
	guest := identity(t, c, pool, nil)
	got, err := client.GetOpenIdToken(t.Context(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: guest})
	ok(t, err)
	equal(t, "identity", aws.ToString(got.IdentityId), aws.ToString(guest))
	claims := harness.Claims(t, aws.ToString(got.Token))
	equal(t, "iss", claims["iss"], any("https://cognito-identity.amazonaws.com"))
	equal(t, "aud", claims["aud"], any(aws.ToString(pool)))
	equal(t, "sub", claims["sub"], any(aws.ToString(guest)))
	declared := identity(t, c, aws.String(harness.IdentityPool), nil)
	_, err = client.GetOpenIdToken(t.Context(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: declared})
	wantError(t, err, "InvalidParameterException", "Basic (classic) flow is not enabled, please use enhanced flow.")
}

func (identityPools) DescribeIdentity(t *testing.T, c *sdk) {
	admin, login := c.identities(harness.Admin), logins(t, c)
	mine := identity(t, c, aws.String(harness.IdentityPool), login)
	got, err := admin.DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: mine})
	ok(t, err)
	equal(t, "identity", aws.ToString(got.IdentityId), aws.ToString(mine))
	if len(got.Logins) != 1 || got.Logins[0] != "cognito-idp."+harness.Region+".amazonaws.com/"+harness.Pool || got.CreationDate == nil {
		t.Errorf("identity %+v", got)
	}
	_, err = admin.DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: noIdentity})
	wantError(t, err, "ResourceNotFoundException", noIdentityText)
}

func (identityPools) ListIdentities(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c).IdentityPoolId
	made := map[string]bool{}
	for range 3 {
		made[aws.ToString(identity(t, c, pool, nil))] = true
	}
	in := &cognitoidentity.ListIdentitiesInput{IdentityPoolId: pool, MaxResults: aws.Int32(2)}
	first, err := admin.ListIdentities(t.Context(), in)
	ok(t, err)
	in.NextToken = first.NextToken
	second, err := admin.ListIdentities(t.Context(), in)
	ok(t, err)
	equal(t, "pool", aws.ToString(first.IdentityPoolId), aws.ToString(pool))
	for _, i := range append(first.Identities, second.Identities...) {
		delete(made, aws.ToString(i.IdentityId))
	}
	if len(made) != 0 || len(first.Identities) != 2 || second.NextToken != nil {
		t.Errorf("pages of %d and %d identities do not list %v", len(first.Identities), len(second.Identities), made)
	}
	_, err = admin.ListIdentities(t.Context(), &cognitoidentity.ListIdentitiesInput{IdentityPoolId: noIdentityPool, MaxResults: aws.Int32(1)})
	wantError(t, err, "ResourceNotFoundException", noIdentityPoolText)
}

func (identityPools) DeleteIdentities(t *testing.T, c *sdk) {
	admin, guest := c.identities(harness.Admin), identity(t, c, aws.String(harness.IdentityPool), nil)
	got, err := admin.DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: []string{*guest}})
	ok(t, err)
	equal(t, "number of identities left", len(got.UnprocessedIdentityIds), 0)
	_, err = admin.DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: guest})
	wantError(t, err, "ResourceNotFoundException", "Identity '"+*guest+"' not found.")
	_, err = c.identities(harness.Anonymous).DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: []string{*guest}})
	wantError(t, err, "MissingAuthenticationTokenException", "Missing Authentication Token")
}

func (identityPools) UnlinkIdentity(t *testing.T, c *sdk) {
	client, login := c.identities(harness.Anonymous), logins(t, c)
	mine := identity(t, c, aws.String(harness.IdentityPool), login)
	in := &cognitoidentity.UnlinkIdentityInput{IdentityId: mine, Logins: login, LoginsToRemove: []string{loginKey(c.Sluice)}}
	_, err := client.UnlinkIdentity(t.Context(), in)
	ok(t, err)
	got, err := c.identities(harness.Admin).DescribeIdentity(t.Context(), &cognitoidentity.DescribeIdentityInput{IdentityId: mine})
	ok(t, err)
	equal(t, "number of logins", len(got.Logins), 0)
	_, err = client.UnlinkIdentity(t.Context(), in)
	wantError(t, err, "NotAuthorizedException", "Logins don't match. Please include at least one valid login for this identity or identity pool.")
}

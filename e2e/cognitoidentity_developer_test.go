package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"github.com/sluicegate/sluice/e2e/harness"
)

// developerToken gets an OpenID token for a user of the developer's own provider.
func developerToken(t *testing.T, c *sdk, pool *string, user string) *cognitoidentity.GetOpenIdTokenForDeveloperIdentityOutput {
	t.Helper()
	got, err := c.identities(harness.Admin).GetOpenIdTokenForDeveloperIdentity(t.Context(), &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: pool, Logins: map[string]string{developerProvider: user}, TokenDuration: aws.Int64(60),
	})
	ok(t, err)
	return got
}

func (identityPools) GetOpenIdTokenForDeveloperIdentity(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c).IdentityPoolId
	got := developerToken(t, c, pool, "u1")
	claims := harness.Claims(t, aws.ToString(got.Token))
	equal(t, "sub", claims["sub"], any(aws.ToString(got.IdentityId)))
	equal(t, "aud", claims["aud"], any(aws.ToString(pool)))
	issued, _ := claims["iat"].(float64)
	equal(t, "exp", claims["exp"], any(issued+60))
	equal(t, "identity of the same user", aws.ToString(developerToken(t, c, pool, "u1").IdentityId), aws.ToString(got.IdentityId))
	other := developerToken(t, c, pool, "u2")
	_, err := admin.GetOpenIdTokenForDeveloperIdentity(t.Context(), &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: pool, IdentityId: got.IdentityId, Logins: map[string]string{developerProvider: "u2"},
	})
	wantError(t, err, "DeveloperUserAlreadyRegisteredException", "The developer user is already registered with another identity.")
	if aws.ToString(other.IdentityId) == aws.ToString(got.IdentityId) {
		t.Error("two users share an identity")
	}
}

func (identityPools) LookupDeveloperIdentity(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c).IdentityPoolId
	made := developerToken(t, c, pool, "u1")
	lookup := func(user string) (*cognitoidentity.LookupDeveloperIdentityOutput, error) {
		return admin.LookupDeveloperIdentity(t.Context(), &cognitoidentity.LookupDeveloperIdentityInput{
			IdentityPoolId: pool, DeveloperUserIdentifier: &user, MaxResults: aws.Int32(10),
		})
	}
	got, err := lookup("u1")
	ok(t, err)
	equal(t, "identity", aws.ToString(got.IdentityId), aws.ToString(made.IdentityId))
	if len(got.DeveloperUserIdentifierList) != 1 || got.DeveloperUserIdentifierList[0] != "u1" {
		t.Errorf("users %v", got.DeveloperUserIdentifierList)
	}
	_, err = lookup("u2")
	wantError(t, err, "ResourceNotFoundException", "The developer user was not found.")
}

func (identityPools) MergeDeveloperIdentities(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c).IdentityPoolId
	kept := developerToken(t, c, pool, "u1")
	developerToken(t, c, pool, "u2")
	merge := func(from, to string) (*cognitoidentity.MergeDeveloperIdentitiesOutput, error) {
		return admin.MergeDeveloperIdentities(t.Context(), &cognitoidentity.MergeDeveloperIdentitiesInput{
			IdentityPoolId: pool, DeveloperProviderName: aws.String(developerProvider), SourceUserIdentifier: &from, DestinationUserIdentifier: &to,
		})
	}
	got, err := merge("u2", "u1")
	ok(t, err)
	equal(t, "identity", aws.ToString(got.IdentityId), aws.ToString(kept.IdentityId))
	equal(t, "identity of the other user", aws.ToString(developerToken(t, c, pool, "u2").IdentityId), aws.ToString(kept.IdentityId))
	_, err = merge("u3", "u1")
	wantError(t, err, "ResourceNotFoundException", "The developer user was not found.")
}

func (identityPools) UnlinkDeveloperIdentity(t *testing.T, c *sdk) {
	admin, pool := c.identities(harness.Admin), identityPool(t, c).IdentityPoolId
	made := developerToken(t, c, pool, "u1")
	in := &cognitoidentity.UnlinkDeveloperIdentityInput{
		IdentityPoolId: pool, IdentityId: made.IdentityId, DeveloperProviderName: aws.String(developerProvider), DeveloperUserIdentifier: aws.String("u1"),
	}
	_, err := admin.UnlinkDeveloperIdentity(t.Context(), in)
	ok(t, err)
	_, err = admin.LookupDeveloperIdentity(t.Context(), &cognitoidentity.LookupDeveloperIdentityInput{IdentityPoolId: pool, DeveloperUserIdentifier: aws.String("u1")})
	wantError(t, err, "ResourceNotFoundException", "The developer user was not found.")
	_, err = admin.UnlinkDeveloperIdentity(t.Context(), in)
	wantError(t, err, "ResourceConflictException", "The developer user does not belong to the identity.")
}

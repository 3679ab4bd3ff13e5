package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluicegate/sluice/e2e/harness"
)

// The user pool of another Sluice is the foreign issuer. It has the same ids as the first one's.
func TestTokensOfAForeignIssuerGiveCredentials(t *testing.T) {
	t.Parallel()
	abroad := harness.Start(t, harness.Config{})
	home := harness.Start(t, harness.Config{Global: "\t\toutbound_networks 127.0.0.0/8 ::1/128"})
	makeUser(t, abroad, "ann")
	tokens := signIn(t, abroad, "ann")
	issuer := abroad.URL + "/" + harness.Pool
	name := strings.TrimPrefix(issuer, "http://")
	admin, anybody := home.IAM(harness.Admin), aws.AnonymousCredentials{}

	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + harness.Account + `:oidc-provider/` + name + `"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + name + `:aud":"` + harness.Client + `"}}}}`
	_, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("abroad"), AssumeRolePolicyDocument: &trust})
	ok(t, err)
	assume := func(token *string) error {
		_, err := home.STS(anybody).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(roleARN("abroad")), RoleSessionName: aws.String("ann"), WebIdentityToken: token})
		return err
	}
	wantError(t, assume(tokens.IdToken), "InvalidIdentityToken", "No OpenIDConnect provider found in your account for "+issuer)

	made, err := admin.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{harness.Client}})
	ok(t, err)
	ok(t, assume(tokens.IdToken))
	wantError(t, assume(tokens.AccessToken), "InvalidIdentityToken", "Incorrect token audience")

	identities := home.Identities(harness.Admin)
	pool, err := identities.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{IdentityPoolName: aws.String("abroad"),
		OpenIdConnectProviderARNs: []string{*made.OpenIDConnectProviderArn}})
	ok(t, err)
	login := func() error {
		_, err := home.Identities(anybody).GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: pool.IdentityPoolId,
			Logins: map[string]string{name: *tokens.IdToken}})
		return err
	}
	ok(t, login())

	_, err = admin.RemoveClientIDFromOpenIDConnectProvider(t.Context(), &iam.RemoveClientIDFromOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: made.OpenIDConnectProviderArn, ClientID: aws.String(harness.Client)})
	ok(t, err)
	wantError(t, assume(tokens.IdToken), "InvalidIdentityToken", "Incorrect token audience")
	wantError(t, login(), "NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
}

// Both issuers have a user ann, and both are OIDC providers of the first Sluice. Only its own user pool says who ann is.
func TestOnlyOwnUserPoolsGiveAUserName(t *testing.T) {
	t.Parallel()
	abroad := harness.Start(t, harness.Config{})
	home := harness.Start(t, harness.Config{Global: "\t\toutbound_networks 127.0.0.0/8 ::1/128"})
	admin := home.IAM(harness.Admin)
	for role, from := range map[string]*harness.Sluice{"abroad": abroad, "home": home} {
		makeUser(t, from, "ann")
		issuer := from.URL + "/" + harness.Pool
		made, err := admin.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{harness.Client}})
		ok(t, err)
		trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + *made.OpenIDConnectProviderArn + `"},"Action":"sts:AssumeRoleWithWebIdentity"}}`
		_, err = admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: &trust})
		ok(t, err)
		_, err = admin.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("ann"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*","Condition":{"StringEquals":{"aws:username":"ann"}}}}`)})
		ok(t, err)
		out, err := home.STS(aws.AnonymousCredentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(roleARN(role)), RoleSessionName: aws.String("ann"), WebIdentityToken: signIn(t, from, "ann").IdToken})
		ok(t, err)
		session := harness.Keys(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
		_, err = home.IAM(session).ListRoles(t.Context(), nil)
		if role == "home" {
			ok(t, err)
			continue
		}
		wantCode(t, "a user of another issuer", err, "AccessDenied")
	}
}

func TestKeysOfForeignIssuersAreNotFetchedFromPrivateNetworks(t *testing.T) {
	t.Parallel()
	abroad, home := harness.Start(t, harness.Config{}), harness.Start(t, harness.Config{})
	makeUser(t, abroad, "ann")
	issuer := abroad.URL + "/" + harness.Pool
	_, err := home.IAM(harness.Admin).CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{harness.Client}})
	ok(t, err)
	_, err = home.STS(aws.AnonymousCredentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(roleARN("notes-user")), RoleSessionName: aws.String("ann"), WebIdentityToken: signIn(t, abroad, "ann").IdToken})
	wantError(t, err, "IDPCommunicationError", "Couldn't retrieve verification key from your identity provider")
}

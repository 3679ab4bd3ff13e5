package cognitoidp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
)

// providers plays the operations on identity providers of types other than SAML, and on the accounts of users there.
func providers(b *table) {
	b.play(step{"CreateUserPool", "with providers", `{"PoolName": "foreign", "Schema": [{"Name": "team", "AttributeDataType": "String"}]}`, map[string]string{"foreign": "UserPool.Id"}})
	createProviders(b)
	b.play(step{"DescribeUserPool", "with providers", `{"UserPoolId": "{foreign}"}`, nil})
	changeProviders(b)
	linkAccounts(b)
	b.play(step{"DeleteIdentityProvider", "deleted", `{"UserPoolId": "{foreign}", "ProviderName": "Corp"}`, nil})
	b.play(step{"DeleteIdentityProvider", "unknown", `{"UserPoolId": "{foreign}", "ProviderName": "Corp"}`, nil})
	b.play(step{"UpdateUserPoolClient", "with a deleted provider", `{"UserPoolId": "{foreign}", "ClientId": "{foreignClient}", "SupportedIdentityProviders": ["COGNITO", "Corp"]}`, nil})
}

func createProviders(b *table) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b.t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(b.t, err)
	b.learn("appleKey", base64.StdEncoding.EncodeToString(der))
	create := func(name, provider, kind, details, more string) {
		b.play(step{"CreateIdentityProvider", name, `{"UserPoolId": "{foreign}", "ProviderName": "` + provider + `", "ProviderType": "` + kind + `", "ProviderDetails": {` + details + `}` + more + `}`, nil})
	}
	const oidc = `"client_id": "app", "client_secret": "wonderland", "authorize_scopes": "openid email", "attributes_request_method": "GET", "oidc_issuer": "https://corp.test"`
	const social = `"client_id": "app", "client_secret": "wonderland", "authorize_scopes": "profile"`
	create("of OpenID Connect", "Corp", "OIDC", oidc, `, "AttributeMapping": {"email": "email", "custom:team": "team"}, "IdpIdentifiers": ["corp.test"], "AcrMapping": {"Level2": "mfa"}`)
	create("unknown level", "More", "OIDC", oidc, `, "AcrMapping": {"urn:cognito:loa:2": "mfa"}`)
	create("Google", "Google", "Google", social, "")
	create("Facebook", "Facebook", "Facebook", social+`, "api_version": "v19.0"`, `, "AttributeMapping": {"username": "id", "name": "name"}`)
	create("Amazon", "LoginWithAmazon", "LoginWithAmazon", social, "")
	create("Apple", "SignInWithApple", "SignInWithApple", `"client_id": "app", "team_id": "T1", "key_id": "K1", "private_key": "{appleKey}", "authorize_scopes": "email name"`, "")
	create("with other addresses", "Look", "OIDC", oidc+`, "authorize_url": "http://localhost:9/a", "token_url": "http://localhost:9/t", "attributes_url": "http://localhost:9/u", "jwks_uri": "http://localhost:9/k"`, "")
	create("twice", "Corp", "OIDC", oidc, "")
	create("social name", "MyGoogle", "Google", social, "")
	create("short name", "ab", "OIDC", oidc, "")
	create("underscore", "Corp_x", "OIDC", oidc, "")
	create("unknown type", "Twitter", "Twitter", social, "")
	create("unknown key", "More", "OIDC", oidc+`, "client-id": "x"`, "")
	create("missing key", "More", "OIDC", social, "")
	create("unknown attribute", "More", "OIDC", oidc, `, "AttributeMapping": {"custom:none": "x"}`)
	create("subject", "More", "OIDC", oidc, `, "AttributeMapping": {"sub": "email"}`)
	create("identifier in use", "More", "OIDC", oidc, `, "IdpIdentifiers": ["Corp.test"]`)
	create("long identifier", "More", "OIDC", oidc, `, "IdpIdentifiers": ["a234567890123456789012345678901234567890x"]`)
	create("metadata without a URL", "Saml", "SAML", `"IDPSignout": "true"`, "")
	b.play(step{"CreateIdentityProvider", "unknown pool", `{"UserPoolId": "us-east-1_doesNotEx", "ProviderName": "Corp", "ProviderType": "OIDC", "ProviderDetails": {}}`, nil})
}

func changeProviders(b *table) {
	b.play(step{"DescribeIdentityProvider", "found", `{"UserPoolId": "{foreign}", "ProviderName": "SignInWithApple"}`, nil})
	b.play(step{"DescribeIdentityProvider", "unknown", `{"UserPoolId": "{foreign}", "ProviderName": "a b"}`, nil})
	b.play(step{"GetIdentityProviderByIdentifier", "found", `{"UserPoolId": "{foreign}", "IdpIdentifier": "corp.test"}`, nil})
	b.play(step{"GetIdentityProviderByIdentifier", "unknown", `{"UserPoolId": "{foreign}", "IdpIdentifier": "none.test"}`, nil})
	b.play(step{"UpdateIdentityProvider", "the mapping", `{"UserPoolId": "{foreign}", "ProviderName": "Corp", "AttributeMapping": {"name": "name"}}`, nil})
	b.play(step{"UpdateIdentityProvider", "the identifiers", `{"UserPoolId": "{foreign}", "ProviderName": "Corp", "IdpIdentifiers": []}`, nil})
	b.play(step{"UpdateIdentityProvider", "an empty mapping", `{"UserPoolId": "{foreign}", "ProviderName": "Look", "AttributeMapping": {}}`, nil})
	b.play(step{"DescribeIdentityProvider", "with an empty mapping", `{"UserPoolId": "{foreign}", "ProviderName": "Look"}`, nil})
	b.play(step{"UpdateIdentityProvider", "the details without a key", `{"UserPoolId": "{foreign}", "ProviderName": "SignInWithApple",
		"ProviderDetails": {"client_id": "app2", "team_id": "T1", "key_id": "K1", "authorize_scopes": "email"}}`, nil})
	b.play(step{"UpdateIdentityProvider", "unknown", `{"UserPoolId": "{foreign}", "ProviderName": "None"}`, nil})
	b.play(step{"ListIdentityProviders", "a page", `{"UserPoolId": "{foreign}", "MaxResults": 2}`, map[string]string{"providerPage": "NextToken"}})
	b.play(step{"ListIdentityProviders", "the last page", `{"UserPoolId": "{foreign}", "NextToken": "{providerPage}"}`, nil})
	b.play(step{"GetGroup", "of a provider", `{"UserPoolId": "{foreign}", "GroupName": "{foreign}_Corp"}`, nil})
	b.play(step{"CreateUserPoolClient", "of a provider", `{"UserPoolId": "{foreign}", "ClientName": "c", "SupportedIdentityProviders": ["COGNITO", "Corp"]}`,
		map[string]string{"foreignClient": "UserPoolClient.ClientId"}})
}

func linkAccounts(b *table) {
	b.play(step{"AdminCreateUser", "to link", `{"UserPoolId": "{foreign}", "Username": "ann", "MessageAction": "SUPPRESS"}`, nil})
	b.play(step{"AdminCreateUser", "reserved name", `{"UserPoolId": "{foreign}", "Username": "Google_123"}`, nil})
	account := func(provider, attribute, value string) string {
		return `{"ProviderName": "` + provider + `", "ProviderAttributeName": "` + attribute + `", "ProviderAttributeValue": "` + value + `"}`
	}
	link := func(name, source string) {
		b.play(step{"AdminLinkProviderForUser", name, `{"UserPoolId": "{foreign}", "DestinationUser": ` + account("Cognito", "x", "ann") + `, "SourceUser": ` + source + `}`, nil})
	}
	link("linked", account("Google", "Cognito_Subject", "123"))
	link("twice", account("Google", "Cognito_Subject", "123"))
	link("social by e-mail", account("Google", "email", "a@b.test"))
	link("native", account("Cognito", "", "ann"))
	link("unknown provider", account("None", "Cognito_Subject", "123"))
	b.play(step{"AdminLinkProviderForUser", "unknown user", `{"UserPoolId": "{foreign}", "DestinationUser": ` + account("Cognito", "x", "nobody") +
		`, "SourceUser": ` + account("Google", "Cognito_Subject", "9") + `}`, nil})
	b.play(step{"AdminGetUser", "linked", `{"UserPoolId": "{foreign}", "Username": "ann"}`, nil})
	b.play(step{"AdminDisableProviderForUser", "taken off", `{"UserPoolId": "{foreign}", "User": ` + account("Google", "Cognito_Subject", "123") + `}`, nil})
	b.play(step{"AdminDisableProviderForUser", "unknown", `{"UserPoolId": "{foreign}", "User": ` + account("Google", "Cognito_Subject", "123") + `}`, nil})
	b.play(step{"AdminDisableProviderForUser", "of the pool", `{"UserPoolId": "{foreign}", "User": ` + account("Cognito", "Cognito_Subject", "ann") + `}`, nil})
	b.play(step{"AdminGetUser", "without a password", `{"UserPoolId": "{foreign}", "Username": "ann"}`, nil})
}

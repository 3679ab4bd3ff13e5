package cognitoidp_test

// domains plays the operations on domains, resource servers and client secrets, and AWS's checks of OAuth settings.
func domains(b *table) {
	b.play(step{"CreateUserPool", "with domains", `{"PoolName": "shop", "DcrConfiguration": {"OpenDcrEnabled": true}}`, map[string]string{"shop": "UserPool.Id"}})
	b.play(step{"CreateUserPool", "of another shop", `{"PoolName": "other"}`, map[string]string{"other": "UserPool.Id"}})
	const arn = `"arn:aws:acm:us-east-1:123456789012:certificate/a"`
	b.play(step{"CreateUserPoolDomain", "prefix", `{"UserPoolId": "{shop}", "Domain": "shop"}`, nil})
	b.play(step{"CreateUserPoolDomain", "custom", `{"UserPoolId": "{shop}", "Domain": "auth.shop.test", "ManagedLoginVersion": 2,
		"CustomDomainConfig": {"CertificateArn": ` + arn + `, "SecurityPolicy": "TLS_V1_2_2021"},
		"Routing": {"Failover": {"SecondaryRegion": "us-west-2", "PrimaryRoute53HealthCheckId": "h"}}}`, nil})
	b.play(step{"CreateUserPoolDomain", "taken", `{"UserPoolId": "{other}", "Domain": "shop"}`, nil})
	b.play(step{"CreateUserPoolDomain", "second of its kind", `{"UserPoolId": "{shop}", "Domain": "shop2"}`, nil})
	b.play(step{"CreateUserPoolDomain", "reserved word", `{"UserPoolId": "{other}", "Domain": "my-cognito"}`, nil})
	b.play(step{"CreateUserPoolDomain", "prefix with a dot", `{"UserPoolId": "{other}", "Domain": "a.b"}`, nil})
	b.play(step{"CreateUserPoolDomain", "certificate in another region", `{"UserPoolId": "{other}", "Domain": "auth.other.test",
		"CustomDomainConfig": {"CertificateArn": "arn:aws:acm:us-west-2:123456789012:certificate/a"}}`, nil})
	b.play(step{"CreateUserPoolDomain", "the host of the APIs", `{"UserPoolId": "{other}", "Domain": "localhost", "CustomDomainConfig": {"CertificateArn": ` + arn + `}}`, nil})
	b.play(step{"CreateUserPoolDomain", "under the suffix", `{"UserPoolId": "{other}", "Domain": "x.auth.localhost", "CustomDomainConfig": {"CertificateArn": ` + arn + `}}`, nil})
	b.play(step{"CreateUserPoolDomain", "unknown version", `{"UserPoolId": "{other}", "Domain": "other", "ManagedLoginVersion": 3}`, nil})
	b.play(step{"CreateUserPoolDomain", "unknown pool", `{"UserPoolId": "us-east-1_doesNotEx", "Domain": "other"}`, nil})
	b.play(step{"DescribeUserPoolDomain", "prefix", `{"Domain": "shop"}`, nil})
	b.play(step{"DescribeUserPoolDomain", "custom", `{"Domain": "auth.shop.test"}`, nil})
	b.play(step{"DescribeUserPoolDomain", "unknown", `{"Domain": "nobody"}`, nil})
	b.play(step{"DescribeUserPool", "with domains", `{"UserPoolId": "{shop}"}`, nil})
	b.play(step{"GetSigningCertificate", "of a pool", `{"UserPoolId": "{shop}"}`, nil})
	b.play(step{"GetSigningCertificate", "unknown pool", `{"UserPoolId": "us-east-1_doesNotEx"}`, nil})
	b.play(step{"UpdateUserPoolDomain", "version", `{"UserPoolId": "{shop}", "Domain": "shop", "ManagedLoginVersion": 2}`, nil})
	b.play(step{"UpdateUserPoolDomain", "certificate", `{"UserPoolId": "{shop}", "Domain": "auth.shop.test", "CustomDomainConfig": {"CertificateArn": ` + arn + `}}`, nil})
	b.play(step{"UpdateUserPoolDomain", "of another pool", `{"UserPoolId": "{other}", "Domain": "shop", "ManagedLoginVersion": 2}`, nil})
	b.play(step{"UpdateUserPoolDomain", "certificate of a prefix", `{"UserPoolId": "{shop}", "Domain": "shop", "CustomDomainConfig": {"CertificateArn": ` + arn + `}}`, nil})
	b.play(step{"UpdateUserPool", "to LITE with managed login", `{"UserPoolId": "{shop}", "UserPoolTier": "LITE"}`, nil})
	b.play(step{"DeleteUserPool", "with domains", `{"UserPoolId": "{shop}"}`, nil})
	b.play(step{"DeleteUserPoolDomain", "of another pool", `{"UserPoolId": "{other}", "Domain": "shop"}`, nil})
	b.play(step{"DeleteUserPoolDomain", "deleted", `{"UserPoolId": "{shop}", "Domain": "shop"}`, nil})
	resourceServers(b)
	oauthClients(b)
}

func resourceServers(b *table) {
	b.play(step{"CreateResourceServer", "with scopes", `{"UserPoolId": "{shop}", "Identifier": "https://api.shop.test", "Name": "Shop API",
		"Scopes": [{"ScopeName": "read", "ScopeDescription": "may read"}, {"ScopeName": "write", "ScopeDescription": "may write"}]}`, nil})
	b.play(step{"CreateResourceServer", "without scopes", `{"UserPoolId": "{shop}", "Identifier": "plain", "Name": "Plain"}`, nil})
	b.play(step{"CreateResourceServer", "twice", `{"UserPoolId": "{shop}", "Identifier": "plain", "Name": "Plain"}`, nil})
	b.play(step{"CreateResourceServer", "reserved", `{"UserPoolId": "{shop}", "Identifier": "aws.cognito/dcr", "Name": "Plain",
		"Scopes": [{"ScopeName": "register", "ScopeDescription": "x"}]}`, nil})
	b.play(step{"CreateResourceServer", "scope with a slash", `{"UserPoolId": "{shop}", "Identifier": "x", "Name": "X", "Scopes": [{"ScopeName": "a/b", "ScopeDescription": "x"}]}`, nil})
	b.play(step{"CreateResourceServer", "scope twice", `{"UserPoolId": "{shop}", "Identifier": "x", "Name": "X", "Scopes": [
		{"ScopeName": "a", "ScopeDescription": "x"}, {"ScopeName": "a", "ScopeDescription": "y"}]}`, nil})
	b.play(step{"DescribeResourceServer", "found", `{"UserPoolId": "{shop}", "Identifier": "https://api.shop.test"}`, nil})
	b.play(step{"DescribeResourceServer", "unknown", `{"UserPoolId": "{shop}", "Identifier": "none"}`, nil})
	b.play(step{"UpdateResourceServer", "renamed", `{"UserPoolId": "{shop}", "Identifier": "plain", "Name": "Simple", "Scopes": [{"ScopeName": "all", "ScopeDescription": "everything"}]}`, nil})
	b.play(step{"UpdateResourceServer", "unknown", `{"UserPoolId": "{shop}", "Identifier": "none", "Name": "X"}`, nil})
	b.play(step{"ListResourceServers", "a page", `{"UserPoolId": "{shop}", "MaxResults": 1}`, map[string]string{"serverPage": "NextToken"}})
	b.play(step{"ListResourceServers", "the last page", `{"UserPoolId": "{shop}", "MaxResults": 1, "NextToken": "{serverPage}"}`, nil})
}

func oauthClients(b *table) {
	client := func(name, settings string, learn map[string]string) {
		b.play(step{"CreateUserPoolClient", name, `{"UserPoolId": "{shop}", "ClientName": "c", ` + settings + `}`, learn})
	}
	client("of machines", `"GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["client_credentials"],
		"AllowedOAuthScopes": ["https://api.shop.test/read", "aws.cognito/dcr/register"]`, map[string]string{"machine": "UserPoolClient.ClientId", "machineSecret": "UserPoolClient.ClientSecret"})
	client("of browsers", `"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "plain/all"],
		"CallbackURLs": ["https://shop.test/done", "http://localhost:3000/", "shop.app://done"], "LogoutURLs": ["https://shop.test/"],
		"DefaultRedirectURI": "https://shop.test/done", "SupportedIdentityProviders": ["COGNITO"]`, nil)
	client("OAuth without flows", `"AllowedOAuthFlowsUserPoolClient": true`, nil)
	client("unknown scope", `"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["Cognito"], "CallbackURLs": ["https://shop.test/"]`, nil)
	client("code without callback", `"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"]`, nil)
	client("callback by HTTP", `"CallbackURLs": ["http://shop.test/"]`, nil)
	client("callback with a fragment", `"CallbackURLs": ["https://shop.test/#x"]`, nil)
	client("callback to a script", `"CallbackURLs": ["JavaScript:alert(1)"]`, nil)
	client("callback that is relative", `"CallbackURLs": ["/done"]`, nil)
	client("machines with other flows", `"GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials", "code"], "AllowedOAuthScopes": ["plain/all"]`, nil)
	client("machines without a secret", `"AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["plain/all"]`, nil)
	client("machines with openid", `"GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["openid"]`, nil)
	client("unknown provider", `"SupportedIdentityProviders": ["COGNITO", "Google"]`, nil)

	b.play(step{"AddUserPoolClientSecret", "generated", `{"UserPoolId": "{shop}", "ClientId": "{machine}"}`,
		map[string]string{"second": "ClientSecretDescriptor.ClientSecretId", "secondValue": "ClientSecretDescriptor.ClientSecretValue"}})
	b.play(step{"AddUserPoolClientSecret", "a third", `{"UserPoolId": "{shop}", "ClientId": "{machine}"}`, nil})
	b.play(step{"AddUserPoolClientSecret", "too short", `{"UserPoolId": "{shop}", "ClientId": "{machine}", "ClientSecret": "short"}`, nil})
	b.play(step{"ListUserPoolClientSecrets", "both", `{"UserPoolId": "{shop}", "ClientId": "{machine}"}`, map[string]string{"first": "ClientSecrets.0.ClientSecretId"}})
	b.play(step{"DeleteUserPoolClientSecret", "the first", `{"UserPoolId": "{shop}", "ClientId": "{machine}", "ClientSecretId": "{first}"}`, nil})
	b.play(step{"DeleteUserPoolClientSecret", "the last", `{"UserPoolId": "{shop}", "ClientId": "{machine}", "ClientSecretId": "{second}"}`, nil})
	b.play(step{"DeleteUserPoolClientSecret", "unknown", `{"UserPoolId": "{shop}", "ClientId": "{machine}", "ClientSecretId": "{first}"}`, nil})
	b.play(step{"AddUserPoolClientSecret", "given", `{"UserPoolId": "{shop}", "ClientId": "{machine}", "ClientSecret": "a_secret_of_my_own_choice"}`, nil})
	b.play(step{"ListUserPoolClients", "none registered dynamically", `{"UserPoolId": "{shop}", "ClientType": "DCR"}`, nil})
	b.play(step{"DeleteResourceServer", "deleted", `{"UserPoolId": "{shop}", "Identifier": "plain"}`, nil})
	b.play(step{"DeleteResourceServer", "unknown", `{"UserPoolId": "{shop}", "Identifier": "plain"}`, nil})
}

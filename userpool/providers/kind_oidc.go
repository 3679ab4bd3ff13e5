package providers

// oidc is any OpenID Connect provider. Addresses that are not given are discovered when they are needed.
var oidc = kind{
	required: []string{ClientID, Scopes, Method, Issuer},
	missing:  "clientId, authorizeScopes, oidcIssuer and attributesRequestMethod are all required idp details.",
	optional: []string{FormerIssuers, ClientSecret, AuthorizeURL, TokenURL, UserInfoURL, KeysURL, TokenMethod, AuthMethod, SendNonce, SendPKCE, KeyID, PrivateKey},
	filled:   map[string]string{AddNames: "false"},
	hidden:   []string{PrivateKey},
	subject:  "sub",
	check: func(details map[string]string) error {
		if err := checkMethod(details, TokenMethod); err != nil {
			return err
		}
		if err := checkAuthentication(details); err != nil {
			return err
		}
		return checkMethod(details, Method)
	},
}

// checkAuthentication checks how the client authenticates at the token endpoint, and the switches of parameters.
func checkAuthentication(details map[string]string) error {
	needs := ""
	switch details[AuthMethod] {
	case "", "none":
	case "client_secret_post", "client_secret_basic", "client_secret_jwt":
		needs = ClientSecret
	case "private_key_jwt":
		needs = PrivateKey
	default:
		return invalid("The value of %s in ProviderDetails must be client_secret_post, client_secret_basic, client_secret_jwt, private_key_jwt or none.", AuthMethod)
	}
	if needs != "" && details[needs] == "" {
		return invalid("The value of %s in ProviderDetails is required for %s.", needs, details[AuthMethod])
	}
	if err := checkFlag(details, SendNonce); err != nil {
		return err
	}
	return checkFlag(details, SendPKCE)
}

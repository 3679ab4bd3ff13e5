package providers

// oidc is any OpenID Connect provider. Addresses that are not given are discovered when they are needed.
var oidc = kind{
	required: []string{ClientID, Scopes, Method, Issuer},
	optional: []string{ClientSecret, AuthorizeURL, TokenURL, UserInfoURL, KeysURL, TokenMethod},
	filled:   map[string]string{AddNames: "false"},
	subject:  "sub",
	check: func(details map[string]string) error {
		if err := checkMethod(details, TokenMethod); err != nil {
			return err
		}
		return checkMethod(details, Method)
	},
}

package providers

var amazon = kind{
	required: []string{ClientID, ClientSecret, Scopes},
	missing:  socialDetails,
	optional: []string{KeysURL, Issuer, Method},
	filled: map[string]string{ //nolint:gosec // addresses, no secrets
		UserInfoURL:  "https://api.amazon.com/user/profile",
		AddNames:     "false",
		AuthorizeURL: "https://www.amazon.com/ap/oa",
		TokenMethod:  "POST",
		TokenURL:     "https://api.amazon.com/auth/o2/token",
	},
	subject: "user_id",
	check:   func(details map[string]string) error { return checkMethod(details, TokenMethod) },
}

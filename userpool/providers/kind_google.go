package providers

var google = kind{
	required: []string{ClientID, ClientSecret, Scopes},
	missing:  socialDetails,
	optional: []string{KeysURL, Method},
	filled: map[string]string{ //nolint:gosec // addresses, no secrets
		UserInfoURL:  "https://people.googleapis.com/v1/people/me?personFields=",
		AddNames:     "true",
		AuthorizeURL: "https://accounts.google.com/o/oauth2/v2/auth",
		Issuer:       "https://accounts.google.com",
		TokenMethod:  "POST",
		TokenURL:     "https://www.googleapis.com/oauth2/v4/token",
	},
	subject: "sub",
	check:   func(details map[string]string) error { return checkMethod(details, TokenMethod) },
}

package providers

import "regexp"

// facebookVersion is the version of Facebook's API when none is given.
const facebookVersion = "v17.0"

var versionForm = regexp.MustCompile(`\Av[0-9]{1,3}\.[0-9]{1,3}\z`)

var facebook = kind{
	required: []string{ClientID, ClientSecret, Scopes},
	missing:  socialDetails,
	optional: []string{APIVersion, UserInfoURL, AuthorizeURL, TokenURL, KeysURL, Issuer, Method},
	filled:   map[string]string{AddNames: "true", TokenMethod: "GET"},
	subject:  "id",
	check: func(details map[string]string) error {
		version := details[APIVersion]
		if version == "" {
			version = facebookVersion
		}
		if !versionForm.MatchString(version) {
			return invalid("The value of %s in ProviderDetails must be a version of Facebook's Graph API, such as %s.", APIVersion, facebookVersion)
		}
		for key, value := range map[string]string{
			UserInfoURL:  "https://graph.facebook.com/" + version + "/me?fields=",
			AuthorizeURL: "https://www.facebook.com/" + version + "/dialog/oauth",
			TokenURL:     "https://graph.facebook.com/" + version + "/oauth/access_token",
		} {
			if details[key] == "" {
				details[key] = value
			}
		}
		return checkMethod(details, TokenMethod)
	},
}

package node

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
)

// The claims are those that each product's documentation shows for its tokens.
func TestTokensOfKnownIssuersGiveGroupsAndUserName(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	key, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	keys := new(token.StaticKeys)
	if err := keys.Set(key.Public()); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		product  string
		preset   config.Preset
		accept   config.Issuer
		claims   string
		groups   []string
		username string
	}{
		"Google ID token": {"google", config.Preset{}, config.Issuer{Clients: []string{"1234.apps.googleusercontent.com"}},
			`{"iss":"https://accounts.google.com","azp":"1234.apps.googleusercontent.com","aud":"1234.apps.googleusercontent.com","sub":"110169484474386276334",
			"at_hash":"HK6E_P6Dh8Y93mRNtsDB1Q","hd":"example.com","email":"ann@example.com","email_verified":true,"nonce":"n"}`, nil, "110169484474386276334"},
		"Google ID token of old libraries": {"google", config.Preset{}, config.Issuer{Clients: []string{"1234.apps.googleusercontent.com"}},
			`{"iss":"accounts.google.com","azp":"1234.apps.googleusercontent.com","aud":"1234.apps.googleusercontent.com","sub":"110169484474386276334",
			"email":"ann@example.com","email_verified":true}`, nil, "110169484474386276334"},
		"Apple ID token": {"apple", config.Preset{}, config.Issuer{Clients: []string{"com.example.web"}},
			`{"iss":"https://appleid.apple.com","aud":"com.example.web","sub":"001234.0123456789abcdef.0123","email":"ann@example.com","email_verified":"true",
			"is_private_email":"false","nonce_supported":true}`, nil, "001234.0123456789abcdef.0123"},
		"Entra access token": {"entra", config.Preset{Tenant: "11111111-2222-4333-8444-555555555555"}, config.Issuer{Audiences: []string{"6e74172b-be56-4843-9ff4-e66a39bb12e3"}},
			`{"aud":"6e74172b-be56-4843-9ff4-e66a39bb12e3","iss":"https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0","azp":"6e74172b-be56-4843-9ff4-e66a39bb12e3",
			"azpacr":"0","name":"Ann","oid":"690222be-ff1a-4d56-abd1-7e4f7d38e474","preferred_username":"ann@example.com","rh":"I","scp":"access_as_user",
			"groups":["0e129f5b-6b0a-4944-982d-f776045632af"],"sub":"HKZpfaHyWadeOouYlitjrI","tid":"11111111-2222-4333-8444-555555555555","ver":"2.0"}`,
			[]string{"0e129f5b-6b0a-4944-982d-f776045632af"}, "690222be-ff1a-4d56-abd1-7e4f7d38e474"},
		"Okta access token": {"okta", config.Preset{Domain: "dev-1.okta.com"}, config.Issuer{Audiences: []string{"api://default"}},
			`{"ver":1,"jti":"AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE","iss":"https://dev-1.okta.com/oauth2/default","aud":"api://default","cid":"0oa1","uid":"00u1",
			"scp":["openid","email"],"sub":"ann@example.com","groups":["Everyone","admins"]}`, []string{"Everyone", "admins"}, "ann@example.com"},
		"Auth0 access token": {"auth0", config.Preset{Domain: "example.eu.auth0.com"}, config.Issuer{Audiences: []string{"https://api.example.com"}},
			`{"iss":"https://example.eu.auth0.com/","sub":"auth0|123456","aud":["https://api.example.com","https://example.eu.auth0.com/userinfo"],"azp":"my_client_id",
			"scope":"openid profile","permissions":["read:reports"]}`, []string{"read:reports"}, "auth0|123456"},
		"Keycloak access token": {"keycloak", config.Preset{Base: "https://sso.example.com/", Realm: "staff"}, config.Issuer{Audiences: []string{"reports"}},
			`{"jti":"a","iss":"https://sso.example.com/realms/staff","aud":["reports","account"],"sub":"f:1","typ":"Bearer","azp":"reports","session_state":"s",
			"realm_access":{"roles":["admins","offline_access"]},"resource_access":{"account":{"roles":["manage-account"]}},"scope":"email profile","preferred_username":"ann"}`,
			[]string{"admins", "offline_access"}, "ann"},
		"GitHub Actions": {"github-actions", config.Preset{}, config.Issuer{Clients: []string{"https://github.com/octo-org"}},
			`{"jti":"example-id","sub":"repo:octo-org/octo-repo:environment:prod","environment":"prod","aud":"https://github.com/octo-org","ref":"refs/heads/main",
			"repository":"octo-org/octo-repo","repository_owner":"octo-org","actor":"octocat","iss":"https://token.actions.githubusercontent.com"}`,
			nil, "repo:octo-org/octo-repo:environment:prod"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.preset.Apply(tc.product, &tc.accept); err != nil {
				t.Fatal(err)
			}
			v, err := token.New(token.Options{Now: func() time.Time { return now },
				Issuers: []token.Issuer{remoteIssuer(&config.Authorize{Leeway: new(config.Duration)}, tc.accept, keys)}})
			if err != nil {
				t.Fatal(err)
			}
			claims := map[string]any{}
			if err := json.Unmarshal([]byte(tc.claims), &claims); err != nil {
				t.Fatal(err)
			}
			claims["iat"], claims["exp"] = now.Unix(), now.Add(time.Hour).Unix()
			payload, err := json.Marshal(claims)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := key.Sign(payload, "JWT")
			if err != nil {
				t.Fatal(err)
			}
			got, err := v.Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if got.Username != tc.username || !slices.Equal(got.Groups, tc.groups) {
				t.Errorf("user %q of %q, want %q of %q", got.Username, got.Groups, tc.username, tc.groups)
			}
		})
	}
}

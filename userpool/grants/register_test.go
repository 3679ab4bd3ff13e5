package grants_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func registrable(config userpool.DCRConfig) userpool.PoolSettings {
	var s userpool.PoolSettings
	s.DcrConfiguration = &config
	return s
}

// RFC 7591 section 3.
func TestRegistration(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true, AllowedScopes: []string{"orders/read"}}))
	made, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["http://127.0.0.1/callback","com.example.app:/cb"],"token_endpoint_auth_method":"none",
		"client_name":"Claude Code (beta)","grant_types":["authorization_code","refresh_token"],"scope":"openid orders/read orders/write aws.cognito/dcr/register",
		"unknown":{"a":1},"client_id":"mine"}`))
	if err != nil {
		t.Fatal(err)
	}
	if made.ClientID == "" || made.ClientID == "mine" || made.ClientSecret != "" || made.SecretExpiresAt != nil || made.Scope != "openid orders/read" ||
		made.Name != "Claude Code (beta)" || made.IssuedAt != h.Clock.Now().Unix() {
		t.Errorf("%+v", made)
	}
	_, c, err := h.Pools.PoolAndClient(t.Context(), made.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "Claude Code beta" || c.Settings.ClientType != userpool.ClientDCR || !c.Settings.OAuth.RequiresPKCE() || !c.Secret.IsZero() {
		t.Errorf("%+v", c.Settings)
	}
	secret, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["https://app.example.com/cb"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if secret.ClientSecret == "" || *secret.SecretExpiresAt != 0 || secret.AuthMethod != grants.Basic || secret.Scope != "openid email phone profile orders/read" {
		t.Errorf("%+v", secret)
	}
}

func TestRegistrationWithAnInitialAccessToken(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{AllowedScopes: []string{"orders/read"}}))
	settings := machineSettings
	settings.AllowedOAuthScopes = []string{userpool.ScopeRegister, "orders/read"}
	registrar := h.confidential(p.ID, settings)
	token := func(scope string) string {
		t.Helper()
		a, err := h.ask(p.ID, basic(registrar.ID, registrar.Secret.Reveal()), "grant_type", "client_credentials", "scope", scope)
		if err != nil {
			t.Fatal(err)
		}
		return a.AccessToken
	}
	const machine = `{"grant_types":["client_credentials"],"scope":"orders/read"}`
	made, err := h.Register(t.Context(), p.ID, token(userpool.ScopeRegister), []byte(machine))
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.ask(p.ID, basic(made.ClientID, made.ClientSecret), "grant_type", "client_credentials")
	if err != nil || userpooltest.Claims(t, a.AccessToken)["scope"] != "orders/read" {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{"none": "", "another scope": token("orders/read"), "a registered client's": a.AccessToken, "no token": "a.b.c"} {
		_, err := h.Register(t.Context(), p.ID, raw, []byte(machine))
		t.Run(name, func(t *testing.T) { wantCode(t, err, grants.InvalidToken) })
	}
}

// RFC 7591 section 3.2.2.
func TestRegistrationsThatAreRefused(t *testing.T) {
	h := newHarness(t)
	off, closed := h.Pool(userpool.PoolSettings{}), h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true, OpenDcrGrantTypes: []string{}}))
	for _, p := range []string{off.ID, closed.ID} {
		_, err := h.Register(t.Context(), p, "", []byte(`{"redirect_uris":["https://app.example.com/"]}`))
		wantCode(t, err, grants.AccessDenied)
	}
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	with := func(member string) string { return `{"redirect_uris":["https://app.example.com/"],` + member + `}` }
	for name, tc := range map[string]struct{ body, code string }{
		"no JSON":                      {`client_name=a`, grants.InvalidClientMetadata},
		"a list":                       {`[]`, grants.InvalidClientMetadata},
		"no redirect URI":              {`{}`, grants.InvalidRedirectURI},
		"http":                         {`{"redirect_uris":["http://app.example.com/"]}`, grants.InvalidRedirectURI},
		"a host that looks like local": {`{"redirect_uris":["http://localhost.example.com/"]}`, grants.InvalidRedirectURI},
		"javascript":                   {`{"redirect_uris":["javascript:alert(1)"]}`, grants.InvalidRedirectURI},
		"javascript in another case":   {`{"redirect_uris":["JaVaScript:alert(1)"]}`, grants.InvalidRedirectURI},
		"data":                         {`{"redirect_uris":["data:text/html,a"]}`, grants.InvalidRedirectURI},
		"a fragment":                   {`{"redirect_uris":["https://app.example.com/#a"]}`, grants.InvalidRedirectURI},
		"a user in the URL":            {`{"redirect_uris":["https://a@app.example.com/"]}`, grants.InvalidRedirectURI},
		"a relative URI":               {`{"redirect_uris":["/cb"]}`, grants.InvalidRedirectURI},
		"too many":                     {`{"redirect_uris":[` + strings.Repeat(`"https://a.example.com/",`, 100) + `"https://b.example.com/"]}`, grants.InvalidRedirectURI},
		"client_credentials":           {`{"grant_types":["client_credentials"]}`, grants.InvalidClientMetadata},
		"an unknown grant":             {with(`"grant_types":["password"]`), grants.InvalidClientMetadata},
		"an unknown method":            {with(`"token_endpoint_auth_method":"tls_client_auth"`), grants.InvalidClientMetadata},
		"keys without a use":           {with(`"jwks_uri":"https://app.example.com/keys"`), grants.InvalidClientMetadata},
		"private_key_jwt without keys": {with(`"token_endpoint_auth_method":"private_key_jwt"`), grants.InvalidClientMetadata},
		"keys by http":                 {with(`"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"http://localhost/keys"`), grants.InvalidClientMetadata},
		"a symmetric key":              {with(`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`), grants.InvalidClientMetadata},
		"token as response_type":       {with(`"response_types":["token"]`), grants.InvalidClientMetadata},
		"no scope that is allowed":     {with(`"scope":"orders/read aws.cognito/dcr/register"`), grants.InvalidClientMetadata},
		"a logo that is a script":      {with(`"logo_uri":"javascript:alert(1)"`), grants.InvalidClientMetadata},
		"a name with a line break":     {with(`"client_name":"a\nb"`), grants.InvalidClientMetadata},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Register(t.Context(), p.ID, "", []byte(tc.body))
			wantCode(t, err, tc.code)
		})
	}
}

// RFC 7591 section 3.2.1. VS Code registers with the grants that it knows and the server names; others send all that they know.
func TestARegistrationGetsTheGrantsThatThePoolAllows(t *testing.T) {
	h := newHarness(t)
	both := []string{userpool.FlowCode, userpool.FlowClientCredentials}
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	wide := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true, OpenDcrGrantTypes: both, AllowedScopes: []string{"orders/read"}}))
	for asked, tc := range map[string]struct{ pool, more, want string }{
		`"authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"`: {p.ID, `,"token_endpoint_auth_method":"none","client_name":"Visual Studio Code"`, "authorization_code refresh_token"},
		`"implicit","authorization_code"`:            {p.ID, `,"response_types":["code","token"]`, "authorization_code refresh_token"},
		`"client_credentials","authorization_code"`:  {p.ID, "", "authorization_code refresh_token"},
		`"authorization_code", "client_credentials"`: {wide.ID, "", "authorization_code refresh_token"},
	} {
		made, err := h.Register(t.Context(), tc.pool, "", []byte(`{"redirect_uris":["http://127.0.0.1:33418"],"grant_types":[`+asked+`]`+tc.more+`}`))
		if err != nil {
			t.Errorf("%s: %v", asked, err)
			continue
		}
		if got := strings.Join(made.GrantTypes, " "); got != tc.want || strings.Join(made.ResponseTypes, " ") != "code" {
			t.Errorf("%s: %s, %v", asked, got, made.ResponseTypes)
		}
	}
	made, err := h.Register(t.Context(), wide.ID, "", []byte(`{"grant_types":["client_credentials","refresh_token"],"scope":"orders/read"}`))
	if err != nil || strings.Join(made.GrantTypes, " ") != "client_credentials" {
		t.Errorf("%+v, %v", made, err)
	}
}

func FuzzRegistration(f *testing.F) {
	h := newHarness(f)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true, AllowedScopes: []string{"orders/read"}}))
	for _, seed := range []string{`{"redirect_uris":["https://app.example.com/"]}`, `{"redirect_uris":["com.example:/"],"token_endpoint_auth_method":"none"}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		made, err := h.Register(t.Context(), p.ID, "", body)
		if err != nil {
			return
		}
		defer func() {
			if err := h.Pools.DeleteUserPoolClient(t.Context(), p.ID, made.ClientID); err != nil {
				t.Error(err)
			}
		}()
		for _, uri := range made.RedirectURIs {
			if strings.HasPrefix(strings.ToLower(uri), "javascript:") || strings.Contains(uri, "#") {
				t.Errorf("registered %q", uri)
			}
		}
		for _, scope := range strings.Fields(made.Scope) {
			if scope == userpool.ScopeRegister || scope == "aws.cognito.signin.user.admin" {
				t.Errorf("registered with %s", scope)
			}
		}
		if _, err := json.Marshal(made); err != nil {
			t.Error(err)
		}
	})
}

// RFC 9700 section 2.1.1.
func TestARegisteredPublicClientMustUsePKCE(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	made, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["https://app.example.com/"],"token_endpoint_auth_method":"none"}`))
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{"client_id": {made.ClientID}, "redirect_uri": {"https://app.example.com/"}, "response_type": {"code"}, "scope": {"openid"}}
	_, err = h.OAuth.Parse(t.Context(), p.ID, query)
	refused, ok := errors.AsType[*oauth.RedirectError](err)
	if !ok || refused.Err.Code != oauth.InvalidRequest {
		t.Errorf("without a challenge: %v", err)
	}
	query.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
	query.Set("code_challenge_method", "S256")
	if _, err := h.OAuth.Parse(t.Context(), p.ID, query); err != nil {
		t.Error(err)
	}
}

// RFC 7592 section 2.2: a member that is null is absent.
func TestAMemberOfARegistrationThatIsNullIsAbsent(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	const null = `"client_secret":null,"client_secret_expires_at":null,"client_name":null,"grant_types":null,"response_types":null,"scope":null,
		"post_logout_redirect_uris":null,"require_pushed_authorization_requests":null,"jwks":null,"client_uri":null,"contacts":null`
	for name, keys := range map[string]string{
		"a secret":        `,"jwks_uri":null,"token_endpoint_auth_method":null`,
		"nothing":         `,"jwks_uri":null,"token_endpoint_auth_method":"none"`,
		"keys of its own": `,"jwks_uri":"https://app.example.com/keys","token_endpoint_auth_method":"private_key_jwt"`,
	} {
		made, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["https://app.example.com/cb"],`+null+keys+`}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := h.UpdateRegistration(t.Context(), p.ID, made.ClientID, made.AccessToken,
			[]byte(`{"client_id":"`+made.ClientID+`","redirect_uris":["https://app.example.com/cb"],`+null+keys+`}`)); err != nil {
			t.Errorf("%s, changed: %v", name, err)
		}
		if now, err := h.Registered(t.Context(), p.ID, made.ClientID, made.AccessToken); err != nil || len(now.Keys) > 0 {
			t.Errorf("%s: %s, %v", name, now.Keys, err)
		}
	}
	_, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["https://app.example.com/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks":null}`))
	wantCode(t, err, grants.InvalidClientMetadata)
}

// A client that an earlier release registered may be stored without refresh_token, which it gets.
func TestARegistrationSaysThatItHasRefreshTokens(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	made, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["https://app.example.com/cb"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pools.ChangeClient(t.Context(), p.ID, made.ClientID, "", func(old *userpool.ClientSettings) userpool.ClientSettings {
		next, m := *old, *old.OAuth
		m.Registered = json.RawMessage(strings.Replace(string(m.Registered), `,"refresh_token"`, "", 1))
		next.OAuth = &m
		return next
	}); err != nil {
		t.Fatal(err)
	}
	now, err := h.Registered(t.Context(), p.ID, made.ClientID, made.AccessToken)
	if err != nil || strings.Join(now.GrantTypes, " ") != "authorization_code refresh_token" {
		t.Errorf("%v, %v", now.GrantTypes, err)
	}
}

package grants_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestClientCredentials(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.confidential(p.ID, machineSettings)
	h.removeGone(p.ID)
	a, err := h.ask(p.ID, basic(c.ID, c.Secret.Reveal()), "grant_type", "client_credentials", "scope", "orders/read openid unknown/scope")
	if err != nil {
		t.Fatal(err)
	}
	if a.IDToken != "" || a.RefreshToken != "" || a.ExpiresIn != 3600 || a.Scope != "" {
		t.Errorf("%+v", a)
	}
	claims := userpooltest.Claims(t, a.AccessToken)
	if jti, _ := claims["jti"].(string); len(jti) != 36 {
		t.Error("jti", claims["jti"])
	}
	delete(claims, "jti")
	now := float64(h.Clock.Now().Unix())
	want := map[string]any{"sub": c.ID, "client_id": c.ID, "token_use": "access", "scope": "orders/read", "version": 2.0,
		"auth_time": now, "iat": now, "exp": now + 3600, "iss": "http://localhost:8080/" + p.ID}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("got  %v\nwant %v", claims, want)
	}
	if err := h.Edge(p.ID, a.AccessToken); err != nil {
		t.Error(err)
	}
	if _, err := h.Tokens.Authenticate(t.Context(), a.AccessToken); err == nil {
		t.Error("an operation of a user's own account took the token")
	}
	all, err := h.ask(p.ID, basic(c.ID, c.Secret.Reveal()), "grant_type", "client_credentials")
	if err != nil {
		t.Fatal(err)
	}
	if scope := userpooltest.Claims(t, all.AccessToken)["scope"]; scope != "orders/read orders/write" {
		t.Error("all scopes:", scope)
	}
}

// RFC 6749 section 5.2.
func TestClientCredentialsThatAreRefused(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	with := func(change func(*userpool.ClientSettings)) *userpool.ClientDescription {
		s := machineSettings
		change(&s)
		return h.confidential(p.ID, s)
	}
	good := h.confidential(p.ID, machineSettings)
	cases := map[string]struct {
		client *userpool.ClientDescription
		pairs  []string
		code   string
	}{
		"no grant_type":             {good, []string{"grant_type", ""}, grants.InvalidRequest},
		"an unknown grant_type":     {good, []string{"grant_type", "password"}, grants.UnsupportedGrantType},
		"another case":              {good, []string{"grant_type", "Client_Credentials"}, grants.UnsupportedGrantType},
		"no scope that is allowed":  {good, []string{"scope", "openid orders"}, grants.InvalidScope},
		"a scope of a deleted name": {good, []string{"scope", "gone/scope"}, grants.InvalidScope},
		"resource":                  {good, []string{"resource", "https://api.example.com"}, grants.InvalidRequest},
		"metadata that is not JSON": {good, []string{"aws_client_metadata", "a=b"}, grants.InvalidRequest},
		"metadata with a number":    {good, []string{"aws_client_metadata", `{"a":1}`}, grants.InvalidRequest},
		"scope twice":               {good, []string{"scope", "orders/read", "scope", "orders/write"}, grants.InvalidRequest},
		"a client of the code flow": {with(func(s *userpool.ClientSettings) {
			s.AllowedOAuthFlows, s.CallbackURLs = []string{"code"}, []string{"https://app.example.com/"}
		}), nil, grants.UnauthorizedClient},
		"OAuth is off":     {with(func(s *userpool.ClientSettings) { s.AllowedOAuthFlowsUserPoolClient = false }), nil, grants.InvalidGrant},
		"no scope is left": {with(func(s *userpool.ClientSettings) { s.AllowedOAuthScopes = []string{"gone/scope"} }), nil, grants.InvalidGrant},
	}
	h.removeGone(p.ID)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			pairs := tc.pairs
			if len(pairs) == 0 || pairs[0] != "grant_type" {
				pairs = append(pairs, "grant_type", "client_credentials")
			}
			_, err := h.ask(p.ID, basic(tc.client.ID, tc.client.Secret.Reveal()), pairs...)
			wantCode(t, err, tc.code)
		})
	}
}

func triggered(version string) userpool.PoolSettings {
	return userpool.PoolSettings{LambdaConfig: &userpool.LambdaConfig{PreTokenGenerationConfig: &userpool.LambdaFunction{LambdaArn: userpooltest.ARN, LambdaVersion: version}}}
}

func TestPreTokenGenerationOfClientCredentials(t *testing.T) {
	h := newHarness(t)
	run := h.Lambda(func(e userpooltest.Event) error {
		e.Response()["claimsAndScopeOverrideDetails"] = map[string]any{
			"accessTokenGeneration": map[string]any{
				"claimsToAddOrOverride": map[string]any{"tenant": map[string]any{"id": 7}, "sub": "forged", "client_id": "forged", "iss": "forged", "token_use": "id", "username": "forged"},
				"scopesToAdd":           []string{"orders/admin"}, "scopesToSuppress": []string{"orders/write"},
			},
			"idTokenGeneration":    map[string]any{"claimsToAddOrOverride": map[string]any{"id": "only"}},
			"groupOverrideDetails": map[string]any{"groupsToOverride": []string{"admins"}},
		}
		return nil
	})
	h.remake()
	p := h.Pool(triggered("V3_0"))
	c := h.confidential(p.ID, machineSettings)
	a, err := h.ask(p.ID, basic(c.ID, c.Secret.Reveal()), "grant_type", "client_credentials", "aws_client_metadata", `{"region":"eu"}`)
	if err != nil {
		t.Fatal(err)
	}
	e := run.Last()
	if n := len(run.Sources()); n != 1 {
		t.Fatalf("%d events", n)
	}
	if e.Source() != "TokenGeneration_ClientCredentials" || e["userName"] != "ClientCredentials" || e["version"] != "3" {
		t.Errorf("%v", e)
	}
	want := map[string]any{"userAttributes": map[string]any{}, "scopes": []any{"orders/read", "orders/write", "gone/scope"}, "clientMetadata": map[string]any{"region": "eu"},
		"groupConfiguration": map[string]any{"groupsToOverride": []any{}, "iamRolesToOverride": []any{}, "preferredRole": nil}}
	if !reflect.DeepEqual(e.Request(), want) {
		t.Errorf("request %v", e.Request())
	}
	claims := userpooltest.Claims(t, a.AccessToken)
	for name, want := range map[string]any{"sub": c.ID, "client_id": c.ID, "scope": "orders/read gone/scope orders/admin", "token_use": "access",
		"tenant": map[string]any{"id": 7.0}, "username": nil, "cognito:groups": nil, "id": nil} {
		if !reflect.DeepEqual(claims[name], want) {
			t.Errorf("%s is %v", name, claims[name])
		}
	}
}

func TestPreTokenGenerationOfEarlierVersionsDoesNotRunForClients(t *testing.T) {
	h := newHarness(t)
	run := h.Lambda(nil)
	h.remake()
	for _, version := range []string{"V1_0", "V2_0"} {
		p := h.Pool(triggered(version))
		c := h.confidential(p.ID, machineSettings)
		if _, err := h.ask(p.ID, basic(c.ID, c.Secret.Reveal()), "grant_type", "client_credentials"); err != nil {
			t.Error(version, err)
		}
	}
	if n := len(run.Sources()); n != 0 {
		t.Errorf("%d events", n)
	}
}

func TestAFunctionThatRefusesOrOutlivesTheClient(t *testing.T) {
	h := newHarness(t)
	var during func() error
	h.Lambda(func(userpooltest.Event) error { return during() })
	h.remake()
	p := h.Pool(triggered("V3_0"))
	c := h.confidential(p.ID, machineSettings)
	during = func() error { return &trigger.FunctionError{Message: "not you"} }
	_, err := h.ask(p.ID, basic(c.ID, c.Secret.Reveal()), "grant_type", "client_credentials")
	wantCode(t, err, grants.InvalidRequest)
	during = func() error { return h.Pools.DeleteUserPoolClient(t.Context(), p.ID, c.ID) }
	_, err = h.ask(p.ID, basic(c.ID, c.Secret.Reveal()), "grant_type", "client_credentials")
	wantCode(t, err, grants.InvalidGrant)
}

func TestGetClientToken(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	settings := userpool.ClientSettings{ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH"}, AllowedOAuthScopes: []string{"orders/read"},
		AccessTokenValidity: 10, TokenValidityUnits: &userpool.ValidityUnits{AccessToken: "minutes"}}
	c := h.confidential(p.ID, settings)
	set, err := h.ClientToken(t.Context(), grants.ClientTokenRequest{ClientID: c.ID, Secret: c.Secret.Reveal()})
	if err != nil {
		t.Fatal(err)
	}
	if set.ExpiresIn != 600 || userpooltest.Claims(t, set.AccessToken)["scope"] != "orders/read" {
		t.Errorf("%+v", set)
	}
	h.Clock.Forward(10*time.Minute + 31*time.Second)
	if err := h.Edge(p.ID, set.AccessToken); err == nil {
		t.Error("the token outlives its time")
	}
}

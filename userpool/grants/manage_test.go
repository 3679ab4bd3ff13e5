package grants_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/providers"
)

func TestARegisteredClientManagesItself(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true, AllowedScopes: []string{"orders/read"}}))
	made, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["https://app.example.com/cb"],"client_name":"App","contacts":["a@example.com"],"scope":"openid"}`))
	if err != nil {
		t.Fatal(err)
	}
	now, err := h.Registered(t.Context(), p.ID, made.ClientID, made.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(made)
	if b, _ := json.Marshal(now); string(a) != string(b) {
		t.Errorf("registered\n%s\nread\n%s", a, b)
	}
	now.RedirectURIs, now.Scope, now.Name, now.Contacts = []string{"https://app.example.com/other"}, "openid orders/read orders/write", "Other", nil
	body, _ := json.Marshal(now)
	changed, err := h.UpdateRegistration(t.Context(), p.ID, made.ClientID, made.AccessToken, body)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Scope != "openid orders/read" || changed.Name != "Other" || len(changed.Contacts) > 0 || !slices.Equal(changed.RedirectURIs, now.RedirectURIs) ||
		changed.ClientSecret != made.ClientSecret || changed.AccessToken != made.AccessToken || changed.IssuedAt != made.IssuedAt {
		t.Errorf("%+v", changed)
	}
	_, c, err := h.Pools.PoolAndClient(t.Context(), made.ClientID)
	if err != nil || c.Settings.ClientType != userpool.ClientDCR || !slices.Equal(c.Settings.CallbackURLs, now.RedirectURIs) || c.Settings.PreventUserExistenceErrors != "ENABLED" {
		t.Errorf("%+v, %v", c, err)
	}
	for name, body := range map[string]string{
		"another client":         `{"client_id":"other","redirect_uris":["https://app.example.com/cb"]}`,
		"no id":                  `{"redirect_uris":["https://app.example.com/cb"]}`,
		"a wrong secret":         `{"client_id":"` + made.ClientID + `","client_secret":"wrong","redirect_uris":["https://app.example.com/cb"]}`,
		"no secret any more":     `{"client_id":"` + made.ClientID + `","token_endpoint_auth_method":"none","redirect_uris":["https://app.example.com/cb"]}`,
		"an address for anybody": `{"client_id":"` + made.ClientID + `","redirect_uris":["http://example.com/cb"]}`,
		"a grant of other pools": `{"client_id":"` + made.ClientID + `","grant_types":["client_credentials"]}`,
	} {
		_, err := h.UpdateRegistration(t.Context(), p.ID, made.ClientID, made.AccessToken, []byte(body))
		if e, ok := errors.AsType[*grants.Error](err); !ok || e.Code == grants.InvalidToken {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := h.Deregister(t.Context(), p.ID, made.ClientID, made.AccessToken); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Pools.PoolAndClient(t.Context(), made.ClientID); err == nil {
		t.Error("the client is there")
	}
	_, err = h.Registered(t.Context(), p.ID, made.ClientID, made.AccessToken)
	wantCode(t, err, grants.InvalidToken)
}

// The client's own change does not undo what an administrator set.
func TestARegisteredClientKeepsTheIdentityProvidersOfAnAdministrator(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	if _, err := h.Providers.Create(t.Context(), providers.Change{PoolID: p.ID, Name: "Google", Type: providers.Google,
		Details: map[string]string{"client_id": "c", "client_secret": "s", "authorize_scopes": "openid"}}); err != nil {
		t.Fatal(err)
	}
	made, err := h.Register(t.Context(), p.ID, "", []byte(`{"redirect_uris":["https://app.example.com/cb"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{"Google"}, {"COGNITO", "Google"}, nil} {
		if _, err := h.Pools.ChangeClient(t.Context(), p.ID, made.ClientID, "", func(old *userpool.ClientSettings) userpool.ClientSettings {
			next := *old
			next.SupportedIdentityProviders = want
			return next
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.UpdateRegistration(t.Context(), p.ID, made.ClientID, made.AccessToken,
			[]byte(`{"client_id":"`+made.ClientID+`","redirect_uris":["https://app.example.com/cb"]}`)); err != nil {
			t.Fatal(err)
		}
		_, c, err := h.Pools.PoolAndClient(t.Context(), made.ClientID)
		if err != nil || !slices.Equal(c.Settings.SupportedIdentityProviders, want) {
			t.Errorf("%v, want %v: %v", c.Settings.SupportedIdentityProviders, want, err)
		}
	}
}

// A client that changes its grants there and back does not get the providers that an administrator took away.
func TestARegisteredClientGetsItsIdentityProvidersOnce(t *testing.T) {
	h := newHarness(t)
	both := []string{userpool.FlowCode, userpool.FlowClientCredentials}
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true, OpenDcrGrantTypes: both, AllowedScopes: []string{"orders/read"}}))
	made, err := h.Register(t.Context(), p.ID, "", []byte(`{"grant_types":["client_credentials"],"scope":"orders/read"}`))
	if err != nil {
		t.Fatal(err)
	}
	put := func(body string, want ...string) {
		t.Helper()
		if _, err := h.UpdateRegistration(t.Context(), p.ID, made.ClientID, made.AccessToken, []byte(`{"client_id":"`+made.ClientID+`",`+body+`}`)); err != nil {
			t.Fatal(err)
		}
		_, c, err := h.Pools.PoolAndClient(t.Context(), made.ClientID)
		if err != nil || !slices.Equal(c.Settings.SupportedIdentityProviders, want) {
			t.Errorf("%s: %v, want %v: %v", body, c.Settings.SupportedIdentityProviders, want, err)
		}
	}
	machine, users := `"grant_types":["client_credentials"],"scope":"orders/read"`, `"redirect_uris":["https://app.example.com/cb"]`
	put(users, "COGNITO")
	put(machine, "COGNITO")
	if _, err := h.Pools.ChangeClient(t.Context(), p.ID, made.ClientID, "", func(old *userpool.ClientSettings) userpool.ClientSettings {
		next := *old
		next.SupportedIdentityProviders = nil
		return next
	}); err != nil {
		t.Fatal(err)
	}
	put(users)
	put(machine)
	put(users)
}

func TestThreatARegistrationAccessTokenIsOfOneClient(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	other := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	register := func(pool string) *grants.Registration {
		made, err := h.Register(t.Context(), pool, "", []byte(`{"redirect_uris":["https://app.example.com/cb"]}`))
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	mine, theirs, elsewhere := register(p.ID), register(p.ID), register(other.ID)
	operators := h.confidential(p.ID, machineSettings)
	for name, tc := range map[string]struct{ pool, client, token string }{
		"another client's":           {p.ID, theirs.ClientID, mine.AccessToken},
		"of another pool":            {p.ID, elsewhere.ClientID, elsewhere.AccessToken},
		"a client of an operator":    {p.ID, operators.ID, mine.AccessToken},
		"no token":                   {p.ID, mine.ClientID, ""},
		"a client that is not there": {p.ID, "none", mine.AccessToken},
		"garbage":                    {p.ID, mine.ClientID, "AAAA"},
	} {
		_, err := h.Registered(t.Context(), tc.pool, tc.client, tc.token)
		wantCode(t, err, grants.InvalidToken)
		if err := h.Deregister(t.Context(), tc.pool, tc.client, tc.token); err == nil {
			t.Errorf("%s: deleted", name)
		}
	}
}

// A client that proves itself by a key has no secret, and is not public for that.
func TestThreatARegisteredClientCannotChangeHowItProvesItself(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(registrable(userpool.DCRConfig{OpenDcrEnabled: true}))
	_, set := newKey(t, "ES256")
	methods := map[string]string{grants.None: "", grants.Basic: "", grants.Post: "", grants.PrivateKeyJWT: `,"jwks":` + string(set)}
	body := func(id, method string) []byte {
		return []byte(`{"client_id":"` + id + `","redirect_uris":["https://app.example.com/cb"],"token_endpoint_auth_method":"` + method + `"` + methods[method] + `}`)
	}
	secret := []string{grants.Basic, grants.Post}
	for from := range methods {
		for to := range methods {
			made, err := h.Register(t.Context(), p.ID, "", body("", from))
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.UpdateRegistration(t.Context(), p.ID, made.ClientID, made.AccessToken, body(made.ClientID, to))
			if from == to || slices.Contains(secret, from) && slices.Contains(secret, to) {
				if err != nil {
					t.Errorf("%s to %s: %v", from, to, err)
				}
				continue
			}
			wantCode(t, err, grants.InvalidClientMetadata)
			if now, err := h.Registered(t.Context(), p.ID, made.ClientID, made.AccessToken); err != nil || now.AuthMethod != from {
				t.Errorf("%s to %s: the client is now %+v, %v", from, to, now, err)
			}
		}
	}
}

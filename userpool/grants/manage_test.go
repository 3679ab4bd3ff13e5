package grants_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
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

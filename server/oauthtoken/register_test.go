package oauthtoken_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
)

func TestTheClientConfigurationEndpoint(t *testing.T) {
	var settings userpool.PoolSettings
	settings.DcrConfiguration = &userpool.DCRConfig{OpenDcrEnabled: true}
	s := newSite(t, settings)
	send := func(method, target, token, body string) (int, *grants.Registration) {
		t.Helper()
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r = r.WithContext(mount.With(context.Background(), mount.Point{PoolID: s.pool.ID, Base: "https://auth.example.com"}))
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		out := new(grants.Registration)
		_ = json.Unmarshal(w.Body.Bytes(), out) // DELETE has no body
		return w.Code, out
	}
	status, made := send("POST", "/oauth2/register", "", `{"redirect_uris":["https://app.example.com/cb"],"client_name":"App"}`)
	if status != http.StatusCreated || made.AccessToken == "" || made.ManagedAt != "https://auth.example.com/oauth2/register?client_id="+made.ClientID {
		t.Fatalf("%d %+v", status, made)
	}
	at := strings.TrimPrefix(made.ManagedAt, "https://auth.example.com")
	if status, now := send("GET", at, made.AccessToken, ""); status != http.StatusOK || now.ClientSecret != made.ClientSecret || now.ManagedAt != made.ManagedAt {
		t.Errorf("GET: %d %+v", status, now)
	}
	if status, now := send("PUT", at, made.AccessToken, `{"client_id":"`+made.ClientID+`","redirect_uris":["https://app.example.com/new"]}`); status != http.StatusOK || now.RedirectURIs[0] != "https://app.example.com/new" {
		t.Errorf("PUT: %d %+v", status, now)
	}
	for _, token := range []string{"", "wrong"} {
		if status, now := send("GET", at, token, ""); status != http.StatusUnauthorized || now.ClientID != "" {
			t.Errorf("with the token %q: %d", token, status)
		}
	}
	if status, _ := send("PUT", at, made.AccessToken, `{}`); status != http.StatusBadRequest {
		t.Errorf("PUT of nothing: %d", status)
	}
	if status, _ := send("DELETE", at, made.AccessToken, ""); status != http.StatusNoContent {
		t.Errorf("DELETE: %d", status)
	}
	if status, _ := send("GET", at, made.AccessToken, ""); status != http.StatusUnauthorized {
		t.Errorf("GET after DELETE: %d", status)
	}
}

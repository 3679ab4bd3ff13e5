package routes_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/caddymodule/routes"
)

// configuration has each kind of gate: a handler, the questions of another gateway, a provider of authentication, and matchers of which
// one has the settings of the handler.
const configuration = `{"apps": {"http": {"servers": {"srv0": {"routes": [
	{"match": [{"sluice_allowed": {"api": "notes", "user_pools": ["p"], "placeholders": {"a": ["Caddyfile:3"]}}}], "handle": [
		{"handler": "sluice_authorize", "api": "notes", "user_pools": ["p"], "placeholders": {"a": ["Caddyfile:9"]},
			"headers": [{"name": "X-User-Id", "value": "{http.auth.user.id}"}], "realm": "notes", "debug_header": "X-Why"}]},
	{"handle": [{"handler": "subroute", "routes": [{"handle": [
		{"handler": "sluice_forward_auth", "gateway": "nginx", "path": "/ask", "api": "gateway", "login": {"client_id": "c", "secret": "{env.SECRET}"}}]}]}]},
	{"match": [{"not": [{"path": ["/x"], "sluice_allowed": {"api": "matched"}}]}], "handle": [
		{"handler": "authentication", "providers": {"http_basic": {}, "sluice": {"api": "provided"}}}]}
]}}}}}`

func TestEveryKindOfGateIsARoute(t *testing.T) {
	found, err := routes.In([]byte(configuration))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range found {
		names = append(names, found[i].API)
		if l := found[i].Login; l != nil && l.Secret != "not read" {
			t.Errorf("the secret of a login is %q", l.Secret)
		}
	}
	if got := strings.Join(names, " "); got != "notes gateway provided matched" {
		t.Errorf("the routes are %s", got)
	}
}

func TestAMisspeltSettingIsRefused(t *testing.T) {
	if _, err := routes.In([]byte(strings.Replace(configuration, `"api": "provided"`, `"apy": "provided"`, 1))); err == nil || !strings.Contains(err.Error(), "apy") {
		t.Error(err)
	}
}

package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// providerConfig declares a pool with the providers, and a client that lists Google.
func providerConfig(t *testing.T, providers ...config.IdentityProvider) node.Options {
	t.Helper()
	dir := t.TempDir()
	settings := filepath.Join(dir, "client.json")
	if err := os.WriteFile(settings, []byte(`{"SupportedIdentityProviders": ["COGNITO", "Google"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return node.Options{ShowRootKey: func(_, _ string) {}, Config: config.App{DataDir: dir, UserPools: []config.UserPool{{ID: "us-east-1_notes0001", IdentityProviders: providers,
		Clients: []config.Client{{ID: "1example23456789abcdefghij", Settings: settings}}}}}}
}

func TestADeclaredPoolHasItsIdentityProviders(t *testing.T) {
	google := config.IdentityProvider{Name: "Google", LinkVerifiedEmail: true, Mapping: map[string]string{"email": "email"},
		Details: map[string]string{"client_id": "a", "client_secret": "s", "authorize_scopes": "openid"}}
	o := providerConfig(t, google)
	for range 2 {
		n, err := node.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		p, err := n.Services.Users.Providers.Get(t.Context(), "us-east-1_notes0001", "Google")
		if err != nil || p.Version != 1 || !p.LinkByEmail || p.Details["client_secret"] != "s" {
			t.Errorf("%+v %v", p, err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestIdentityProvidersThatCannotBeDeclared(t *testing.T) {
	for text, p := range map[string]config.IdentityProvider{
		"clientSecret and authorizeScopes are all required": {Name: "Google", Details: map[string]string{"client_id": "a", "authorize_scopes": "openid"}},
		"contains the key clientid":                         {Name: "Google", Details: map[string]string{"clientid": "a"}},
		"none.xml":                                          {Name: "Corp", Type: "SAML", Metadata: "/none/none.xml"},
		"has no type":                                       {Name: "Corp"},
	} {
		if _, err := node.Read(providerConfig(t, p)); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

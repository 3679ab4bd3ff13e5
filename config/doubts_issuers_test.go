package config_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
)

func TestAddressesAreInDoubtWhereUserNamesAreIdentifiers(t *testing.T) {
	for name, tc := range map[string]struct {
		preset string
		of     config.Preset
		claim  string
		user   string
		doubt  bool
	}{
		"google":                  {"google", config.Preset{}, "", "ann@example.com", true},
		"apple":                   {"apple", config.Preset{}, "", "ann@example.com", true},
		"entra":                   {"entra", config.Preset{Tenant: "11111111-2222-4333-8444-555555555555"}, "", "ann@example.com", true},
		"an identifier":           {"google", config.Preset{}, "", "1101694844", false},
		"another claim":           {"google", config.Preset{}, "email", "ann@example.com", false},
		"okta, sub is an address": {"okta", config.Preset{Domain: "dev-1.okta.com"}, "", "ann@example.com", false},
	} {
		i := config.Issuer{UsernameClaim: tc.claim}
		if err := tc.of.Apply(tc.preset, &i); err != nil {
			t.Fatal(err)
		}
		route := config.Authorize{Issuers: []config.Issuer{i}, Rules: []config.Rule{{Effect: "deny", Subject: "user", Names: []string{tc.user}, Method: "*", Path: "*"}}}
		got := strings.Join(route.Doubts(&config.App{}), "\n")
		if (got != "") != tc.doubt || tc.doubt && !strings.Contains(got, "user names of "+i.URL+" are the identifiers in "+i.UsernameClaim) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

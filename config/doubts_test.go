package config_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/config"
)

func TestWhatNobodyDeclaresIsInDoubt(t *testing.T) {
	const pool, client = "us-east-1_notes0001", "1example23456789abcdefghij"
	app := &config.App{
		UserPools: []config.UserPool{{ID: pool, Clients: []config.Client{{ID: client}}, Groups: []config.Group{{Name: "readers"}},
			IdentityProviders: []config.IdentityProvider{{Name: "Corp"}},
			ResourceServers:   []config.ResourceServer{{ID: "api", Scopes: []config.Scope{{Name: "read"}}}}}},
		Roles: []config.Role{{Name: "editor"}},
	}
	rule := func(effect, subject string, names ...string) config.Rule {
		return config.Rule{Effect: effect, Subject: subject, Names: names, Method: "*", Path: "*"}
	}
	pools := []string{pool}
	for name, tc := range map[string]struct {
		route config.Authorize
		want  []string
	}{
		"declared names": {config.Authorize{UserPools: pools, Login: &config.Login{ClientID: client, With: pool}, Rules: []config.Rule{
			rule("allow", "group", "readers", pool+"_Corp"), rule("require", "scope", "api/read", "openid"), rule("deny", "role", "editor"), rule("allow", "client", client),
			rule("allow", "user", "ada"), rule("deny", "role", "arn:aws:iam::210987654321:role/x", "notes-*")}}, nil},
		"a misspelt group": {config.Authorize{UserPools: pools, Rules: []config.Rule{rule("allow", "group", "readres")}},
			[]string{`allow group readres * *: no group "readres" is declared; did you mean readers? If the API made it, all is well.`}},
		"a scope of nobody": {config.Authorize{UserPools: pools, Rules: []config.Rule{rule("deny", "scope", "orders/write")}},
			[]string{`deny scope orders/write * *: no scope "orders/write" is declared. If the API made it, all is well.`}},
		"a misspelt role": {config.Authorize{SigV4: &config.SigV4{Service: "s3"}, Rules: []config.Rule{rule("deny", "role", "edtior")}},
			[]string{`deny role edtior * *: no role "edtior" is declared; did you mean editor? If the API made it, all is well.`}},
		"the client of a login": {config.Authorize{UserPools: pools, Login: &config.Login{ClientID: "1example23456789abcdefghik", With: pool}},
			[]string{`login: no client "1example23456789abcdefghik" is declared; did you mean ` + client + `? If the API made it, all is well.`}},
		"a policy's group": {config.Authorize{UserPools: pools, Policies: []config.Policy{{File: "p.json", Group: "reader"}}},
			[]string{`policy p.json: no group "reader" is declared; did you mean readers? If the API made it, all is well.`}},
		"groups of a remote issuer": {config.Authorize{UserPools: pools, Issuers: []config.Issuer{{URL: "https://idp.example.com"}},
			Rules: []config.Rule{rule("allow", "group", "staff")}}, nil},
	} {
		if got := tc.route.Doubts(app); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

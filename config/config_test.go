package config_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
)

func noEnv(string) string { return "" }

func TestAppValidateNamesPlaceAndRemedy(t *testing.T) {
	for name, tc := range map[string]struct {
		app  config.App
		want string // "" = valid
	}{
		"an empty block is valid": {config.App{}, ""},
		"a public URL has no path": {config.App{PublicURL: "https://id.example.com/auth"},
			"public_url: write scheme, host and port only"},
		"a region is spelled as AWS does": {config.App{Region: "Frankfurt"}, `region: "Frankfurt" is not a region`},
		"an account has twelve digits":    {config.App{Account: "42"}, "account: \"42\" is not an account"},
		"the issuer is one of two":        {config.App{Issuer: "amazon"}, "issuer: \"amazon\" is not a valid value; write public or aws"},
		"a pool id has its shape":         {config.App{UserPools: []config.UserPool{{ID: "notes"}}}, "user_pool notes: an id is"},
		"a region is named once":          {config.App{Region: "us-east-1", OtherRegions: []string{"us-east-1"}}, "region: us-east-1 is named twice"},
		"any is the last region":          {config.App{Region: "any", OtherRegions: []string{"us-west-2"}}, `region: "any" means all other regions; write it last`},
		"a pool is in a region of the process": {config.App{OtherRegions: []string{"us-west-2"}, UserPools: []config.UserPool{{ID: "eu-west-1_a"}}},
			`user_pool eu-west-1_a: "eu-west-1" is not a region of this process; write: region us-east-1 us-west-2 eu-west-1`},
		"one region declares pools of any": {config.App{UserPools: []config.UserPool{{ID: "eu-west-1_a"}}}, ""},
		"any region is that of every pool": {config.App{Region: "any", UserPools: []config.UserPool{{ID: "eu-west-1_a"}}}, ""},
		"a pool is declared once": {config.App{UserPools: []config.UserPool{{ID: "us-east-1_a"}, {ID: "us-east-1_a"}}},
			"user_pool us-east-1_a: it is declared twice"},
		"a group's role must exist": {config.App{
			Roles:     []config.Role{{Name: "notes-editor", Trust: []config.Trust{{File: "t.json"}}}},
			UserPools: []config.UserPool{{ID: "us-east-1_a", Groups: []config.Group{{Name: "g", Role: "notes-editr"}}}}},
			"did you mean notes-editor?"},
		"guests need a role": {config.App{IdentityPools: []config.IdentityPool{{
			ID: "us-east-1:11111111-2222-4333-8444-555555555555", Guests: true}}}, "guests are enabled but have no role; add: role guest <name>"},
		"a role needs trust":  {config.App{Roles: []config.Role{{Name: "r"}}}, "role r: no one may assume this role"},
		"mail needs a sender": {config.App{SMTP: &config.SMTP{Address: "mail:25"}}, "smtp: no sender"},
		"a mail password needs TLS": {config.App{SMTP: &config.SMTP{Address: "mail:25", From: "a@example.com", Username: "a", Password: "b", TLS: "none"}},
			"a password would be sent unencrypted"},
		"mail needs a sender with a host": {config.App{SMTP: &config.SMTP{Address: "mail:25", From: "Notes"}}, `smtp: from: "Notes" is not an e-mail address`},
		"redis takes no URL":              {config.App{Redis: &config.Redis{Addresses: []string{"redis://127.0.0.1:6379"}}}, "write host:port"},
		"redis needs an address":          {config.App{Redis: &config.Redis{}}, "redis: no address"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.app.Defaults(noEnv)
			check(t, tc.app.Validate(), tc.want)
		})
	}
}

func TestAuthorizeValidateNamesPlaceAndRemedy(t *testing.T) {
	app := config.App{UserPools: []config.UserPool{
		{ID: "us-east-1_notes0001", Groups: []config.Group{{Name: "admins", Role: "notes-admin"}}},
		{ID: "us-east-1_other0001", Groups: []config.Group{{Name: "admins", Role: "other-admin"}}},
		{ID: "us-east-1_third0001"},
		{ID: "us-east-1_fourth001", Groups: []config.Group{{Name: "editors", Role: "notes-admin"}, {Name: "admins", Role: "notes-admin"}}},
		{ID: "us-east-1_fifth0001", Groups: []config.Group{{Name: "admins", Role: "notes-admin"}}},
	}}
	app.Defaults(noEnv)
	pool := []string{"us-east-1_notes0001"}
	anyone := []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: "*"}}
	for name, tc := range map[string]struct {
		authorize config.Authorize
		want      string
	}{
		"a declared pool":             {config.Authorize{UserPools: pool, Rules: anyone}, ""},
		"a route that allows nothing": {config.Authorize{UserPools: pool}, "no rule and no policy allows anything here"},
		"an issuer over plain http": {config.Authorize{Rules: anyone, Issuers: []config.Issuer{{URL: "http://idp.example.com", AnyClient: true}}},
			"the issuer is plain http"},
		"plain http to this machine": {config.Authorize{Rules: anyone, Issuers: []config.Issuer{{URL: "http://127.0.0.1:8000", AnyClient: true}}}, ""},
		"keys come from elsewhere over https": {config.Authorize{Rules: anyone, Issuers: []config.Issuer{{URL: "http://idp.example.com",
			JWKSURL: "https://idp.example.com/keys", AnyClient: true}}}, ""},
		"a misspelt pool": {config.Authorize{UserPools: []string{"us-east-1_notes001"}}, "did you mean us-east-1_notes0001?"},
		"a route without any issuer": {config.Authorize{Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "*", Path: "/*"}}},
			"no credential is accepted"},
		"a public route needs none": {config.Authorize{Rules: []config.Rule{{Effect: "allow", Subject: "anonymous", Method: "GET", Path: "/*"}}}, ""},
		"an issuer needs a client":  {config.Authorize{Issuers: []config.Issuer{{URL: "https://idp.example.com"}}}, "no client is accepted"},
		"no symmetric algorithm": {config.Authorize{Issuers: []config.Issuer{{URL: "https://idp.example.com", AnyClient: true,
			Algorithms: []string{"HS256"}}}}, `algorithms: "HS256" is not a valid value`},
		"a rule's path starts with a slash": {config.Authorize{UserPools: pool,
			Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "api/*"}}}, "write one that starts with /"},
		"a remote issuer names no roles": {config.Authorize{RolePolicies: true, Issuers: []config.Issuer{{URL: "https://idp.example.com", AnyClient: true}}},
			"tokens of a remote issuer could name any role"},
		"groups of two pools are not confused": {config.Authorize{RolePolicies: true, UserPools: []string{"us-east-1_notes0001", "us-east-1_other0001"}},
			"group admins has different roles in two pools"},
		"a group of one pool does not count for another pool": {config.Authorize{RolePolicies: true, UserPools: []string{"us-east-1_notes0001", "us-east-1_third0001"}},
			"the pools of this route have different groups"},
		"nor if the pools are in another order": {config.Authorize{RolePolicies: true, UserPools: []string{"us-east-1_third0001", "us-east-1_notes0001"}},
			"the pools of this route have different groups"},
		"nor if it has groups of its own": {config.Authorize{RolePolicies: true, UserPools: []string{"us-east-1_fourth001", "us-east-1_notes0001"}},
			"the pools of this route have different groups"},
		"pools with the same groups":     {config.Authorize{RolePolicies: true, UserPools: []string{"us-east-1_fifth0001", "us-east-1_notes0001"}}, ""},
		"a token that no verifier reads": {config.Authorize{UserPools: pool, Rules: anyone, MaxToken: 64<<10 + 1}, "write 256 to 65536 bytes"},
		"a denied group is declared": {config.Authorize{UserPools: pool, Rules: append([]config.Rule{
			{Effect: "deny", Subject: "group", Names: []string{"admins"}, Method: "*", Path: "/*"}}, anyone...)}, ""},
		"a denied group that is not declared": {config.Authorize{UserPools: pool, Rules: append([]config.Rule{
			{Effect: "deny", Subject: "group", Names: []string{"admin"}, Method: "*", Path: "/*"}}, anyone...)}, "did you mean admins?"},
		"the groups of a remote issuer are not known": {config.Authorize{Issuers: []config.Issuer{{URL: "https://idp.example.com", AnyClient: true}},
			Rules: append([]config.Rule{{Effect: "deny", Subject: "group", Names: []string{"x"}, Method: "*", Path: "/*"}}, anyone...)}, ""},
		"one character after a slash in a path": {config.Authorize{UserPools: pool, Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/public/?*"}}}, ""},
		"a query in a path":                     {config.Authorize{UserPools: pool, Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/api?x"}}}, "is not part of it"},
		"any query in a path":                   {config.Authorize{UserPools: pool, Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/search?*"}}}, "is not part of it"},
		"a sub-resource in a path":              {config.Authorize{UserPools: pool, Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/data/*?tagging"}}}, "is not part of it"},
		"a query after a slash in a path":       {config.Authorize{UserPools: pool, Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/data/?x=1"}}}, "is not part of it"},
		"a fragment in a path":                  {config.Authorize{UserPools: pool, Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/a#b"}}}, "is not part of it"},
		"a placeholder in a rule": {config.Authorize{UserPools: pool, Rules: append([]config.Rule{
			{Effect: "deny", Subject: "user", Names: []string{"{env.MALLORY}"}, Method: "*", Path: "/*"}}, anyone...)}, "{env.MALLORY} is not replaced here"},
		"a placeholder in a path": {config.Authorize{UserPools: pool, Rules: append([]config.Rule{
			{Effect: "deny", Subject: "any", Method: "*", Path: "/{http.request.host}/x"}}, anyone...)}, "is not replaced here"},
		"a policy variable in a path": {config.Authorize{UserPools: pool, Rules: append([]config.Rule{
			{Effect: "deny", Subject: "any", Method: "*", Path: "/${jwt:sub}/x"}}, anyone...)}, ""},
		"leeway is bounded": {config.Authorize{UserPools: pool, Leeway: new(config.Duration(1e12))}, "leeway: 16m40s is out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.authorize.Defaults(&app)
			check(t, tc.authorize.Validate(&app), tc.want)
		})
	}
}

func check(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("Validate = %v, want nil", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("Validate = %v, want %q in it", err, want)
	}
}

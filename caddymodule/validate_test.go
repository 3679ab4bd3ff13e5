package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/sluicegate/sluice/config"
)

// mistake is a Caddyfile with a mistake, and the expected error of `sluice validate`.
type mistake struct {
	block string            // in the sluice block
	site  string            // in the site's block; "" = a good gate
	files map[string]string // next to the Caddyfile
	env   map[string]string
	want  string // a part of the error; paths are relative to the Caddyfile's directory. "" = no error
}

const goodGate = "sluice_authorize {\n\t\tuser_pool us-east-1_notes0001\n\t\tallow any * *\n\t}"

const poolAndClient = "user_pool us-east-1_notes0001 {\n\t\t\tsettings pool.json\n\t\t\tclient 1example23456789abcdefghij {\n\t\t\t\tsettings client.json\n\t\t\t}\n\t\t}"

// validate checks the Caddyfile as `sluice validate` does.
func (m *mistake) validate(t *testing.T) error {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"pool.json": "{}", "client.json": "{}", "policy.json": allowEverything}
	for name, text := range m.files {
		files[name] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range m.env {
		t.Setenv(name, value)
	}
	block, site := m.block, m.site
	if block == "" {
		block = poolAndClient
	}
	if site == "" {
		site = goodGate
	}
	text := "{\n\tadmin off\n\tsluice {\n\t\t" + block + "\n\t}\n}\nhttp://127.0.0.1:1 {\n\t" + site + "\n}\n"
	path := filepath.Join(dir, "Caddyfile")
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": path})
	if err == nil {
		var cfg caddy.Config
		if err := json.Unmarshal(adapted, &cfg); err != nil {
			t.Fatal(err)
		}
		if err = caddy.Validate(&cfg); err == nil {
			err = provisioned.Load().tryStart(t.Context())
		}
	}
	if _, missing := os.Stat(filepath.Join(dir, "data")); missing == nil {
		t.Error("validate made the data directory")
	}
	if err != nil {
		err = &shortened{strings.ReplaceAll(err.Error(), dir+"/", "")}
	}
	return err
}

type shortened struct{ text string }

func (s *shortened) Error() string { return s.text }

const allowEverything = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`

// storeSite is a site before a store; line is in the block of the signature, and proxy is what follows sluice_credentials.
func storeSite(line, proxy string) string {
	return "sluice_authorize {\n\t\tsigv4 s3\n\t\tallow any * *\n\t}\n\tsluice_credentials {\n\t\tsigv4 s3 {\n\t\t\taccess_key a\n\t\t\tsecret_key b\n\t\t\t" + line + "\n\t\t}\n\t}\n\t" + proxy
}

// Every mistake that prevents a start is an error of validate, which says how to correct it.
func TestValidateRefusesTypicalMistakes(t *testing.T) {
	role := func(lines string) string { return poolAndClient + "\n\t\trole reader {\n\t\t\t" + lines + "\n\t\t}" }
	const identityPool = "us-east-1:11111111-2222-4333-8444-555555555555"
	idPool := func(lines string) string {
		return poolAndClient + "\n\t\tidentity_pool " + identityPool + " {\n\t\t\t" + lines + "\n\t\t}"
	}
	define := func(lines string) string {
		return poolAndClient + "\n\t\ttrigger arn:aws:lambda:us-east-1:123456789012:function:define {\n\t\t\t" + lines + "\n\t\t}"
	}
	client := func(lines string) string {
		return "user_pool us-east-1_notes0001 {\n\t\t\tclient 1example23456789abcdefghij {\n\t\t\t\t" + lines + "\n\t\t\t}\n\t\t}"
	}
	for name, m := range map[string]mistake{
		"nothing wrong": {},

		// settings files
		"a misspelt member of a pool's settings": {files: map[string]string{"pool.json": "{\n  \"AutoVerifiedAttribute\": [\"email\"]\n}"},
			want: `pool.json:2:3: the request has no member "AutoVerifiedAttribute"; did you mean AutoVerifiedAttributes?`},
		"a misspelt member inside": {files: map[string]string{"pool.json": "{\"Policies\": {\n  \"PasswordPolicy\": {\"MinLength\": 12}\n}}"},
			want: `pool.json:2:22: Policies.PasswordPolicy has no member "MinLength"`},
		"a misspelt member of a client's settings": {files: map[string]string{"client.json": "{\"ExplicitAuthFlow\": []}"},
			want: `client.json:1:2: the request has no member "ExplicitAuthFlow"; did you mean ExplicitAuthFlows?`},
		"a member of the wrong type": {files: map[string]string{"pool.json": "{\n\"AutoVerifiedAttributes\": \"email\"}"},
			want: "pool.json:2:27: AutoVerifiedAttributes takes a list, not a string"},
		"settings that are invalid JSON": {files: map[string]string{"pool.json": "{\n\"PoolName\": \"x\",\n}"}, want: "pool.json:3:1: expected a member's name in double quotes"},
		"settings that end early":        {files: map[string]string{"pool.json": "{\n\"PoolName\": \"x\""}, want: "pool.json:2:16: expected a comma or '}' in the object"},
		"a value out of range": {files: map[string]string{"pool.json": "{\"Policies\": {\"PasswordPolicy\": {\n\"MinimumLength\": 3}}}"},
			want: "pool.json:2:1: user pool us-east-1_notes0001: 1 validation error detected: Value '3' at 'policies.passwordPolicy.minimumLength'"},
		"MFA without a factor": {files: map[string]string{"pool.json": "{\n\n\"MfaConfiguration\": \"ON\"}"},
			want: "pool.json:3:1: user pool us-east-1_notes0001: MfaConfiguration ON needs a factor"},
		"MFA with TOTP": {files: map[string]string{"pool.json": "{\"MfaConfiguration\": \"ON\", \"SoftwareTokenMfaConfiguration\": {\"Enabled\": true}}"}},
		"two ways to sign in by e-mail": {files: map[string]string{"pool.json": "{\n\"AliasAttributes\": [\"email\"],\n\"UsernameAttributes\": [\"email\"]}"},
			want: "pool.json:3:1: user pool us-east-1_notes0001: Only one of the aliasAttributes or usernameAttributes can be set"},
		"a type in lower case": {files: map[string]string{"pool.json": "{\"Schema\": [{\n\"Name\": \"team\",\n\"AttributeDataType\": \"string\"}]}"},
			want: "pool.json:3:1: user pool us-east-1_notes0001: 1 validation error detected: Value 'string' at 'schema.1.member.attributeDataType'"},
		"a callback without a scheme": {files: map[string]string{"client.json": "{\"CallbackURLs\": [\n\"app.example.com/cb\"], \"AllowedOAuthFlows\": [\"code\"], \"AllowedOAuthScopes\": [\"openid\"], \"AllowedOAuthFlowsUserPoolClient\": true}"},
			want: "client.json:2:1: user pool us-east-1_notes0001: client 1example23456789abcdefghij: app.example.com/cb is not an absolute URI"},
		"a mail's sender that is no address": {block: "smtp mail.example.com:587 {\n\t\t\tfrom Notes\n\t\t}\n\t\t" + poolAndClient, want: "Caddyfile:4: smtp: from: \"Notes\" is not an e-mail address"},
		"a URL in place of Redis's address":  {block: "redis redis://127.0.0.1:6379\n\t\t" + poolAndClient, want: "Caddyfile:4: redis: \"redis://127.0.0.1:6379\" is not an address; write host:port"},
		"a flow that does not exist": {files: map[string]string{"client.json": "{\n\"ExplicitAuthFlows\": [\"USER_AUTH_PASSWORD\"]}"},
			want: "client.json:2:1: user pool us-east-1_notes0001: client 1example23456789abcdefghij: 1 validation error detected"},
		"a client with an attribute that the pool does not have": {files: map[string]string{"client.json": "{\"ReadAttributes\": [\"emial\"]}"},
			want: "client.json:1:2: user pool us-east-1_notes0001: client 1example23456789abcdefghij: ReadAttributes names emial, which is not an attribute of the pool"},
		"a client with a custom attribute that nothing adds": {files: map[string]string{"client.json": "{\"ReadAttributes\": [\"custom:team\"]}"},
			want: "Invalid read attributes specified while creating a client"},
		"a client with a scope that no resource server has": {files: map[string]string{"client.json": `{"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["api/read"], "CallbackURLs": ["https://a.example"]}`},
			want: "client 1example23456789abcdefghij: ScopeDoesNotExist: Invalid scope requested: api/read"},
		"a client with a provider that nobody declares": {files: map[string]string{"client.json": `{"SupportedIdentityProviders": ["Google"]}`},
			want: "The provider Google does not exist for User Pool us-east-1_notes0001."},
		"a settings file that does not exist": {block: "user_pool us-east-1_notes0001 {\n\t\t\tsettings pol.json\n\t\t}",
			want: "file pol.json does not exist; paths are relative to the directory of the Caddyfile, at Caddyfile:5"},

		// policy files
		"a mistake in a role's policy": {block: role("trust identity_pool "+identityPool+" guest\n\t\t\tpolicy policy.json") +
			"\n\t\tidentity_pool " + identityPool, files: map[string]string{"policy.json": "{\"Version\": \"2012-10-17\",\n \"Statement\": [{\"Effect\": \"Alow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"},
			want: "policy.json:2:27: Statement[0].Effect"},
		"a mistake in a trust policy": {block: role("trust policy.json"), files: map[string]string{"policy.json": allowEverything}, want: "policy.json:1:"},
		"a mistake in a route's policy": {site: strings.Replace(goodGate, "allow any * *", "policy policy.json", 1), files: map[string]string{"policy.json": "{}"},
			want: "policy.json:1:"},

		// routes
		"a route without a rule": {site: strings.Replace(goodGate, "\t\tallow any * *\n", "", 1),
			want: "Caddyfile:13: sluice_authorize: no rule and no policy allows anything here, so every request would be refused; add: allow any * *, or: policy <file>"},
		"a route that only denies": {site: strings.Replace(goodGate, "allow", "deny", 1), want: "no rule and no policy allows anything here"},
		"a route of an undeclared pool": {site: strings.Replace(goodGate, "notes0001", "note0001", 1),
			want: "no such user pool is declared in the sluice block; did you mean us-east-1_notes0001?"},
		"an issuer over plain http": {site: "sluice_authorize {\n\t\tissuer http://idp.example.com/x {\n\t\t\tany_client\n\t\t}\n\t\tallow any * *\n\t}",
			want: "Caddyfile:14: issuer http://idp.example.com/x: the issuer is plain http, and keys fetched that way could be replaced on the way; write https://idp.example.com/x"},
		"keys over plain http": {site: "sluice_authorize {\n\t\tissuer https://idp.example.com {\n\t\t\tjwks_url http://idp.example.com/keys\n\t\t\tany_client\n\t\t}\n\t\tallow any * *\n\t}",
			want: "jwks_url is plain http"},
		"an issuer of this machine": {site: "sluice_authorize {\n\t\tissuer http://localhost:8000 {\n\t\t\tany_client\n\t\t}\n\t\tallow any * *\n\t}"},

		// identity pools and roles
		"guests without a role": {block: idPool("guests on"), want: "guests are enabled but have no role; add: role guest <name>"},
		"an identity pool of an unknown user pool": {block: idPool("user_pool us-east-1_note0001"),
			want: "user_pool us-east-1_note0001: no user pool with this id is declared; did you mean us-east-1_notes0001?"},
		"a role that does not exist": {block: idPool("role authenticated raeder") + "\n\t\trole reader {\n\t\t\ttrust policy.json\n\t\t}",
			want: `role authenticated: no role "raeder" is declared; did you mean reader?`},
		"a group whose role does not exist": {block: "user_pool us-east-1_notes0001 {\n\t\t\tgroup readers {\n\t\t\t\trole reader\n\t\t\t}\n\t\t}",
			want: `group readers: role: no role "reader" is declared`},
		"a trust in an unknown identity pool": {block: role("trust identity_pool us-east-1:11111111-2222-4333-8444-555555555556 guest") + "\n\t\tidentity_pool " + identityPool,
			want: "Caddyfile:11: role reader: trust identity_pool us-east-1:11111111-2222-4333-8444-555555555556: no such identity pool is declared; did you mean " + identityPool + "?"},
		"a role without a trust": {block: role("description x"), want: "no one may assume this role; add: trust identity_pool"},

		// triggers
		"a syntax error of a trigger": {block: define("javascript define.mjs"), files: map[string]string{"define.mjs": "export const handler = async () => {\n  return 1 +;\n};\n"},
			want: "Caddyfile:11: trigger arn:aws:lambda:us-east-1:123456789012:function:define: javascript: define.mjs:2:13: SyntaxError: "},
		"a trigger that only fails when it runs": {block: define("javascript define.mjs"), files: map[string]string{"define.mjs": "throw new Error('x');"}},
		"a program that does not exist":          {block: define("command ./define"), want: "Caddyfile:11: trigger arn:aws:lambda:us-east-1:123456789012:function:define: command: "},
		"a program in PATH":                      {block: define("command sh define.sh")},
		"a trigger's URL with a password": {block: define("url https://a:b@hooks.example/define"),
			want: "the URL has a name or a password; use: header Authorization <value>"},
		"a trigger's URL that is not one": {block: define("invoke localhost:9001"), want: `"localhost:9001" is not a URL`},
		"a trigger's header that is no name": {block: define("url https://hooks.example/define\n\t\t\theader \"Bad Name\" x"),
			want: `Caddyfile:12: trigger arn:aws:lambda:us-east-1:123456789012:function:define: header: "Bad Name" is not the name of a header`},
		"a trigger's header with a line end": {block: define("url https://hooks.example/define\n\t\t\theader X \"a\nb\""),
			want: "header: the value of X has control characters"},
		"a trigger's header of the connection": {block: define("url https://hooks.example/define\n\t\t\theader host x"),
			want: "header: host cannot be set; it belongs to the connection"},
		"a trigger with placeholders": {block: define("url https://{env.SLUICE_TEST_SECRET}/define\n\t\t\theader X {env.SLUICE_TEST_SECRET}"),
			env: map[string]string{"SLUICE_TEST_SECRET": "hooks.example"}},
		"a key that is set twice": {block: "kms_key alias/a\n\t\tkms_key alias/b\n\t\tkms_key alias/a\n\t\t" + poolAndClient,
			want: "Caddyfile:4: kms_key: alias/a is set twice; remove one of them"},
		"a key that is set twice in two forms": {block: "kms_key alias/a\n\t\tkms_key arn:aws:kms:us-east-1:000000000000:alias/a\n\t\t" + poolAndClient,
			want: "is set twice; remove one of them"},
		"a key that is none": {block: "kms_key codes\n\t\t" + poolAndClient, want: `Caddyfile:4: kms_key: "codes" is not a key`},
		"a host with a path": {block: define("javascript define.mjs\n\t\t\tfetch https://api.example.com/v1"), files: map[string]string{"define.mjs": ""},
			want: `"https://api.example.com/v1" is not a host`},
		"a trigger's variable that is not set": {block: define("javascript define.mjs\n\t\t\tenv KEY {env.SLUICE_TEST_UNSET}"), files: map[string]string{"define.mjs": ""},
			want: "env KEY: {env.SLUICE_TEST_UNSET} is not set, or empty"},

		// what else the start refuses
		"a mail server's port that is none":   {block: "smtp mail.example.com:99999 {\n\t\t\tfrom a@example.com\n\t\t}\n\t\t" + poolAndClient, want: "Caddyfile:4: smtp: "},
		"a Redis database that is none":       {block: "redis 127.0.0.1:6379 {\n\t\t\tdatabase -1\n\t\t}\n\t\t" + poolAndClient, want: "redis: database: -1 is no database"},
		"a list of passwords that is missing": {block: "compromised_passwords nowhere\n\t\t" + poolAndClient, want: "compromised_passwords: breach: stat nowhere: no such file or directory"},
		"a certificate for Redis that is missing": {block: "redis 127.0.0.1:6379 {\n\t\t\ttls {\n\t\t\t\tca nowhere.pem\n\t\t\t}\n\t\t}\n\t\t" + poolAndClient,
			want: "nowhere.pem: no such file or directory"},
		"a database's password that is missing": {block: "store postgres://sluice@127.0.0.1/sluice {\n\t\t\tpassword_file nowhere\n\t\t}\n\t\t" + poolAndClient,
			want: "store: password_file: open nowhere: no such file or directory"},
		"a backup with an unknown option":      {block: "backup {\n\t\t\tto s3://backups/x?regoin=eu-central-1\n\t\t}\n\t\t" + poolAndClient, want: `there is no option "regoin"`},
		"a backup into a file":                 {block: "backup {\n\t\t\tto policy.json\n\t\t}\n\t\t" + poolAndClient, want: "policy.json is a file; name a folder"},
		"a master key's variable without key":  {block: "master_key env SLUICE_TEST_UNSET\n\t\t" + poolAndClient, want: "SLUICE_TEST_UNSET is empty"},
		"a master key's file that is missing":  {block: "master_key file nowhere.key\n\t\t" + poolAndClient, want: "there is no file nowhere.key"},
		"a master key's program that is no":    {block: "master_key command sluice-test-no-program\n\t\t" + poolAndClient, want: "master_key command: exec: \"sluice-test-no-program\""},
		"an identity pool's name with a slash": {block: idPool("name a/b"), want: `"a/b" is no name of an identity pool`},
		"an identity pool's role that is no role": {block: idPool("role authenticated arn:aws:s3:::x"),
			want: "role authenticated: \"arn:aws:s3:::x\" is not the ARN of a role"},
		"a role mapping without a user pool": {block: idPool("role_mapping token"), want: "role_mapping and ambiguous are about tokens of user pools"},
		"a declared user's weak password": {block: "allow_declared_users on\n\t\tuser_pool us-east-1_notes0001 {\n\t\t\tuser ada {\n\t\t\t\tpassword abc\n\t\t\t}\n\t\t}",
			want: "user ada: InvalidPassword: Password did not conform with policy"},
		"a mapping to an attribute that the pool lacks": {block: "user_pool us-east-1_notes0001 {\n\t\t\tidentity_provider Google {\n\t\t\t\tclient_id a\n\t\t\t\tclient_secret b\n\t\t\t\tscopes openid\n\t\t\t\tmap custom:x y\n\t\t\t}\n\t\t}",
			want: "identity_provider Google: InvalidParameter: AttributeMapping contains invalid mapping: [custom:x]"},
		"a placeholder in an option without a secret": {block: "compromised_passwords {env.SLUICE_TEST_UNSET}\n\t\t" + poolAndClient,
			want: "compromised_passwords: {env.SLUICE_TEST_UNSET} is not set, or empty; set it, or remove the option, at Caddyfile:4"},
		"a placeholder in a backup's folder": {block: "backup {\n\t\t\tto {env.SLUICE_TEST_UNSET}\n\t\t}\n\t\t" + poolAndClient,
			want: "backup: {env.SLUICE_TEST_UNSET} is not set, or empty; set it, or remove the option, at Caddyfile:5"},

		// what a route can never do
		"an endpoint with a port": {site: "sluice_authorize {\n\t\tsigv4 s3 {\n\t\t\thosts s3.example.com:443\n\t\t}\n\t\tallow any * *\n\t}",
			want: `"s3.example.com:443" is not a host name`},
		"a prefix that is not canonical":     {site: "sluice_authorize {\n\t\tsigv4 s3 {\n\t\t\tprefix /s%3\n\t\t}\n\t\tallow any * *\n\t}", want: `"/s%3" is not a canonical path`},
		"an endpoint of API Gateway's":       {site: "sluice_authorize {\n\t\tsigv4 execute-api {\n\t\t\thosts a.example\n\t\t}\n\t\tallow any * *\n\t}", want: "have an effect with sigv4 s3 only"},
		"a misspelt method":                  {site: strings.Replace(goodGate, "allow any * *", "allow any GTE *", 1), want: "GTE is not a method of HTTP; did you mean GET?"},
		"a method that caches know":          {site: strings.Replace(goodGate, "allow any * *", "allow any PURGE,GET *", 1)},
		"methods that are no misspellings":   {site: strings.Replace(goodGate, "allow any * *", "allow any LIST,TRACK,POLL,SET,BDELETE,BMOVE,BCOPY,SUBSCRIBE,READ,WATCH * \n\t\tcors https://a.example {\n\t\t\tmethods LIST POLL SAVE\n\t\t}", 1)},
		"a misspelt client in a deny rule":   {site: strings.Replace(goodGate, "allow any * *", "allow any * *\n\t\tdeny client 1example23456789abcdefghik * *", 1), want: "declares the client 1example23456789abcdefghik, so the rule would never match"},
		"groups of an issuer that has none":  {site: "sluice_authorize {\n\t\tissuer google {\n\t\t\tclient_id a\n\t\t}\n\t\tallow group a * *\n\t}", want: "tokens of https://accounts.google.com have no groups"},
		"an audience with a placeholder":     {site: "sluice_authorize {\n\t\tissuer https://a.example {\n\t\t\taudience {env.SLUICE_TEST_UNSET}\n\t\t}\n\t\tallow any * *\n\t}", want: "{env.SLUICE_TEST_UNSET} is not replaced here"},
		"a header of the connection":         {site: strings.Replace(goodGate, "allow any * *", "allow any * *\n\t\theader Connection x", 1), want: "header Connection: the server sets this header itself"},
		"a header with a line break":         {site: strings.Replace(goodGate, "allow any * *", "allow any * *\n\t\theader X-A \"a\nb\"", 1), want: "a value has no line breaks and other control characters"},
		"a misspelt placeholder of the user": {site: strings.Replace(goodGate, "allow any * *", "allow any * *\n\t\theader X-A {http.auth.user.emial}", 1), want: "there is no placeholder {http.auth.user.emial}, so the header would never be set; did you mean email?"},
		"a route's header that is not set": {site: strings.Replace(goodGate, "allow any * *", "allow any * *\n\t\theader X-A {env.SLUICE_TEST_UNSET}", 1),
			want: "header X-A: {env.SLUICE_TEST_UNSET} is not set, or empty; set it, or remove the option, at Caddyfile:16"},

		// sluice_credentials and what is before and after it
		"credentials without a gate":    {site: "sluice_credentials {\n\t\theader X-Key a\n\t}\n\treverse_proxy 127.0.0.1:1", want: "sluice_credentials: no sluice_authorize comes before it"},
		"credentials of a store":        {site: storeSite("", "reverse_proxy 127.0.0.1:1")},
		"credentials without a proxy":   {site: storeSite("", "respond ok"), want: "no reverse_proxy follows it; write `host <the store's host>`"},
		"a gate that does not know S3":  {site: strings.Replace(storeSite("", "reverse_proxy 127.0.0.1:1"), "sigv4 s3\n\t\tallow", "user_pool us-east-1_notes0001\n\t\tallow", 1), want: "the sluice_authorize before it does not decide on S3 requests"},
		"a Host that the proxy changes": {site: storeSite("", "reverse_proxy 127.0.0.1:1 {\n\t\theader_up Host {env.SLUICE_TEST_UNSET}\n\t}"), want: "reverse_proxy changes the Host after it was signed"},
		"a path that the proxy changes": {site: storeSite("", "reverse_proxy 127.0.0.1:1 {\n\t\trewrite /x{uri}\n\t}"), want: "reverse_proxy changes method or URI after they were signed"},
		"a signature that the proxy removes": {site: storeSite("", "reverse_proxy 127.0.0.1:1 {\n\t\theader_up -Authorization\n\t}"),
			want: "reverse_proxy changes Authorization, which is part of the signature"},
		"a proxy to another upstream on another path": {site: storeSite("", "reverse_proxy /other* 127.0.0.1:2 {\n\t\trewrite /x{uri}\n\t\theader_up Authorization x\n\t}\n\treverse_proxy 127.0.0.1:1")},
		"only proxies that change what is signed": {site: storeSite("", "reverse_proxy /other* 127.0.0.1:2 {\n\t\trewrite /x{uri}\n\t}\n\treverse_proxy 127.0.0.1:1 {\n\t\theader_up -Authorization\n\t}"),
			want: "sluice_credentials, sigv4 s3: reverse_proxy changes"},
		"an upstream that is not known": {site: storeSite("", "reverse_proxy {env.SLUICE_TEST_UNSET}"), want: "the upstreams of reverse_proxy are not known at the start"},
		"a region with a placeholder":   {site: storeSite("region {env.SLUICE_TEST_UNSET}", "reverse_proxy 127.0.0.1:1"), want: "{env.SLUICE_TEST_UNSET} is not replaced here"},
		"regions of other stores": {site: storeSite("region RegionOne", "reverse_proxy 127.0.0.1:1") + "\n}\nhttp://127.0.0.2:1 {\n\t" + storeSite("region us_east", "reverse_proxy 127.0.0.1:1") +
			"\n}\nhttp://127.0.0.3:1 {\n\t" + storeSite("region WAW3-1.x", "reverse_proxy 127.0.0.1:1")},
		"a region with a slash":          {site: storeSite("region eu/west", "reverse_proxy 127.0.0.1:1"), want: `region "eu/west" cannot be in a signature`},
		"a header that the signature is": {site: strings.Replace(storeSite("", "reverse_proxy 127.0.0.1:1"), "sluice_credentials {", "sluice_credentials {\n\t\theader Authorization x", 1), want: "sigv4 s3 sets it; remove one of them"},

		// secrets
		"a client secret that is not set": {block: client("secret {env.SLUICE_TEST_UNSET}"),
			want: "user_pool us-east-1_notes0001: client 1example23456789abcdefghij: secret: {env.SLUICE_TEST_UNSET} is not set, or empty; set it, or remove the option, at Caddyfile:6"},
		"a client secret that is empty": {block: client("secret {env.SLUICE_TEST_EMPTY}"), env: map[string]string{"SLUICE_TEST_EMPTY": ""},
			want: "{env.SLUICE_TEST_EMPTY} is not set, or empty"},
		"a client secret that is empty in the file": {block: client(`secret ""`), want: "secret is empty; write: secret <secret>, or remove the line, at Caddyfile:6"},
		"a client secret that is too short": {block: client("secret {env.SLUICE_TEST_SHORT}"), env: map[string]string{"SLUICE_TEST_SHORT": "0123456789"},
			want: "client 1example23456789abcdefghij: the secret has fewer than 24 characters"},
		"a client secret that is set": {block: client("secret {env.SLUICE_TEST_SECRET}"), env: map[string]string{"SLUICE_TEST_SECRET": "0123456789012345678901234567"}},
		"a mail password that is not set": {block: "smtp mail.example.com:587 {\n\t\t\tfrom a@example.com\n\t\t\tusername a\n\t\t\tpassword {env.SLUICE_TEST_UNSET}\n\t\t}\n\t\t" + poolAndClient,
			want: "smtp: password: {env.SLUICE_TEST_UNSET} is not set, or empty; set it, or remove the option, at Caddyfile:7"},
		"an SMS provider without the text": {block: "sms https://sms.example.com {\n\t\t\tbody to={sms.to}\n\t\t}\n\t\t" + poolAndClient,
			want: "Caddyfile:4: sms: the request has no {sms.to} or no {sms.text}; put both into the body"},
		"an SMS provider's number outside of a text": {block: "sms https://sms.example.com {\n\t\t\tbody `{\"to\": {sms.to}, \"text\": \"{sms.text}\"}`\n\t\t}\n\t\t" + poolAndClient,
			want: "Caddyfile:4: sms: body: it is not JSON with each placeholder inside of a text"},
		"an SMS provider's key that is not set": {block: "sms https://sms.example.com {\n\t\t\theader X-Key {env.SLUICE_TEST_UNSET}\n\t\t\tbody t={sms.to}&x={sms.text}\n\t\t}\n\t\t" + poolAndClient,
			want: "sms: header X-Key: {env.SLUICE_TEST_UNSET} is not set, or empty"},
		"an SMS provider's sender without a value": {block: "sms https://sms.example.com {\n\t\t\tbody t={sms.to}&x={sms.text}&f={sms.sender}\n\t\t}\n\t\t" + poolAndClient,
			want: "Caddyfile:4: sms: {sms.sender} has no value; add: sender <name or number>"},
		"an SMS provider": {block: "sms https://sms.example.com {\n\t\t\theader X-Key {env.SLUICE_TEST_SECRET}\n\t\t\tbody t={sms.to}&x={sms.text}\n\t\t}\n\t\t" + poolAndClient,
			env: map[string]string{"SLUICE_TEST_SECRET": "0123456789012345678901234567"}},
		"a Redis password that is not set": {block: "redis 127.0.0.1:6379 {\n\t\t\tpassword {env.SLUICE_TEST_UNSET}\n\t\t}\n\t\t" + poolAndClient,
			want: "redis: password: {env.SLUICE_TEST_UNSET} is not set, or empty"},
		"a store's secret key that is not set": {site: goodGate + "\n\tsluice_credentials {\n\t\tsigv4 s3 {\n\t\t\taccess_key a\n\t\t\tsecret_key {env.SLUICE_TEST_UNSET}\n\t\t}\n\t}",
			want: "sigv4 s3: secret_key: {env.SLUICE_TEST_UNSET} is not set, or empty; set it, or remove the option, at Caddyfile:20"},
		"an upstream's header that is not set": {site: goodGate + "\n\tsluice_credentials {\n\t\theader Authorization \"Bearer {env.SLUICE_TEST_UNSET}\"\n\t}",
			want: "header Authorization: {env.SLUICE_TEST_UNSET} is not set, or empty; set it, or remove the option, at Caddyfile:18"},
		"a header of the request":              {site: goodGate + "\n\tsluice_credentials {\n\t\theader X-User \"{http.auth.user.id}\"\n\t}"},
		"an upstream's header with two values": {site: goodGate + "\n\tsluice_credentials {\n\t\theader X-User a\n\t\theader X-User b\n\t}"},
		"half of the administrator's key": {env: map[string]string{"SLUICE_ROOT_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
			want: "the administrator's key needs both parts; set SLUICE_ROOT_ACCESS_KEY_ID and SLUICE_ROOT_SECRET_ACCESS_KEY, or neither"},
		"an administrator's secret that is too short": {env: map[string]string{"SLUICE_ROOT_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "SLUICE_ROOT_SECRET_ACCESS_KEY": "short"},
			want: "SLUICE_ROOT_SECRET_ACCESS_KEY has fewer than 16 characters"},
		"the administrator's secret that everybody knows": {env: map[string]string{"SLUICE_ROOT_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
			"SLUICE_ROOT_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, want: "SLUICE_ROOT_SECRET_ACCESS_KEY is the public example of AWS's documentation"},
		"an invalid administrator's key id": {env: map[string]string{"SLUICE_ROOT_ACCESS_KEY_ID": "root", "SLUICE_ROOT_SECRET_ACCESS_KEY": "0123456789012345"},
			want: "SLUICE_ROOT_ACCESS_KEY_ID is not 16 to 128 letters, digits and underscores"},
		"an invalid master key": {env: map[string]string{"SLUICE_MASTER_KEY": "secret"}, want: "SLUICE_MASTER_KEY: seal: a master key must be 32 bytes in base64"},
	} {
		t.Run(name, func(t *testing.T) {
			switch err := m.validate(t); {
			case m.want == "" && err != nil:
				t.Error(err)
			case m.want != "" && err == nil:
				t.Errorf("no error, want: %s", m.want)
			case m.want != "" && !strings.Contains(err.Error(), m.want):
				t.Errorf("got:\n%v\nwant:\n%s", err, m.want)
			}
		})
	}
}

// A store may have what the configuration lacks, such as a scope that was added through the API.
func TestValidateOnlyWarnsOfWhatAStoreMayHave(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"client.json": `{"ReadAttributes": ["custom:team"]}`, "data/sluice.db": ""} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := "{\n\tadmin off\n\tsluice {\n\t\tuser_pool us-east-1_notes0001 {\n\t\t\tclient 1example23456789abcdefghij {\n\t\t\t\tsettings client.json\n\t\t\t}\n\t\t}\n\t}\n}\nhttp://127.0.0.1:1 {\n\t" + goodGate + "\n}\n"
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": filepath.Join(dir, "Caddyfile")})
	if err != nil {
		t.Fatal(err)
	}
	var cfg caddy.Config
	if err := json.Unmarshal(adapted, &cfg); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(caddy.Validate(&cfg), provisioned.Load().tryStart(t.Context())); err != nil {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := provisioned.Load().tryStart(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if made, err := os.ReadDir(filepath.Join(dir, "data")); err != nil || len(made) != 1 {
		t.Errorf("validate wrote to the data directory: %v %v", made, err)
	}
}

// The APIs may have made what is not declared, so these are warnings.
func TestValidateDoubtsNamesThatNobodyDeclares(t *testing.T) {
	for name, tc := range map[string]struct{ line, want string }{
		"a group":             {"allow group readres GET /*", `no group "readres" is declared`},
		"a scope":             {"require scope api/read GET /*", `no scope "api/read" is declared`},
		"a role":              {"deny role edtior * /*", `no role "edtior" is declared`},
		"the client of login": {"login zzzzzzzzzzzzzzzzzzzzzzzzzz", `no client "zzzzzzzzzzzzzzzzzzzzzzzzzz" is declared.`},
		"a standard scope":    {"require scope openid GET /*", ""},
	} {
		m := mistake{site: strings.Replace(goodGate, "allow any * *", "allow any * *\n\t\t"+tc.line, 1)}
		if err := m.validate(t); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		doubts := strings.Join(provisioned.Load().plan.Doubts(), "\n")
		if (tc.want == "") != (doubts == "") || !strings.Contains(doubts, tc.want) {
			t.Errorf("%s: %q, want %q", name, doubts, tc.want)
		}
	}
}

func TestABackupGoesToThePlaceThatAPlaceholderNames(t *testing.T) {
	dir := t.TempDir()
	for value, want := range map[string]string{"copies": dir + "/copies/", "/var/backups": "/var/backups/", "s3://backups/x?region=eu-central-1": "s3://backups/x?region=eu-central-1"} {
		t.Setenv("SLUICE_TEST_BACKUPS", value)
		app := &App{}
		app.BaseDir = dir
		app.Backups = []config.Backup{{To: "{env.SLUICE_TEST_BACKUPS}"}}
		if err := app.replace(caddy.NewReplacer()); err != nil || app.Backups[0].To != want {
			t.Errorf("%s: %q, %v", value, app.Backups[0].To, err)
		}
	}
	unset := mistake{block: poolAndClient + "\n\t\tbackup {\n\t\t\tto {env.SLUICE_TEST_NOWHERE}\n\t\t}", want: "backup: {env.SLUICE_TEST_NOWHERE} is not set, or empty"}
	if err := unset.validate(t); err == nil || !strings.Contains(err.Error(), unset.want) {
		t.Error(err)
	}
}

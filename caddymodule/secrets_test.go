package caddymodule

import (
	"strings"
	"testing"
)

// A secret whose placeholder has no value would be an empty secret, or none: a public client, a mail server without a password.
func TestASecretWithoutAValueStopsTheStartByName(t *testing.T) {
	const unset = "{env.SLUICE_TEST_UNSET}"
	pool := func(lines string) string {
		return "allow_declared_users on\n\t\tuser_pool us-east-1_notes0001 {\n\t\t\t" + lines + "\n\t\t}"
	}
	app := func(lines string) string { return lines + "\n\t\t" + poolAndClient }
	files := map[string]string{"define.mjs": ""}
	for name, m := range map[string]mistake{
		"a client's secret": {block: pool("client 1example23456789abcdefghij {\n\t\t\t\tsecret " + unset + "\n\t\t\t}"),
			want: "client 1example23456789abcdefghij: secret"},
		"a declared user's password": {block: pool("user ada {\n\t\t\t\tpassword " + unset + "\n\t\t\t}"), want: "user ada: password"},
		"a provider's secret": {block: pool("identity_provider Google {\n\t\t\t\tclient_id a\n\t\t\t\tclient_secret " + unset + "\n\t\t\t\tscopes openid\n\t\t\t}"),
			want: "identity_provider Google: client_secret"},
		"the mail server's password": {block: app("smtp mail.example.com:587 {\n\t\t\tfrom a@example.com\n\t\t\tusername a\n\t\t\tpassword " + unset + "\n\t\t}"), want: "smtp: password"},
		"the SMS provider's header":  {block: app("sms https://sms.example.com {\n\t\t\theader X-Key " + unset + "\n\t\t\tbody t={sms.to}&x={sms.text}\n\t\t}"), want: "sms: header X-Key"},
		"the SMS provider's password": {block: app("sms https://sms.example.com {\n\t\t\tbasic_auth a " + unset + "\n\t\t\tbody t={sms.to}&x={sms.text}\n\t\t}"),
			want: "sms: basic_auth"},
		"the SMS provider's key": {block: app("sms https://sms.example.com {\n\t\t\tsigv4 sns eu-central-1 AKIAEXAMPLE12345 " + unset + "\n\t\t\tbody t={sms.to}&x={sms.text}\n\t\t}"),
			want: "sms: sigv4"},
		"the Sentinels' password": {block: app("redis 127.0.0.1:26379 {\n\t\t\tmaster main\n\t\t\tsentinel_password " + unset + "\n\t\t}"), want: "redis: sentinel_password"},
		"Redis's password":        {block: app("redis 127.0.0.1:6379 {\n\t\t\tpassword " + unset + "\n\t\t}"), want: "redis: password"},
		"the database's URL":      {block: app("store " + unset), want: "store"},
		"a trigger's header":      {block: app("trigger arn:aws:lambda:us-east-1:123456789012:function:f {\n\t\t\turl https://hooks.example/f\n\t\t\theader Authorization " + unset + "\n\t\t}"), want: "header Authorization"},
		"a trigger's variable":    {block: app("trigger arn:aws:lambda:us-east-1:123456789012:function:f {\n\t\t\tjavascript define.mjs\n\t\t\tenv KEY " + unset + "\n\t\t}"), files: files, want: "env KEY"},
		"the key of a store":      {site: strings.Replace(storeSite("", "reverse_proxy 127.0.0.1:1"), "secret_key b", "secret_key "+unset, 1), want: "sigv4 s3: secret_key"},
		"the key's id":            {site: strings.Replace(storeSite("", "reverse_proxy 127.0.0.1:1"), "access_key a", "access_key "+unset, 1), want: "sigv4 s3: access_key"},
		"an upstream's header":    {site: goodGate + "\n\tsluice_credentials {\n\t\theader Authorization \"Bearer " + unset + "\"\n\t}", want: "header Authorization"},
		"a route's header":        {site: strings.Replace(goodGate, "allow any * *", "allow any * *\n\t\theader X-Key "+unset, 1), want: "header X-Key"},
		"the secret of a login": {site: "sluice_authorize {\n\t\tissuer https://idp.example.com {\n\t\t\tclient_id web\n\t\t}\n\t\tlogin web " + unset + " {\n\t\t\twith https://idp.example.com\n\t\t}\n\t\tallow any * *\n\t}",
			want: "login: secret"},
	} {
		for state, env := range map[string]map[string]string{"unset": nil, "empty": {"SLUICE_TEST_UNSET": ""}} {
			t.Run(name+", "+state, func(t *testing.T) {
				m := m
				m.env = env
				if err := m.validate(t); err == nil || !strings.Contains(err.Error(), m.want+": "+unset+" is not set, or empty") {
					t.Errorf("%v, want %s and the placeholder", err, m.want)
				}
			})
		}
	}
}

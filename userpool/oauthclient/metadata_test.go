package oauthclient_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

func keySet(t *testing.T, count int) json.RawMessage {
	t.Helper()
	key, err := token.GenerateKey(rand.Reader, "ES256")
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]token.PublicKey, count)
	for i := range keys {
		keys[i] = key.Public()
		keys[i].ID = string(rune('a' + i))
	}
	set, err := token.MarshalJWKS(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestMetadataIsChecked(t *testing.T) {
	keys := keySet(t, 1)
	signs := func(change func(*oauthclient.Metadata)) *oauthclient.Metadata {
		m := &oauthclient.Metadata{AuthMethod: oauthclient.PrivateKeyJWT}
		change(m)
		return m
	}
	with := func(set string) *oauthclient.Metadata {
		return signs(func(m *oauthclient.Metadata) { m.Keys = json.RawMessage(set) })
	}
	from := func(url string) *oauthclient.Metadata {
		return signs(func(m *oauthclient.Metadata) { m.KeysURL = url })
	}
	exchange := func(subjects, audiences []string) *oauthclient.Metadata {
		return &oauthclient.Metadata{Exchange: &oauthclient.Exchange{Subjects: subjects, Audiences: audiences}}
	}
	one, many := []string{"a"}, strings.Fields(strings.Repeat("https://a.example ", 51))
	for name, tc := range map[string]struct {
		m    *oauthclient.Metadata
		want string // in the error; "" for none
	}{
		"none":                        {nil, ""},
		"nothing":                     {&oauthclient.Metadata{}, ""},
		"every flag":                  {&oauthclient.Metadata{Device: true, PKCE: true, PAR: true}, ""},
		"keys":                        {with(string(keys)), ""},
		"as many keys as one can":     {with(string(keySet(t, oauthclient.MaxKeys))), ""},
		"keys of a URL":               {from("https://app.example.com/keys"), ""},
		"keys of this host":           {from("http://localhost:9000/keys"), ""},
		"an exchange":                 {exchange(one, []string{"https://a.example", "urn:api"}), ""},
		"another method":              {&oauthclient.Metadata{AuthMethod: "client_secret_jwt"}, "client_secret_jwt"},
		"no keys":                     {signs(func(*oauthclient.Metadata) {}), "either"},
		"keys of both kinds":          {signs(func(m *oauthclient.Metadata) { m.Keys, m.KeysURL = keys, "https://a.example" }), "either"},
		"keys without the method":     {&oauthclient.Metadata{Keys: keys}, "private_key_jwt"},
		"a URL without the method":    {&oauthclient.Metadata{KeysURL: "https://a.example"}, "private_key_jwt"},
		"keys that are no JSON":       {with("keys"), "jwks"},
		"a set without keys":          {with(`{"keys": []}`), "no key"},
		"a shared secret":             {with(`{"keys": [{"kty": "oct", "k": "AAAA", "kid": "1"}]}`), "jwks"},
		"one key too many":            {with(string(keySet(t, oauthclient.MaxKeys+1))), "jwks"},
		"a set that is too long":      {with(`{"keys": [],` + strings.Repeat(" ", 64<<10) + `"a": 1}`), "too long"},
		"keys over plain HTTP":        {from("http://app.example.com/keys"), "https"},
		"plain HTTP to a lookalike":   {from("http://localhost.example.com/keys"), "https"},
		"a URL with a user":           {from("https://app@evil.example/keys"), "https"},
		"a URL with a fragment":       {from("https://app.example.com/keys#a"), "https"},
		"a URL of another scheme":     {from("file:///etc/passwd"), "https"},
		"a URL that is too long":      {from("https://app.example.com/" + strings.Repeat("a", 1024)), "https"},
		"an exchange of nobody":       {exchange(nil, []string{"https://a.example"}), "1 to 50"},
		"an exchange for nobody":      {exchange(one, nil), "1 to 50"},
		"an exchange for too many":    {exchange(one, many), "1 to 50"},
		"an exchange of too many":     {exchange(many, []string{"https://a.example"}), "1 to 50"},
		"an audience that is no URI":  {exchange(one, []string{"orders"}), "orders"},
		"an audience with a fragment": {exchange(one, []string{"https://a.example#b"}), "#b"},
		"what it registered with":     {&oauthclient.Metadata{Registered: json.RawMessage(strings.Repeat("1", 16<<10+1))}, "too long"},
	} {
		err := tc.m.Check()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A client without metadata may what Cognito lets it, and no more.
func TestNoMetadataAllowsNothing(t *testing.T) {
	var m *oauthclient.Metadata
	if m.SignsAssertions() || m.HasDeviceGrant() || m.RequiresPKCE() || m.RequiresPAR() || m.Exchanges("a", "https://a.example") {
		t.Error("it allows something")
	}
	m = &oauthclient.Metadata{Exchange: &oauthclient.Exchange{Subjects: []string{"a"}, Audiences: []string{"https://a.example"}}}
	for _, other := range [][2]string{{"a", "https://a.example/"}, {"A", "https://a.example"}, {"", ""}} {
		if m.Exchanges(other[0], other[1]) {
			t.Errorf("%q for %q", other[0], other[1])
		}
	}
	if !m.Exchanges("a", "https://a.example") {
		t.Error("it does not allow what is configured")
	}
}

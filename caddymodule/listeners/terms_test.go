package listeners

import (
	"crypto/tls"
	"encoding/json"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
)

func TestTermsOfTLSAreTheirWholeText(t *testing.T) {
	terms := func(policies ...*caddytls.ConnectionPolicy) string {
		t.Helper()
		text, err := termsOf(policies)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, policy := range map[string]caddytls.ConnectionPolicy{
		"client certificates":             {ClientAuthentication: &caddytls.ClientAuthentication{Mode: "request"}},
		"client addresses":                {MatchersRaw: caddy.ModuleMap{"remote_ip": json.RawMessage(`{"ranges":["192.0.2.0/24"]}`)}},
		"a name from a file":              {MatchersRaw: caddy.ModuleMap{"sni": json.RawMessage(`["{file./names}"]`)}},
		"a handshake handler of a module": {HandshakeContextRaw: json.RawMessage(`{"module":"any"}`)},
		"matchers that were provisioned":  {TLSConfig: new(tls.Config)},
	} {
		if text := terms(new(caddytls.ConnectionPolicy), &policy); text != "" {
			t.Errorf("%s: %s", name, text)
		}
	}
	seen := map[string]bool{"": true}
	for _, policies := range [][]*caddytls.ConnectionPolicy{
		{{}},
		{{}, {}},
		{{ProtocolMin: "tls1.3"}},
		{{Drop: true}},
		{{CipherSuites: []string{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}}},
		{{MatchersRaw: caddy.ModuleMap{"sni": json.RawMessage(`["a.example"]`)}}},
		{{MatchersRaw: caddy.ModuleMap{"sni": json.RawMessage(`["b.example"]`)}}},
	} {
		text := terms(policies...)
		if seen[text] {
			t.Errorf("%s already has other terms", text)
		}
		seen[text] = true
		if again := terms(policies...); again != text {
			t.Errorf("%s, then %s", text, again)
		}
	}
}

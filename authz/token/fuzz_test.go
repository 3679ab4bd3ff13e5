package token

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// FuzzVerify checks that only the exact token that the key signed is accepted.
func FuzzVerify(f *testing.F) {
	good := sign(f, testKey(), claims(nil))
	v := verifier(f, pool(f))
	f.Add(good)
	f.Add(good + ".")
	f.Add(good + "=")
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add(strings.Repeat(".", 100))
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := v.Verify(t.Context(), raw)
		if (got == nil) == (err == nil) {
			t.Fatalf("want either a token or an error: %v, %v", got, err)
		}
		if err == nil && raw != good {
			t.Errorf("accepted %q", raw)
		}
	})
}

// FuzzHeader checks that headers are read as encoding/json reads them and that no header makes a bad signature valid.
func FuzzHeader(f *testing.F) {
	f.Add(`{"kid":"k","alg":"RS256"}`)
	f.Add(`{"kid":"k","alg":"none","alg":"RS256"}`)
	f.Add(`{"\u0061lg":"ES256","kid":"k","crit":["b64"],"b64":false}`)
	f.Add(`{"alg":"RS256","jwk":{"kty":"oct","k":"AAAA"},"typ":"at+jwt"}`)
	f.Fuzz(func(t *testing.T, header string) {
		var w workspace
		envelope, err := w.open(b64([]byte(header))+".e30.AAAA", new(headers))
		if err != nil {
			return
		}
		var want map[string]any
		if json.Unmarshal([]byte(header), &want) != nil {
			t.Fatalf("accepted a header that is not JSON: %q", header)
		}
		if want["alg"] != envelope.algorithm.name || want["kid"] != nil && want["kid"] != envelope.keyID {
			t.Errorf("read %s and %q from %q", envelope.algorithm.name, envelope.keyID, header)
		}
		if _, there := want["crit"]; there {
			t.Errorf("crit was accepted: %q", header)
		}
		key := testKey().Public()
		if envelope.algorithm.fits(&key) && w.genuine(&envelope, &key) {
			t.Errorf("a signature of three bytes was accepted: %q", header)
		}
	})
}

// FuzzClaims checks that accepted claims have unique names and that encoding/json reads the same values.
func FuzzClaims(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":"b","c":[1,2.5e3,null,true,{"d":"\ud83d\ude00"}]}`, `{"a":1,"\u0061":2}`, `{"a":{"b":{"b":1}}}`,
		`{"":""}`, "{\"a\":\"\xff\"}", `{"exp":1e99,"aud":["x","y"]}`, string(claims(nil))} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseClaims(text)
		if err != nil {
			return
		}
		compare(t, text, &parsed)
		names := make(map[string]bool)
		for name, raw := range parsed.All() {
			if names[name] {
				t.Errorf("duplicate claim %q", name)
			}
			names[name] = true
			if _, ok := appendStrings(nil, raw); ok && raw[0] == '[' {
				var want []string
				if json.Unmarshal([]byte(raw), &want) != nil {
					t.Errorf("%s is not a list of strings", raw)
				}
				if got, _ := parsed.Values(name); !slices.Equal(got, want) {
					t.Errorf("%s: got %q, want %q", raw, got, want)
				}
			}
			if n, ok := dateOf(raw); ok && (n < 0 || n > 253402300799) {
				t.Errorf("%s is no date", raw)
			}
		}
	})
}

// FuzzJWKS checks that keys pass Check, have unique IDs, and are the same after MarshalJWKS and ParseJWKS. At most one key
// lacks an ID, and it passes Check with one.
func FuzzJWKS(f *testing.F) {
	written, err := MarshalJWKS(testKey().Public())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written)
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA","kid":"a"},{"kty":"OKP","crv":"Ed25519","kid":"b","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"c","x":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY","y":"UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw"}]}`))
	f.Add([]byte(`{"keys":{},"keys":[]}`))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ParseJWKS(data, 20)
		if err != nil || len(set.Keys) == 0 {
			return
		}
		ids := make(map[string]PublicKey)
		for i := range set.Keys {
			key := &set.Keys[i]
			if key.ID == "" {
				key.ID = "the key without a kid"
			}
			if err := key.Check(); err != nil {
				t.Errorf("a key fails Check: %v", err)
			}
			ids[key.ID] = *key
		}
		if len(ids) != len(set.Keys) {
			t.Error("duplicate key ID")
		}
		again, err := MarshalJWKS(set.Keys...)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseJWKS(again, 20)
		if err != nil || len(back.Keys) != len(set.Keys) {
			t.Fatalf("%v: %s", err, again)
		}
		if same := maps.EqualFunc(ids, index(back), func(a, b PublicKey) bool { return a.equal(&b) }); !same {
			t.Errorf("the key set changed in a round trip: %s", again)
		}
	})
}

func index(set *JWKS) map[string]PublicKey {
	ids := make(map[string]PublicKey)
	for _, key := range set.Keys {
		ids[key.ID] = key
	}
	return ids
}

package token

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"regexp"
	"testing"

	"github.com/c2sp/wycheproof"
)

type wycheproofFile struct {
	TestGroups []struct {
		Comment         string
		Public, Private json.RawMessage
		Tests           []struct {
			ID      int `json:"tcId"`
			Comment string
			Result  string
			JWS     json.RawMessage
			JWE     json.RawMessage
		}
	}
}

// contradicting are vectors marked as valid although the alg of the key differs from that of the header: PS256 for a PS384
// signature, and "ES521", which does not exist, for ES512. RFC 8725 section 3.1 requires a refusal. With the alg of the key
// corrected to these values, the verifier must accept them.
var contradicting = map[int]string{346: "PS384", 347: "ES512", 350: "PS384", 351: "ES512"}

// wycheproofKeys reads the key or key set of a group as an issuer would publish it. It adds a kid to keys without one.
func wycheproofKeys(t *testing.T, public, private json.RawMessage, alg string) []PublicKey {
	t.Helper()
	source := public
	if source == nil {
		source = private
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(source, &set); err != nil {
		t.Fatal(err)
	}
	if set.Keys == nil {
		var key map[string]any
		if err := json.Unmarshal(source, &key); err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, key)
	}
	for _, key := range set.Keys {
		if key["kid"] == nil {
			key["kid"] = "no kid"
		}
		if alg != "" {
			key["alg"] = alg
		}
	}
	published, err := json.Marshal(map[string]any{"keys": set.Keys})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseJWKS(published, 10)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Keys
}

// accepts does what Verify does, without the claims, which these vectors lack.
func accepts(keys []PublicKey, raw string) bool {
	var w workspace
	envelope, err := w.open(raw, new(headers))
	if err != nil {
		return false
	}
	for _, key := range keys {
		if key.ID == envelope.keyID || envelope.keyID == "" && len(keys) == 1 {
			return envelope.algorithm.fits(&key) && w.genuine(&envelope, &key)
		}
	}
	return false
}

func TestWycheproof(t *testing.T) {
	for _, file := range []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json",
		"json_web_encryption_test.json"} {
		t.Run(file, func(t *testing.T) {
			data, err := fs.ReadFile(wycheproof.TestVectors, file)
			if err != nil {
				t.Fatal(err)
			}
			var vectors wycheproofFile
			if err := json.Unmarshal(data, &vectors); err != nil {
				t.Fatal(err)
			}
			accepted, refused := 0, 0
			for _, group := range vectors.TestGroups {
				keys := wycheproofKeys(t, group.Public, group.Private, "")
				for _, v := range group.Tests {
					token := wycheproofToken(t, v.JWS, v.JWE)
					got, want := accepts(keys, token), v.Result == "valid"
					switch alg := contradicting[v.ID]; {
					case file == "json_web_encryption_test.json", v.JWE != nil:
						want = false // the package decrypts no tokens
					case symmetric(group.Private):
						want = false // there are no symmetric keys
					case file == "json_web_signature_test.json" && alg != "":
						want = false
						if !accepts(wycheproofKeys(t, group.Public, group.Private, alg), token) {
							t.Errorf("%s %d (%s): refused although the key's alg was put right", group.Comment, v.ID, v.Comment)
						}
					}
					if got {
						accepted++
					} else {
						refused++
					}
					if got != want {
						t.Errorf("%s %d (%s): accepted %v, the vector is %s", group.Comment, v.ID, v.Comment, got, v.Result)
					}
				}
			}
			t.Logf("%d accepted, %d refused", accepted, refused)
			if file == "json_web_signature_test.json" && accepted == 0 {
				t.Error("no vector was accepted")
			}
		})
	}
}

// wycheproofToken returns the token of a vector: a string, or the text of a JSON serialization.
func wycheproofToken(t *testing.T, jws, jwe json.RawMessage) string {
	t.Helper()
	raw := jws
	if raw == nil {
		raw = jwe
	}
	token := string(raw)
	if bytes.HasPrefix(raw, []byte(`"`)) {
		if err := json.Unmarshal(raw, &token); err != nil {
			t.Fatal(err)
		}
	}
	return token
}

// symmetric reports whether all keys are symmetric.
func symmetric(private json.RawMessage) bool {
	return bytes.Count(private, []byte(`"kty"`)) > 0 &&
		bytes.Count(private, []byte(`"kty"`)) == len(regexp.MustCompile(`"kty":\s*"oct"`).FindAll(private, -1))
}

package token

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// kid is optional in tokens and keys (RFC 7517 section 4.5, RFC 7515 section 4.1.4). It is needed only to choose between
// keys.
func TestATokenWithoutKidMeansTheOnlyKeyOfTheSet(t *testing.T) {
	other, err := GenerateKey(rand.Reader, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	bare := signWith(t, `{"alg":"RS256"}`, claims(nil), testKey().Private, "RS256")
	named := sign(t, testKey(), claims(nil))
	forged := signWith(t, `{"alg":"RS256"}`, claims(nil), other.Private, "RS256")
	for _, tc := range []struct {
		name, raw string
		keys      []PublicKey
		refused   Reason
	}{
		{"the only key has a kid", bare, []PublicKey{testKey().Public()}, ""},
		{"the only key has none", bare, []PublicKey{withoutID(testKey())}, ""},
		{"a token that names another key", named, []PublicKey{withoutID(testKey())}, UnknownKey},
		{"another signer", forged, []PublicKey{withoutID(testKey())}, BadSignature},
		{"two keys", bare, []PublicKey{testKey().Public(), other.Public()}, UnknownKey},
		{"two keys, one without kid", bare, []PublicKey{withoutID(testKey()), other.Public()}, UnknownKey},
		{"two keys, the other one without kid", bare, []PublicKey{testKey().Public(), withoutID(other)}, UnknownKey},
		{"two keys, neither with kid", bare, []PublicKey{withoutID(testKey()), withoutID(other)}, KeysUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			issuer := pool(t)
			issuer.Keys = keysOf(t, tc.keys...)
			_, err := verifier(t, issuer).Verify(t.Context(), tc.raw)
			if tc.refused == "" && err != nil {
				t.Fatal(err)
			}
			if tc.refused != "" && reasonOf(t, err) != tc.refused {
				t.Errorf("got %v, want %s", err, tc.refused)
			}
		})
	}
}

func withoutID(k *SigningKey) PublicKey {
	public := k.Public()
	public.ID = ""
	return public
}

// keysOf reads the keys of a JWKS document, like those of a remote issuer.
func keysOf(t *testing.T, keys ...PublicKey) KeySet {
	t.Helper()
	var members []string
	for i, key := range keys {
		id := key.ID
		key.ID = fmt.Sprintf("k%d", i)
		text, err := MarshalJWKS(key)
		if err != nil {
			t.Fatal(err)
		}
		var set struct{ Keys []map[string]any }
		if err := json.Unmarshal(text, &set); err != nil {
			t.Fatal(err)
		}
		if set.Keys[0]["kid"] = id; id == "" {
			delete(set.Keys[0], "kid")
		}
		one, err := json.Marshal(set.Keys[0])
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, string(one))
	}
	set, err := ParseJWKS([]byte(`{"keys":[`+strings.Join(members, ",")+`]}`), 10)
	if err != nil {
		t.Fatal(err)
	}
	s := new(StaticKeys)
	if len(set.Keys) > 0 {
		if err := s.Set(set.Keys...); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

package token

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
	jwxkeys "github.com/lestrrat-go/jwx/v2/jwk"
)

func TestKeySetsRoundTrip(t *testing.T) {
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := []PublicKey{testKey().Public(), {ID: "no alg", Key: otherKey().Private.Public()}, {ID: "ed", Algorithm: "EdDSA", Key: edPublic}}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		keys = append(keys, PublicKey{ID: curve.Params().Name, Key: &ecKey(t, curve).PublicKey})
	}
	written, err := MarshalJWKS(keys...)
	if err != nil {
		t.Fatal(err)
	}
	set, err := ParseJWKS(written, 10)
	if err != nil || len(set.Skipped) > 0 || len(set.Keys) != len(keys) {
		t.Fatalf("%v, %v, %d keys", err, set.Skipped, len(set.Keys))
	}
	// jwx reads the same keys.
	theirs, err := jwxkeys.Parse(written)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		if got := set.Keys[i]; got.ID != key.ID || !got.equal(&key) {
			t.Errorf("%s changed in a round trip", key.ID)
		}
		other, found := theirs.LookupKeyID(key.ID)
		if !found {
			t.Fatalf("%s is not in the set", key.ID)
		}
		var raw any
		if err := other.Raw(&raw); err != nil {
			t.Fatal(err)
		}
		if !raw.(interface{ Equal(crypto.PublicKey) bool }).Equal(publicOf(key)) {
			t.Errorf("%s: jwx reads another key", key.ID)
		}
	}
}

// publicOf returns the key in the form of jwk.Key.Raw.
func publicOf(key PublicKey) crypto.PublicKey {
	if k, ok := key.Key.(*rsa.PublicKey); ok {
		return k
	}
	return key.Key
}

func TestAKeySetHasTheFormOfCognitos(t *testing.T) {
	written, err := MarshalJWKS(PublicKey{ID: "1234example=", Algorithm: "RS256", Key: testKey().Private.Public()})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"keys":[{"alg":"RS256","e":"AQAB","kid":"1234example=","kty":"RSA","n":%q,"use":"sig"}]}`, b64(testRSA().N.Bytes()))
	if string(written) != want {
		t.Errorf("got  %s\nwant %s", written, want)
	}
}

// testKeySets reads each key in a separate set.
func testKeySets(t *testing.T, keys map[string]jwkCase) {
	t.Helper()
	for name, tc := range keys {
		t.Run(name, func(t *testing.T) {
			set, err := ParseJWKS([]byte(`{"keys":[`+tc.key+`]}`), 10)
			if err != nil {
				t.Fatal(err)
			}
			if (len(set.Keys) == 1) != tc.usable || (len(set.Skipped) == 0) != tc.usable && !strings.HasSuffix(t.Name(), "for_encryption") && !strings.HasSuffix(t.Name(), "for_signing_only") {
				t.Errorf("%d keys, skipped %v", len(set.Keys), set.Skipped)
			}
		})
	}
}

type jwkCase struct {
	key    string
	usable bool
}

func TestParseJWKSSkipsRSAKeysThatTokensAreNotVerifiedWith(t *testing.T) {
	n := b64(testRSA().N.Bytes())
	rsaKey := func(more string) string { return fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"%s}`, n, more) }
	small, err := rand.Prime(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	testKeySets(t, map[string]jwkCase{
		"an RSA key":                        {rsaKey(""), true},
		"an RSA key with members to ignore": {rsaKey(`,"x5t":"a","x5c":["b"],"issued":1,"ext":true`), true},
		"for signatures":                    {rsaKey(`,"use":"sig","key_ops":["verify"]`), true},
		"for encryption":                    {rsaKey(`,"use":"enc"`), false},
		"for signing only":                  {rsaKey(`,"key_ops":["sign"]`), false},
		"with its private half":             {rsaKey(`,"d":"AQAB"`), false},
		"with a private prime":              {rsaKey(`,"p":"AQAB"`), false},
		"of an encryption algorithm":        {rsaKey(`,"alg":"RSA-OAEP"`), false},
		"of a symmetric algorithm":          {rsaKey(`,"alg":"HS256"`), false},
		"of another type's algorithm":       {rsaKey(`,"alg":"ES256"`), false},
		"of the algorithm none":             {rsaKey(`,"alg":"none"`), false},
		"with a member twice":               {rsaKey(`,"kid":"other"`), false},
		"whose alg is a number":             {rsaKey(`,"alg":1`), false},
		"no kid":                            {fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB"}`, n), true},
		"a kid that is too long":            {fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":"AQAB"}`, strings.Repeat("k", 257), n), false},
		"1,024 bits":                        {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"}`, b64(small.Bytes())), false},
		"too many bits":                     {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"}`, b64(new(big.Int).Lsh(big.NewInt(1), 9000).Bytes())), false},
		"an even modulus":                   {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"}`, b64(new(big.Int).Lsh(big.NewInt(1), 2047).Bytes())), false},
		"exponent one":                      {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQ"}`, n), false},
		"exponent three":                    {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"Aw"}`, n), true},
		"an even exponent":                  {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"BA"}`, n), false},
		"no exponent":                       {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q}`, n), false},
		"a huge exponent":                   {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAAAAAB"}`, n), false},
		"a modulus with padding":            {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"}`, n+"=="), false},
		"a modulus in standard base64":      {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"}`, "+/"+n), false},
		"a modulus with a line break":       {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"}`, n+"\n"), false},
		"an exponent beyond 64 bits":        {fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":%q}`, n, b64([]byte("\x01\x00\x00\x00\x00\x00\x01\x00\x01"))), false},
		"no modulus":                        {`{"kty":"RSA","kid":"k","e":"AQAB"}`, false},
	})
}

func TestParseJWKSSkipsOtherKeysThatTokensAreNotVerifiedWith(t *testing.T) {
	ec := &ecKey(t, elliptic.P256()).PublicKey
	point, err := ec.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := b64(point[1:33]), b64(point[33:])
	testKeySets(t, map[string]jwkCase{
		"a symmetric key":                  {`{"kty":"oct","kid":"k","k":"AAAA","alg":"HS256"}`, false},
		"a type from the future":           {`{"kty":"AKP","kid":"k","pub":"AAAA"}`, false},
		"an EC key":                        {fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"k","x":%q,"y":%q}`, x, y), true},
		"an EC key off its curve":          {fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"k","x":%q,"y":%q}`, y, x), false},
		"an EC key at the origin":          {fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"k","x":%q,"y":%q}`, b64(make([]byte, 32)), b64(make([]byte, 32))), false},
		"an EC key with short coordinates": {fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"k","x":%q,"y":%q}`, x[:40], y), false},
		"an EC key on another curve":       {fmt.Sprintf(`{"kty":"EC","crv":"P-384","kid":"k","x":%q,"y":%q}`, x, y), false},
		"an EC key of another algorithm":   {fmt.Sprintf(`{"kty":"EC","crv":"P-256","alg":"ES384","kid":"k","x":%q,"y":%q}`, x, y), false},
		"secp256k1":                        {fmt.Sprintf(`{"kty":"EC","crv":"secp256k1","kid":"k","x":%q,"y":%q}`, x, y), false},
		"an X25519 key":                    {fmt.Sprintf(`{"kty":"OKP","crv":"X25519","kid":"k","x":%q}`, x), false},
		"an Ed25519 key":                   {fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}`, x), true},
		"not an object":                    {`"key"`, false},
		"an EC key with long coordinates":  {fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"k","x":%q,"y":%q}`, b64(append([]byte{0}, point[1:33]...)), y), false},
		"an EC key without a curve":        {fmt.Sprintf(`{"kty":"EC","kid":"k","x":%q,"y":%q}`, x, y), false},
		"an Ed25519 key that is too short": {fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}`, x[:20]), false},
		"an Ed25519 key without x":         {`{"kty":"OKP","crv":"Ed25519","kid":"k"}`, false},
	})
}

func TestParseJWKSRefusesWhatIsNotAKeySet(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": ``, "an array": `[]`, "HTML": `<html>`, "no keys": `{}`, "an empty set": `{"keys":[]}`, "keys twice": `{"keys":[{}],"keys":[{}]}`,
		"keys that are an object": `{"keys":{}}`, "other case": `{"Keys":[{}]}`, "cut short": `{"keys":[{}`, "something behind it": `{"keys":[{}]} x`,
		"too many": `{"keys":[` + strings.Repeat(`{},`, 10) + `{}]}`, "a bare string": `"keys"`,
	} {
		t.Run(name, func(t *testing.T) {
			if set, err := ParseJWKS([]byte(text), 10); err == nil {
				t.Errorf("%d keys, skipped %v", len(set.Keys), set.Skipped)
			}
		})
	}
}

func TestKeysWithOneIDAreAmbiguousUnlessTheyAreTheSame(t *testing.T) {
	a, b, c := testKey().Public(), otherKey().Public(), otherKey().Public()
	a.ID, b.ID = "same", "same"
	one := func(k PublicKey) string {
		written, err := MarshalJWKS(k)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(strings.TrimPrefix(string(written), `{"keys":[`), `]}`)
	}
	for name, tc := range map[string]struct {
		keys string
		want int
	}{
		"the same key twice":                     {one(a) + "," + one(a), 1},
		"two keys":                               {one(a) + "," + one(b), 0},
		"two keys and one of them again":         {one(a) + "," + one(b) + "," + one(a), 0},
		"two keys and one with an id of its own": {one(a) + "," + one(c) + "," + one(b), 1},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := ParseJWKS([]byte(`{"keys":[`+tc.keys+`]}`), 10)
			if err != nil || len(set.Keys) != tc.want {
				t.Errorf("%v, %d keys, want %d", err, len(set.Keys), tc.want)
			}
		})
	}
}

func TestKeysOfTheROCAKindAreRefused(t *testing.T) {
	data, err := fs.ReadFile(wycheproof.TestVectors, "json_web_key_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors wycheproofFile
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	seen := false
	for _, group := range vectors.TestGroups {
		for _, v := range group.Tests {
			if v.Comment != "rejectsKeyWithRocaVulnerability" {
				continue
			}
			seen = true
			public := group.Public
			if !strings.Contains(string(public), `"keys"`) {
				public = json.RawMessage(`{"keys":[` + string(public) + `]}`)
			}
			set, err := ParseJWKS(public, 10)
			if err != nil || len(set.Skipped) != 1 || !strings.Contains(set.Skipped[0].Error(), "ROCA") {
				t.Errorf("%v, %+v", err, set)
			}
		}
	}
	if !seen {
		t.Error("the vector is missing")
	}
}

func TestStaticKeys(t *testing.T) {
	var s StaticKeys
	if _, err := s.Lookup(t.Context(), "a"); !errors.Is(err, ErrKeysUnavailable) {
		t.Errorf("before the first Set: %v", err)
	}
	if err := s.Set(testKey().Public(), otherKey().Public()); err != nil || len(s.Keys()) != 2 {
		t.Fatalf("%v, %d keys", err, len(s.Keys()))
	}
	if err := s.Set(testKey().Public(), testKey().Public()); err == nil {
		t.Error("a duplicate ID was accepted")
	}
	if err := s.Set(PublicKey{ID: "x", Key: []byte("secret")}); err == nil {
		t.Error("a symmetric key was accepted")
	}
	if key, err := s.Lookup(t.Context(), otherKey().ID); err != nil || key.ID != otherKey().ID {
		t.Errorf("after refused Sets: %v", err)
	}
	if _, err := s.Lookup(t.Context(), "a"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("unknown id: %v", err)
	}
}

func TestOnlyUsableKeysArePublished(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	public := testRSA().PublicKey
	for name, key := range map[string]PublicKey{
		"no kid":               {Key: &public},
		"a kid of 257 bytes":   {ID: strings.Repeat("k", 257), Key: &public},
		"an RSA key too small": {ID: "k", Key: &small.PublicKey},
		"a curve without alg":  {ID: "k", Key: &ecKey(t, elliptic.P224()).PublicKey},
		"alg of another type":  {ID: "k", Algorithm: "ES256", Key: &public},
		"a short Ed25519 key":  {ID: "k", Key: ed25519.PublicKey("short")},
		"a secret":             {ID: "k", Algorithm: "HS256", Key: []byte("0123456789abcdef0123456789abcdef")},
		"nothing":              {ID: "k"},
	} {
		t.Run(name, func(t *testing.T) {
			if text, err := MarshalJWKS(testKey().Public(), key); err == nil {
				t.Errorf("published %s", text)
			}
		})
	}
}

package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"
)

const (
	poolURL  = "https://idp.example.com/us-east-1_notes0001"
	clientID = "1example23456789abcdefghij"
)

// noon is the time of the tests' clock.
var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// testKey is made once, because generating an RSA key takes longer than a test.
var testKey = sync.OnceValue(func() *SigningKey {
	key, err := GenerateKey(rand.Reader, "RS256")
	if err != nil {
		panic(err)
	}
	return key
})

var otherKey = sync.OnceValue(func() *SigningKey {
	key, err := GenerateKey(rand.Reader, "RS256")
	if err != nil {
		panic(err)
	}
	return key
})

// testRSA returns the private key of testKey.
func testRSA() *rsa.PrivateKey { return testKey().Private.(*rsa.PrivateKey) }

// claims returns the claims of a Cognito access token with changes. A nil value removes a claim.
func claims(changes map[string]any) []byte {
	all := map[string]any{
		"sub": "0190aab2-7c1e-7d3f-8a51-0123456789ab", "iss": poolURL, "client_id": clientID, "token_use": "access",
		"origin_jti": "6f1e7c3a-0d2b-4a55-9d39-5f2f4d5b8a11", "event_id": "f6ac6a2f-0fd0-4f5e-9b0c-2e8c0a6f1b77",
		"scope": "aws.cognito.signin.user.admin notes/read", "auth_time": noon.Unix() - 60, "iat": noon.Unix() - 60,
		"exp": noon.Unix() + 3540, "jti": "4a0e4a9c-4c55-4c1f-a9c8-cb9a2b6a7e30", "username": "alice", "version": 2,
		"cognito:groups": []string{"editors", "readers"},
	}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return text
}

func sign(t testing.TB, key *SigningKey, payload []byte) string {
	t.Helper()
	raw, err := key.Sign(payload, "")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// signWith signs a token with any header and any key, as an attacker or another issuer would.
func signWith(t testing.TB, header string, payload []byte, private crypto.Signer, alg string) string {
	t.Helper()
	signed := b64([]byte(header)) + "." + b64(payload)
	a := algorithmNamed(alg)
	var signature []byte
	var err error
	switch key := private.(type) {
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, []byte(signed))
	case *ecdsa.PrivateKey:
		r, s, failed := ecdsa.Sign(rand.Reader, key, hashOf(a, signed))
		err = failed
		if err == nil {
			signature = append(r.FillBytes(make([]byte, a.size)), s.FillBytes(make([]byte, a.size))...)
		}
	case *rsa.PrivateKey:
		if a.family == rsaPSS {
			signature, err = rsa.SignPSS(rand.Reader, key, a.hash, hashOf(a, signed), &pssOptions)
		} else {
			signature, err = rsa.SignPKCS1v15(nil, key, a.hash, hashOf(a, signed))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}

func hashOf(a *algorithm, text string) []byte {
	var sum [64]byte
	return a.digest(&sum, []byte(text))
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// pool returns the issuer of most tests.
func pool(t testing.TB) Issuer {
	t.Helper()
	keys := &StaticKeys{}
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	return Issuer{URL: poolURL, Keys: keys, ClientIDs: []string{clientID}, TokenUse: []string{"access"}}
}

func verifier(t testing.TB, issuers ...Issuer) *Verifier {
	t.Helper()
	v, err := New(Options{Issuers: issuers, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// reasonOf returns the reason of a refusal, or "" if err is nil.
func reasonOf(t testing.TB, err error) Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%v is not an *Error", err)
	}
	return refusal.Reason
}

// trapKeys is a KeySet that counts lookups.
type trapKeys struct {
	KeySet
	lookups int
}

func (k *trapKeys) Lookup(ctx context.Context, kid string) (*PublicKey, error) {
	k.lookups++
	return k.KeySet.Lookup(ctx, kid)
}

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

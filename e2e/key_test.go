package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// newKey returns a private key for assertions as a JWK, and the key set with its public half.
func newKey(t *testing.T) (private, public string) {
	t.Helper()
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	key, err := jwk.Import(raw)
	ok(t, err)
	ok(t, key.Set(jwk.KeyIDKey, "k1"))
	ok(t, key.Set(jwk.AlgorithmKey, jwa.ES256()))
	half, err := key.PublicKey()
	ok(t, err)
	set := jwk.NewSet()
	ok(t, set.AddKey(half))
	return toJSON(t, key), toJSON(t, set)
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	ok(t, err)
	return string(text)
}

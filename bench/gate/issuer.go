package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"strconv"
	"time"
)

// issuer signs tokens and serves its keys.
type issuer struct {
	url string
	key *rsa.PrivateKey
}

func newIssuer() (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		b64 := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{"kty": "RSA", "kid": "bench", "alg": "RS256", "use": "sig",
			"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	addr, err := serve(mux)
	i.url = "http://" + addr
	return i, err
}

func (i *issuer) parts(serial int, change func(header, claims map[string]any)) string {
	now := time.Now().Unix()
	header := map[string]any{"kid": "bench", "alg": "RS256"}
	claims := map[string]any{
		"sub": fmt.Sprintf("00000000-0000-4000-8000-%012d", serial), "cognito:groups": []string{"readers"}, "iss": i.url,
		"client_id": "bench", "origin_jti": fmt.Sprintf("11111111-0000-4000-8000-%012d", serial), "event_id": "22222222-0000-4000-8000-000000000000",
		"token_use": "access", "scope": "aws.cognito.signin.user.admin", "auth_time": now, "exp": now + 3600, "iat": now,
		"jti": fmt.Sprintf("33333333-0000-4000-8000-%012d", serial), "username": "user" + strconv.Itoa(serial), "version": 2,
	}
	if change != nil {
		change(header, claims)
	}
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

func (i *issuer) token(serial int, change func(header, claims map[string]any)) string {
	text := i.parts(serial, change)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		log.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// forged returns a token with a signature of the right length that the issuer did not make.
func (i *issuer) forged(serial int) string { return i.unsigned(serial, nil) }

func (i *issuer) unsigned(serial int, change func(header, claims map[string]any)) string {
	signature := make([]byte, 256)
	_, _ = rand.Read(signature)
	signature[0] = 0 // below the modulus
	return i.parts(serial, change) + "." + base64.RawURLEncoding.EncodeToString(signature)
}
